"""What the parts of the accelerator did, cycle by cycle, while it ran a program."""

from dataclasses import dataclass

import numpy as np

from gateware.activity import ACTIVITY, BusState
from host.bench.kinds import BETWEEN, KINDS

__all__ = ["Spans", "Timeline"]


@dataclass(frozen=True)
class Spans:
    """Intervals of one track.

    Attributes
    ----------
    start, end : int64 array
        Cycles; ``end`` excluded.
    index : int64 array
        Instruction, or :class:`BusState`.
    """

    start: np.ndarray
    end: np.ndarray
    index: np.ndarray

    def __len__(self):
        return len(self.start)


class Timeline:
    """Periods between changes of what the simulation watched.

    Parameters
    ----------
    cycles, values : uint64 array
        Of `sim.compiled.CompiledSimulation.take_changes`, when it watches :data:`gateware.activity.ACTIVITY`.
    end : int
        Cycle after the last.
    program : list of gateware.isa.Instruction
    position : int
        Of the first token.

    Attributes
    ----------
    start, length : integer array
        First cycle of every period and cycles that it lasts.
    bus : uint8 array
        :class:`BusState`.
    dot, vector, store, memory : bool array
        Units that execute, and whether words are requested.
    dot_index, vector_index, memory_index : int32 array
        Latest instruction that began in each unit, -1 before the first, and the one that words are requested
        for.
    program, position
    """

    def __init__(self, cycles, values, end, program, *, position=0):
        self.start = cycles.astype(np.int64)
        self.length = np.diff(self.start, append=end).astype(np.int32)
        self.program, self.position = program, position

        # Small types: a bus that is wider than its memory changes its state in nearly every cycle.
        fields, offset = {}, 0
        for name, bits in ACTIVITY.items():
            field = values >> np.uint64(offset) & np.uint64((1 << bits) - 1)
            fields[name] = field.astype(np.int32 if bits > 8 else np.uint8)
            offset += bits
        self.bus, self.memory_index = fields["bus"], fields["memory_index"]
        self.dot, self.vector, self.store, self.memory = (
            fields[name].astype(bool) for name in ("dot", "vector", "store", "memory"))
        self.dot_index = _since_first(self.dot, fields["dot_index"])
        self.vector_index = _since_first(self.vector, fields["vector_index"])

    @property
    def end(self):
        return int(self.start[-1] + self.length[-1])

    def begin_of(self, index):
        """First cycle at which an instruction has begun; the end, if none from this one on ever does."""
        begun = np.maximum(self.dot_index, self.vector_index) >= index
        return int(self.start[np.argmax(begun)]) if begun.any() else self.end

    def lost(self, begin=0, end=None):
        """Cycles by kind of instruction that executes, and state of the bus.

        Where both units execute, the dot engine's instruction counts.

        Parameters
        ----------
        begin, end : int
            Cycles to look at.

        Returns
        -------
        int64 array (kinds, states)
            In the order of :data:`KINDS` and :class:`BusState`.
        """
        end = self.end if end is None else end
        kinds = np.array([KINDS.index(instruction.kind) for instruction in self.program], np.uint8)
        kind = np.where(self.dot, kinds[self.dot_index],
                        np.where(self.vector, kinds[self.vector_index], np.uint8(KINDS.index(BETWEEN))))
        length = np.minimum(self.start + self.length, end) - np.maximum(self.start, begin)
        states = len(BusState)
        cycles = np.bincount(kind * np.uint8(states) + self.bus, weights=np.maximum(length, 0),
                             minlength=len(KINDS) * states)
        return cycles.astype(np.int64).reshape(len(KINDS), states)

    def layer_begin(self, layer):
        """First cycle of a layer, or of what follows the last one."""
        layers = [instruction.layer for instruction in self.program]
        if layer in layers:
            return self.begin_of(layers.index(layer))
        return self.begin_of(len(layers) - layers[::-1].index(layer - 1))

    def share(self, state, begin, end, bins):
        """Share of the cycles of each of ``bins`` equal parts of a time in which the bus has a state."""
        edges = np.linspace(begin, end, bins + 1)
        ends = self.start + self.length
        counted = np.append(0, np.cumsum(np.where(self.bus == state, self.length, 0)))
        return np.diff(np.interp(edges, np.append(self.start, ends[-1]), counted)) / ((end - begin) / bins)

    def spans(self, track):
        """Intervals of a track.

        Parameters
        ----------
        track : str
            ``"dot"``, ``"vector"``, ``"store"``: the instruction that the unit executes; ``"memory"``: the
            one that words are requested for; ``"bus"``: its state.

        Returns
        -------
        Spans
        """
        if track == "bus":
            busy, index = self.bus != BusState.IDLE, self.bus
        else:
            busy = getattr(self, track)
            index = getattr(self, f"{'vector' if track == 'store' else track}_index")
        value = np.where(busy, index, np.int32(-1))
        edges = np.flatnonzero(np.append(True, value[1:] != value[:-1]))
        ends = np.append(self.start[edges[1:]], self.end)
        keep = value[edges] >= 0
        return Spans(self.start[edges][keep], ends[keep], value[edges][keep])


def _since_first(busy, index):
    """Indices of the latest instruction of a unit, without that of the program before."""
    begun = np.logical_or.accumulate(busy)
    return np.where(begun, index, np.int32(-1))
