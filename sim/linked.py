"""A compiled design whose link is open to the host."""

import ctypes

from sim.compiled import CompiledSimulation

__all__ = ["LinkedSimulation"]

_STREAM_PORTS = ("rx__valid", "rx__ready", "rx__payload", "tx__valid", "tx__ready", "tx__payload")


class _Places(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_uint32) for name in (
                    *_STREAM_PORTS, "active", "divisor", "stall_threshold")),
                ("seed", ctypes.c_uint64)]


class _State(ctypes.Structure):
    _fields_ = [("taken", ctypes.c_uint64), ("output", ctypes.c_void_p), ("output_bytes", ctypes.c_uint64)]


class LinkedSimulation(CompiledSimulation):
    """A :class:`sim.compiled.CompiledSimulation` with bytes going in and out, without any Python per byte or
    cycle.

    The design has streams of bytes ``rx`` and ``tx``, or serial lines of these names, and an output
    ``active`` that is 1 while it is about to answer.

    Parameters
    ----------
    path, dram, name_instruction, output
        See :class:`sim.compiled.CompiledSimulation`.
    divisor : int
        Cycles of a bit on serial lines; 0: streams.
    stall_probability : float
        Of a cycle in which a stream is held back, 0 to below 1.
    seed : int
        Of the stalls.

    Members
    -------
    quiet : bool
        Whether the last exchange ended because there was nothing more to say.

    Raises
    ------
    ValueError
        If the design has no such ports.
    """

    def __init__(self, path, *, divisor=0, stall_probability=0.0, seed=0, **options):
        super().__init__(path, **options)
        ports = ("rx", "tx", "active") if divisor else (*_STREAM_PORTS, "active")
        for name in ports:
            if name not in self.ports:
                raise ValueError(f"Design must have a port {name!r}")
        places = _Places(divisor=divisor, stall_threshold=min(round(stall_probability * 65536), 65535),
                         seed=seed & (1 << 64) - 1)
        for name in ports:
            setattr(places, f"{name}__payload" if name in ("rx", "tx") else name, self._index[name])
        self._exchange = self._loop.simulation_exchange
        self._exchange.restype = ctypes.c_uint64
        self._exchange.argtypes = (ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_uint64] * 3, ctypes.c_void_p)
        self._loop.simulation_link.restype = None
        self._loop.simulation_link.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        self._loop.simulation_link(self._handle, ctypes.byref(places))
        self.quiet = True

    def exchange(self, data, *, cycles, quiet):
        """Run, and pass bytes meanwhile.

        Parameters
        ----------
        data : bytes
        cycles : int
            Most cycles to run.
        quiet : int
            Stop when all of ``data`` is taken, and for so many cycles no byte has passed and ``active`` was
            0.

        Returns
        -------
        int
            Bytes of ``data`` that were taken; the next call begins with the others.
        bytes
            What the design sent.

        Raises
        ------
        SimulationError
            See :meth:`sim.compiled.CompiledSimulation.run`.
        """
        state = _State()
        self._settled = False
        ran = self._exchange(self._handle, data, len(data), cycles, quiet, ctypes.byref(state))
        self.quiet = ran < cycles
        self._check()
        return state.taken, ctypes.string_at(state.output, state.output_bytes) if state.output_bytes else b""
