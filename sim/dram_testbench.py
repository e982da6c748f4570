"""The model of `sim.dram` in Python, for Amaranth's own simulator."""

from collections import deque

from sim.error import SimulationError


__all__ = ["DramTestbench"]


WORD = (1 << 64) - 1
BUFFER_BEATS = 4


class DramTestbench:
    """Answers the memory port of a design; cycle for cycle what `cxx/dram.h` does: change both or neither.

    It knows no simulator: once per cycle, `drive` gives the design's inputs and `observe` takes its outputs.
    Signals go by their names in `INPUTS` and `OUTPUTS`; `sim.ports.memory_port_name` has those of the design.

    Parameters
    ----------
    dram : Dram
        Parameters, contents and counters.
    """

    INPUTS = ("read_request_ready", "write_request_ready", "write_data_ready", "read_data_valid",
              "read_data_payload", "write_done")
    OUTPUTS = ("read_request_valid", "read_request_payload", "write_request_valid", "write_request_payload",
               "write_data_valid", "write_data_payload", "read_data_ready")

    def __init__(self, dram):
        self._dram = dram
        self._no_data = int.from_bytes(b"\xa5" * dram.beat_bytes, "little")
        self._reads, self._writes = deque(), deque()  # bursts: [next byte, first cycle, beats left]
        self._read_buffer, self._write_buffer = deque(), deque()
        self._credit = self._accepted_unsent = 0
        self._offered = self._done = self._writing = self._switch_over = False
        self._held = {"read": None, "write": None, "data": None}
        self._inputs = dict.fromkeys(self.INPUTS, 0)

    def _random(self, cycle):
        z = self._dram.seed + (cycle + 1) * 0x9e3779b97f4a7c15 & WORD
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & WORD
        z = (z ^ z >> 27) * 0x94d049bb133111eb & WORD
        return z ^ z >> 31

    def drive(self, cycle):
        """Inputs of the design in a cycle, by name."""
        dram = self._dram
        threshold = dram.stall_threshold
        bits = self._random(cycle) if threshold else WORD
        runs = [(bits >> 16 * port & 0xffff) >= threshold for port in range(4)]
        valid = len(self._read_buffer) > 0 and (self._offered or runs[3])
        room = len(self._write_buffer) < BUFFER_BEATS
        self._inputs = {
            "read_request_ready": len(self._reads) < dram.outstanding and runs[0],
            "write_request_ready": len(self._writes) < dram.outstanding and runs[1],
            "write_data_ready": self._accepted_unsent > 0 and room and runs[2],
            "read_data_valid": valid,
            "read_data_payload": self._read_buffer[0] if valid else self._no_data,
            "write_done": self._done,
        }
        return self._inputs

    def observe(self, cycle, outputs):
        """Take the outputs of the design in a cycle and advance by one cycle.

        Raises
        ------
        SimulationError
        """
        counters = self._dram.counters
        counters.cycles += 1
        self._done = False
        for kind, bursts in (("read", self._reads), ("write", self._writes)):
            request = f"{kind}_request"
            self._accept(cycle, kind, outputs[f"{request}_valid"], outputs[f"{request}_payload"], bursts)
        self._accept_data(cycle, outputs["write_data_valid"], outputs["write_data_payload"])
        if self._inputs["read_data_valid"]:
            self._offered = not outputs["read_data_ready"]
            if self._offered:
                counters.read_blocked_cycles += 1
            else:
                self._read_buffer.popleft()
        self._use_bus(cycle)

    def _fail(self, cycle, kind, payload):
        raise SimulationError(self._dram.error_text(kind, payload & 0xffff_ffff, payload >> 32), cycle=cycle)

    def _accept(self, cycle, kind, valid, payload, bursts):
        held, self._held[kind] = self._held[kind], None
        if held is not None and not (valid and payload == held):
            self._fail(cycle, f"{kind} unstable", held)
        if not valid:
            return
        if not self._inputs[f"{kind}_request_ready"]:
            self._held[kind] = payload
            return
        address, length = payload & 0xffff_ffff, payload >> 32
        dram = self._dram
        if length == 0 or (address + length) * dram.beat_bytes > dram.size:
            self._fail(cycle, f"{kind} outside", payload)
        bursts.append([address * dram.beat_bytes, cycle + dram.latency, length])
        if kind == "write":
            self._accepted_unsent += length
            dram.counters.write_bursts += 1
        else:
            dram.counters.read_bursts += 1

    def _accept_data(self, cycle, valid, payload):
        held, self._held["data"] = self._held["data"], None
        if held is not None and not (valid and payload == held):
            self._fail(cycle, "data unstable", 0)
        if valid and self._inputs["write_data_ready"]:
            self._write_buffer.append(payload)
            self._accepted_unsent -= 1
        elif valid:
            self._held["data"] = payload

    def _use_bus(self, cycle):
        dram = self._dram
        numerator, denominator = dram.bandwidth.numerator, dram.bandwidth.denominator
        self._credit = min(self._credit + numerator, numerator + denominator - 1)
        if self._credit < denominator:
            return
        room = len(self._read_buffer) < BUFFER_BEATS
        can_read = bool(self._reads) and self._reads[0][1] <= cycle + 1 and room
        can_write = bool(self._write_buffer)
        if not can_read and not can_write:
            return
        self._writing = can_write if self._writing != self._switch_over else not can_read
        self._credit -= denominator
        dram.counters.busy_cycles += 1
        bursts = self._writes if self._writing else self._reads
        burst = bursts[0]
        word = dram.content[burst[0]:burst[0] + dram.beat_bytes]
        if self._writing:
            payload = self._write_buffer.popleft()
            for i in range(dram.beat_bytes):
                if payload >> dram.bus_bits + i & 1:
                    word[i] = payload >> 8 * i & 0xff
            dram.counters.write_beats += 1
        else:
            self._read_buffer.append(int.from_bytes(word.tobytes(), "little"))
            dram.counters.read_beats += 1
        burst[0] += dram.beat_bytes
        burst[2] -= 1
        self._switch_over = burst[2] == 0
        if self._switch_over:
            bursts.popleft()
            self._done = self._writing
