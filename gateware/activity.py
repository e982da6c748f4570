"""What the accelerator shows of its activity, for counters and timelines. Knows nothing of Amaranth."""

from enum import IntEnum

__all__ = ["ACTIVITY", "BusState", "Counter"]


class BusState(IntEnum):
    """A cycle of the read bus: exactly one of these. All but IDLE and BUSY are lost cycles of a token."""

    IDLE = 0     #: no token is under way
    BUSY = 1     #: a word of data or program is read
    DRAM = 2     #: words are requested and the memory, which has begun to answer, has none: refresh, row miss
    ENGINE = 3   #: the read FIFO is full of words that the units do not take
    STORES = 4   #: the next stream waits until earlier stores are in DRAM
    QUEUE = 5    #: the next instruction waits for room in the work queue
    PROGRAM = 6  #: an instruction is being fetched or resolved
    END = 7      #: everything is read, and the last results are on their way


class Counter(IntEnum):
    """What is counted, each in cycles or pulses since reset.

    ``BUSY`` is the sum of ``READ_BEATS`` and all ``LOST_`` counters. A beat that is written takes the bus
    from the reads, and is a cycle of ``LOST_DRAM`` where these were waiting.
    """

    BUSY = 0           #: cycles between start and done
    INSTRUCTIONS = 1   #: instructions executed, END aside
    READ_BEATS = 2     #: bus words read, the program included
    WRITE_BEATS = 3    #: bus words written
    LOST_DRAM = 4      #: cycles in which the read bus was idle, by cause: :class:`BusState`
    LOST_ENGINE = 5
    LOST_STORES = 6
    LOST_QUEUE = 7
    LOST_PROGRAM = 8
    LOST_END = 9
    DATA_STARVED = 10  #: cycles in which the stream of the instruction under way had not come
    DOT_BUSY = 11      #: cycles in which a DOT instruction executed
    SCORE_BUSY = 12    #: ... and the latest had a row for every position: K times queries
    MIX_BUSY = 13      #: ... and its rows ran along positions: V times softmax weights
    VECTOR_BUSY = 14   #: cycles in which a VECTOR instruction executed


ACTIVITY = {"bus": 3, "dot": 1, "vector": 1, "store": 1, "memory": 1,
            "dot_index": 16, "vector_index": 16, "memory_index": 16}
"""Fields and their bits, lowest first: a :class:`BusState`; whether the dot engine executes an instruction,
the vector unit, and one that stores, and whether the memory side requests data; index of the latest
instruction of the dot engine, of the vector unit, and of the one that data are requested for."""
