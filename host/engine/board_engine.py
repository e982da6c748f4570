"""A board as an engine: the image goes into its DRAM, tokens through its registers."""

import time

from gateware.activity import Counter
from boards.configs import ALL_CONFIGS
from host.engine.program_engine import ProgramEngine
from host.transport.link_error import LinkError
from soc.link.protocol import Fault, GUARDED_VERSION, Register, VERSION

__all__ = ["BoardEngine", "config_of_board"]

_COUNTERS = (Counter.BUSY, Counter.READ_BEATS, Counter.WRITE_BEATS)
_LONGEST_SECONDS = 3600
_STUCK_SECONDS = 60
"""What somebody else has started, and runs longer, is ended, where that is possible: a program is that of one step."""
_FAULTS = {
    Fault.ABORTED: "was aborted by somebody else",
    Fault.OUTSIDE: "asked for memory that is not there, and was ended",
}


def _named(identity):
    """A configuration's image key, with the name that it has here."""
    name = next((config.name for config in ALL_CONFIGS.values() if config.image_key == identity), None)
    return f"{identity:016x} ({f'{name!r}' if name else 'none that is known here'})"


def _identity(client):
    """Image key of a board, and whether it guards its programs."""
    version, low, high = client.read_registers(Register.VERSION, Register.CONFIG_LOW, Register.CONFIG_HIGH)
    if version not in (VERSION, GUARDED_VERSION):
        raise LinkError(f"{client.name}: protocol of the board must be version {VERSION} or {GUARDED_VERSION}, "
                        f"not {version}")
    return high << 32 | low, version == GUARDED_VERSION


def config_of_board(client):
    """The configuration that a board was built for.

    Raises
    ------
    LinkError
        If it is not one of `boards.configs.ALL_CONFIGS`, or the board does not answer.
    """
    identity, _ = _identity(client)
    for config in ALL_CONFIGS.values():
        if config.image_key == identity:
            return config
    raise LinkError(f"{client.name}: configuration of the board is {_named(identity)}; known are "
                    f"{', '.join(_named(config.image_key) for config in ALL_CONFIGS.values())}")


class BoardEngine(ProgramEngine):
    """Runs tokens on a board, real or simulated, behind a link.

    Loads the image if the board does not hold it already, or what is missing of it.

    Parameters
    ----------
    image : host.image.image.Image
    client : host.transport.link_client.LinkClient
    progress : function of (int, int), optional
        Called while loading, with bytes done and bytes in all.

    Attributes
    ----------
    content_bytes : int
        Bytes that the board has to hold before the first token.
    sent_bytes : int
        How many of them were sent, because the board did not hold them.
    cycles : int
        Clock cycles that programs ran.
    bus_beats : int
        Bus words that passed between DRAM and accelerator.

    Raises
    ------
    LinkError
        If the board has another configuration than the image, has too little memory, does not answer, or
        answers what cannot be; from methods that run programs, if one has not ended by itself.
    """

    def __init__(self, image, client, *, progress=None):
        super().__init__(image)
        self._client = client
        header = image.header
        identity, self._guarded = _identity(client)
        if identity != header.image_key:
            raise LinkError(f"{client.name}: configuration of the board must be that of the image, "
                            f"{_named(header.image_key)}, not {_named(identity)}")
        memory_bytes, = client.read_registers(Register.MEMORY_BYTES)
        if header.image_bytes > memory_bytes:
            raise LinkError(f"{client.name}: the image of {header.image_bytes} bytes does not fit the memory of "
                            f"the board, {memory_bytes} bytes")
        self._bus_bytes = header.bus_bits // 8
        if self._guarded:
            self._end_what_is_stuck()
            client.write_registers((Register.TOKEN_BOUND, header.vocab))
        self.content_bytes = self._padded(header.content_bytes)
        done = 0

        def advance(size):
            nonlocal done
            done += size
            if progress:
                progress(done, self.content_bytes)

        self.sent_bytes = client.load_memory(0, image.memory[:self.content_bytes], progress=advance)
        self._counters = self._read_counters()
        self.cycles = self.bus_beats = 0

    def run(self, tokens, part, *, trace=None):
        """See :meth:`ProgramEngine.run`; a board cannot be traced.

        Raises
        ------
        ValueError
            If a trace is wanted.
        LinkError
            If the board does not answer, or what it answers cannot be.
        """
        if trace is not None:
            raise ValueError(f"Trace must be None with a board, not {trace!r}")
        client = self._client
        program = self.image.compiled.program_address(len(tokens), part) // self._bus_bytes
        writes = [(Register.POSITION, self.position), (Register.PROGRAM, program)]
        for member, token in enumerate(tokens):
            writes += [(Register.MEMBER, member), (Register.TOKEN, token)]
        client.write_registers(*writes, (Register.START, 1))
        self._wait()
        self._count()
        rows = part.rows(len(tokens))
        for member in range(rows):
            client.write_registers((Register.MEMBER, member))
            self.choices.append(self._choice())
        if not part.stores_logits:
            return None
        return self.read_results(rows)

    def read_memory(self, address, size):
        """Bytes of the memory of the board."""
        return self._client.read_memory(address, self._padded(size))[:size]

    def _choice(self):
        """The most likely token after that of the chosen member."""
        token, = self._client.read_registers(Register.ARGMAX)
        if token >= self.image.header.vocab:
            raise LinkError(f"{self._client.name}: the board's most likely token must be below the vocabulary's "
                            f"{self.image.header.vocab}, not {token}")
        return token

    def _wait(self):
        if not self._idle_within(_LONGEST_SECONDS):
            raise LinkError(f"{self._client.name}: the accelerator is running for {_LONGEST_SECONDS} s already")
        if self._guarded:
            fault, = self._client.read_registers(Register.FAULT)
            if fault != Fault.NONE:
                raise LinkError(f"{self._client.name}: the program {_FAULTS.get(fault, f'ended with fault {fault}')}")

    def _end_what_is_stuck(self):
        if not self._idle_within(_STUCK_SECONDS):
            self._client.write_registers((Register.ABORT, 1))

    def _idle_within(self, seconds):
        """Whether the accelerator is not running, or stops within so long."""
        end = time.monotonic() + seconds
        while self._client.read_registers(Register.BUSY)[0]:
            if time.monotonic() > end:
                return False
        return True

    def _count(self):
        counters = self._read_counters()
        cycles, *beats = ((now - before) % (1 << 32) for now, before in zip(counters, self._counters))
        if not cycles:
            raise LinkError(f"{self._client.name}: the board's counter of cycles stands still at {counters[0]} "
                            "while a program runs")
        self.cycles += cycles
        self.bus_beats += sum(beats)
        self._counters = counters

    def _read_counters(self):
        return self._client.read_registers(*(Register.COUNTER + counter for counter in _COUNTERS))

    def _padded(self, size):
        return size + -size % self._bus_bytes
