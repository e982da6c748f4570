"""Run a compiled design, with its DRAM, without any Python per cycle."""

import ctypes
import sys

import numpy as np

from flow.cache import CacheError
from sim.compile import compile_loop
from sim.dram import DramCounters
from sim.error import SimulationError
from sim.ports import memory_port_name


__all__ = ["CompiledSimulation"]


class _Port(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("bits", ctypes.c_uint32), ("input", ctypes.c_uint32)]


class _Design(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("port_count", ctypes.c_uint32),
                ("single_pass", ctypes.c_uint32), ("state_bytes", ctypes.c_uint32),
                ("ports", ctypes.POINTER(_Port))]


class _Status(ctypes.Structure):
    _fields_ = [("cycle", ctypes.c_uint64), ("reason", ctypes.c_uint32), ("condition", ctypes.c_uint32),
                ("error", ctypes.c_uint32), ("has_program_counter", ctypes.c_uint32),
                ("program_counter", ctypes.c_uint64), ("error_address", ctypes.c_uint64),
                ("error_length", ctypes.c_uint64), ("text", ctypes.c_char_p), ("source", ctypes.c_char_p),
                ("output", ctypes.c_void_p), ("output_bytes", ctypes.c_uint64), ("trace", ctypes.c_void_p),
                ("trace_records", ctypes.c_uint64), ("trace_record_bytes", ctypes.c_uint64),
                ("changes", ctypes.c_void_p), ("change_count", ctypes.c_uint64)]


class _Condition(ctypes.Structure):
    _fields_ = [("port", ctypes.c_uint32), ("is_value", ctypes.c_uint32), ("value", ctypes.c_uint64)]


class _Place(ctypes.Structure):
    _fields_ = [("index", ctypes.c_int32), ("byte", ctypes.c_uint32)]


class _Settings(ctypes.Structure):
    _fields_ = [("content", ctypes.c_void_p), ("size", ctypes.c_uint64),
                *((name, ctypes.c_uint32) for name in (
                    "beat_bytes", "latency", "bandwidth_numerator", "bandwidth_denominator",
                    "stall_threshold", "outstanding")),
                ("seed", ctypes.c_uint64), ("counters", ctypes.POINTER(DramCounters))]


_PLACES = ("read_request_valid", "read_request_ready", "read_request_address", "read_request_length",
           "read_data_valid", "read_data_ready", "read_data_payload",
           "write_request_valid", "write_request_ready", "write_request_address", "write_request_length",
           "write_data_valid", "write_data_ready", "write_data_data", "write_data_mask", "write_done",
           "program_counter", "trace_valid", "trace_payload")
_WIDTHS = ("address_bytes", "length_bytes", "program_counter_bytes", "trace_bytes")


class _Places(ctypes.Structure):
    _fields_ = [*((name, _Place) for name in _PLACES), *((name, ctypes.c_uint32) for name in _WIDTHS)]


_CONDITION_MET, _BUS_ERROR, _DESIGN_ERROR, _MEMORY_ERROR = 1, 2, 3, 4
_BUS_ERRORS = (None, "read outside", "write outside", "read unstable", "write unstable", "data unstable")
_DESIGN_VERSION = 1
_CYCLES_PER_CALL = 1 << 17  # Between calls the interpreter can see an interrupt from the keyboard.


class CompiledSimulation:
    """A design from `compile_design`, and a `Dram` behind its memory port if it has one.

    Cycles are counted from 0. During a cycle all inputs hold the values that were set before it (those of the
    memory port come from the model); its outputs are computed, compared with the conditions and traced; then
    comes the clock edge. Outputs may depend on inputs of the same cycle. `InterpretedSimulation` has the same
    members.

    Parameters
    ----------
    path : path
        Shared library, from `compile_design`.
    dram : Dram
        Without it, those of a memory port are plain ports.
    memory : Sdram or ZynqMemory
        In place of `dram`: a model of what lies behind a controller or AXI ports that are part of the design.
    card : SdCard
        At the pins of its reader, a member ``card`` of the design.
    name_instruction : function of int to str
        Names the instruction at a value of the output `program_counter`, for messages.
    output : text file
        Where `Print` of the design goes; standard output by default.

    Members
    -------
    ports : dict of str to (int, str)
        Width in bits and `input` or `output` of each port, by name.
    cycle : int
        Number of cycles run.
    stopped_by : str
        The output that ended the last run; `None` if it ran all its cycles.
    tracing : bool
        Whether outputs `trace__valid` and `trace__payload` are recorded; at first not.
    on_progress : function of int, or None
        Called with `cycle` every now and then while it runs.
    single_pass : bool
        False if the design has feedback through combinational logic, which makes it several times slower.

    Raises
    ------
    ValueError
        If a signal of the memory port has the wrong width, or is missing.
    CacheError
        If the library cannot be loaded.
    """

    def __init__(self, path, *, dram=None, memory=None, card=None, name_instruction=None, output=None):
        self._handle = None
        self._library = _load(path)
        self._library.celosia_design.restype = ctypes.POINTER(_Design)
        self._design = self._library.celosia_design()
        design = self._design.contents
        if design.version != _DESIGN_VERSION:
            raise ValueError(f"Version of {path} must be {_DESIGN_VERSION}, not {design.version}")
        names = [design.ports[i].name.decode() for i in range(design.port_count)]
        self._index = {name: i for i, name in enumerate(names)}
        self.ports = {name: (design.ports[i].bits, "input" if design.ports[i].input else "output")
                      for i, name in enumerate(names)}
        self.single_pass = bool(design.single_pass)
        self.dram = dram
        self.name_instruction = name_instruction
        self.output = output
        self.tracing = False
        self.on_progress = None
        self.stopped_by = None
        self._trace_bytes = 0
        self._status = _Status()
        self._loop = _load_loop()
        settings = self._settings = self._make_settings() if dram is not None else None
        self._handle = ctypes.c_void_p(self._loop.simulation_create(
            self._design, ctypes.byref(self._make_places()), settings and ctypes.byref(settings),
            ctypes.byref(self._status)))
        self._memory = memory  # Its content must live as long as the simulation.
        if memory is not None:
            memory.attach(self._loop, self._handle, self._port_index)
        self._card = card
        if card is not None:
            card.attach(self._loop, self._handle, self._port_index)
        self._data = {name: self._loop.simulation_port(self._handle, i) for name, i in self._index.items()}
        self._settled = False

    def _port_index(self, name, bits=None):
        """Number of a port, which must have so many bits if they are given."""
        if name not in self.ports:
            raise ValueError(f"Design must have a port {name!r}")
        if bits is not None and self.ports[name][0] != bits:
            raise ValueError(f"Port {name!r} must have {bits} bits, not {self.ports[name][0]}")
        return self._index[name]

    def close(self):
        """Free the memory of the simulation (not that of the `Dram`)."""
        if self._handle is not None:
            self._loop.simulation_destroy(self._handle)
            self._handle = None

    __del__ = close

    def _make_settings(self):
        dram = self.dram
        return _Settings(content=dram.content.ctypes.data, size=dram.size, beat_bytes=dram.beat_bytes,
                         latency=dram.latency, bandwidth_numerator=dram.bandwidth.numerator,
                         bandwidth_denominator=dram.bandwidth.denominator,
                         stall_threshold=dram.stall_threshold, outstanding=dram.outstanding,
                         seed=dram.seed & (1 << 64) - 1, counters=ctypes.pointer(dram.counters))

    def _make_places(self):
        places = _Places(address_bytes=4, length_bytes=2)
        for name in _PLACES:
            setattr(places, name, _Place(-1, 0))

        def place(member, name, bits=None, byte=0):
            setattr(places, member, _Place(self._port_index(name, bits), byte))

        if self.dram is not None:
            bus = self.dram.bus_bits
            request = {"address": 32, "length": 16}
            for stream, fields in (("read_request", request), ("read_data", {"payload": bus}),
                                   ("write_request", request), ("write_data", {"data": bus, "mask": bus // 8})):
                for part in ("valid", "ready"):
                    place(f"{stream}_{part}", memory_port_name(f"{stream}_{part}"), 1)
                byte = 0
                for field, bits in fields.items():
                    place(f"{stream}_{field}", memory_port_name(f"{stream}_payload"), sum(fields.values()), byte)
                    byte += bits // 8
            place("write_done", memory_port_name("write_done"), 1)
        if "program_counter" in self.ports:
            place("program_counter", "program_counter")
            places.program_counter_bytes = _bytes(self.ports["program_counter"][0])
        if "trace__valid" in self.ports:
            place("trace_valid", "trace__valid", 1)
            place("trace_payload", "trace__payload")
            places.trace_bytes = self._trace_bytes = _bytes(self.ports["trace__payload"][0])
        return places

    @property
    def cycle(self):
        return self._status.cycle

    def get(self, name):
        """Value of a port, unsigned. Outputs are those of the next cycle, with the inputs set now."""
        if not self._settled:
            self._loop.simulation_settle(self._handle)
            self._settled = True
        return int.from_bytes(ctypes.string_at(self._data[name], _bytes(self.ports[name][0])), "little")

    def set(self, name, value):
        """Set an input, from the next cycle on.

        Raises
        ------
        ValueError
            If the port is an output, or the value (signed or unsigned) does not fit.
        """
        bits, direction = self.ports[name]
        if direction != "input":
            raise ValueError(f"Port {name!r} must be an input to be set, not an {direction}")
        if not -1 << bits - 1 <= value < 1 << bits:
            raise ValueError(f"Value of port {name!r} must fit {bits} bits, not be {value!r}")
        data = (value & (1 << bits) - 1).to_bytes(_bytes(bits), "little")
        ctypes.memmove(self._data[name], data, len(data))
        self._settled = False

    def run(self, max_cycles, until=()):
        """Run until an output has a value, or for some number of cycles.

        Parameters
        ----------
        max_cycles : int
        until : str, (str, int) or list of these
            Outputs of at most 64 bits; a name alone means any value but zero. The cycle in which one is met
            is the last that is run.

        Returns
        -------
        int
            Cycles run. `stopped_by` tells which output it was.

        Raises
        ------
        SimulationError
            If the design broke a rule of the memory, or an assertion failed.
        """
        until = [until] if isinstance(until, (str, tuple)) and until else list(until)
        until = [(item, None) if isinstance(item, str) else item for item in until]
        if len(until) > 16:
            raise ValueError(f"Number of conditions must be at most 16, not {len(until)}")
        for name, _ in until:
            if self.ports[name][0] > 64:
                raise ValueError(f"Port {name!r} must have at most 64 bits, not {self.ports[name][0]}")
        conditions = (_Condition * len(until))(
            *(_Condition(self._index[name], value is not None, value or 0) for name, value in until))
        status, start = self._status, self.cycle
        self.stopped_by = None
        self._settled = False
        while self.cycle - start < max_cycles:
            self._loop.simulation_run(self._handle, min(max_cycles - (self.cycle - start), _CYCLES_PER_CALL),
                                      conditions, len(until), self.tracing)
            self._check()
            if self.on_progress is not None:
                self.on_progress(self.cycle)
            if status.reason == _CONDITION_MET:
                self.stopped_by = until[status.condition][0]
                break
        return self.cycle - start

    def reset(self):
        """Back to the state before the first cycle, contents of the `Dram` and inputs apart."""
        self._loop.simulation_reset(self._handle)
        self._settled = False

    def take_trace(self):
        """What was traced since this was last called.

        Returns
        -------
        cycles : numpy.ndarray
            uint64, shape (n,).
        payload : numpy.ndarray
            uint8, shape (n, bytes): `trace__payload`, little-endian.
        """
        count, size = self._status.trace_records, self._status.trace_record_bytes
        records = ctypes.string_at(self._status.trace, count * size) if count else b""
        records = np.frombuffer(records, np.uint8).reshape(count, size)
        self._loop.simulation_clear_trace(self._handle)
        return (np.ascontiguousarray(records[:, :8]).view(np.uint64)[:, 0],
                np.ascontiguousarray(records[:, 8:8 + self._trace_bytes]))

    def watch(self, name):
        """Record every change of a port from now on, beginning with its next value; of none if it is None.

        Raises
        ------
        ValueError
            If the port has more than 64 bits.
        """
        if name is not None and self.ports[name][0] > 64:
            raise ValueError(f"Port {name!r} must have at most 64 bits, not {self.ports[name][0]}")
        self._loop.simulation_watch(self._handle, -1 if name is None else self._index[name])

    def take_changes(self):
        """What the watched port did since this was last called.

        Returns
        -------
        cycles, values : numpy.ndarray
            uint64, shape (n,): the port has had the value from that cycle on.
        """
        count = self._status.change_count
        records = ctypes.string_at(self._status.changes, 16 * count) if count else b""
        records = np.frombuffer(records, np.uint64).reshape(count, 2)
        self._loop.simulation_clear_changes(self._handle)
        return np.ascontiguousarray(records[:, 0]), np.ascontiguousarray(records[:, 1])

    def _check(self):
        """After cycles have been run: pass on what the design printed, raise what went wrong."""
        if self._status.output_bytes:
            self._print()
        if self._status.reason in (_BUS_ERROR, _DESIGN_ERROR, _MEMORY_ERROR):
            self._raise()

    def _print(self):
        text = ctypes.string_at(self._status.output, self._status.output_bytes).decode(errors="replace")
        (self.output or sys.stdout).write(text)
        self._loop.simulation_clear_output(self._handle)

    def _raise(self):
        status, instruction = self._status, None
        if status.has_program_counter:
            counter = status.program_counter
            instruction = f"instruction {counter}"
            if self.name_instruction is not None:
                instruction += f" ({self.name_instruction(counter)})"
        if status.reason == _BUS_ERROR:
            what = self.dram.error_text(_BUS_ERRORS[status.error], status.error_address, status.error_length)
        elif status.reason == _MEMORY_ERROR:
            what = status.text.decode()
        else:
            text, source = status.text.decode(errors="replace"), status.source.decode(errors="replace")
            what = "Assertion failed" + (f": {text}" if text else "") + (f" [{source}]" if source else "")
        raise SimulationError(what, cycle=status.cycle, instruction=instruction)


def _bytes(bits):
    return (bits + 7) // 8


def _load(library):
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        # On a file system without programs, for example.
        raise CacheError(f"{library} cannot be loaded: {error}") from error


def _load_loop():
    loop = _load(compile_loop())
    pointer, number = ctypes.c_void_p, ctypes.c_uint64
    for name, result, *parameters in (
            ("create", pointer, ctypes.POINTER(_Design), pointer, pointer, pointer),
            ("destroy", None, pointer),
            ("reset", None, pointer),
            ("run", number, pointer, number, pointer, ctypes.c_uint32, ctypes.c_int),
            ("port", pointer, pointer, ctypes.c_uint32),
            ("settle", None, pointer),
            ("clear_trace", None, pointer),
            ("watch", None, pointer, ctypes.c_int32),
            ("clear_changes", None, pointer),
            ("clear_output", None, pointer),
            ("attach_sdram", None, pointer, pointer, pointer),
            ("attach_zynq", None, pointer, pointer, pointer),
            ("attach_card", None, pointer, pointer, pointer)):
        function = getattr(loop, f"simulation_{name}")
        function.restype, function.argtypes = result, parameters
    return loop
