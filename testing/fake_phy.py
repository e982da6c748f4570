"""A DDR3 controller's registers, with a PHY whose windows are what a test says."""

import re

from soc.cpu.map import REGISTERS, ControllerRegister, Region, TimerRegister, address

__all__ = ["FakePhy"]

_LANES = 2
_BURST_BYTES = 16
_SOFTWARE, _HARDWARE = 14, 1


class FakePhy:
    """Bus accesses of the firmware to a controller in software mode; asserts what the firmware must keep.

    Parameters
    ----------
    header : str
        ``board.h``.
    good : sequence of set of (int, int)
        Of each byte lane: bitslip and delay at which it reads well.
    weak : sequence of set of (int, int)
        Positions at which only row 0 reads well.

    Attributes
    ----------
    bitslips, delays : list of int
        Of the lanes.
    control : int
        The control register.
    open_rows : dict of int to int
        By bank.
    rows : set of (int, int)
        Bank and row of every burst that was written.
    """

    def __init__(self, header, *, good, weak=(frozenset(), frozenset())):
        fields = {name: int(value.rstrip("u"), 0) for name, value in re.findall(r"\.(\w+) = (\w+),", header)}
        self._fields, self._good, self._weak = fields, good, weak
        self.bitslips, self.delays = [0] * _LANES, [0] * _LANES
        self.control, self.open_rows, self.rows = _HARDWARE, {}, set()
        self._registers = {fields[name]: name for name in (
            "control", "select", "delay_reset", "delay_step", "slip_reset", "slip_step", "burst_clear", "burst_seen")
            if name == "control" or fields[name]}
        self._injectors = [{} for _ in range(fields["phases"])]
        self._content, self._read, self._seen, self._selected, self._paused = {}, bytes(_BURST_BYTES), 0, 0, set()
        self._time, self._refreshed, self._issued = 0, -10**6, -10**6

    def read(self, place):
        """Value of a bus address."""
        self._time += 3
        if place == address(Region.TIMER, TimerRegister.LOW):
            return self._time
        if place == address(Region.CONTROLLER, ControllerRegister.STATE):
            return 1
        word = self._word(place)
        if self._registers.get(word) == "burst_seen":
            return self._seen
        phase, register = self._injector(word)
        index = register - self._fields["read_data"]
        assert 0 <= index < self._fields["data_words"], word
        return self._data(self._read, phase, index)

    def write(self, place, value):
        """Value for a bus address."""
        self._time += 3
        assert place in {address(region, register) for region, registers in REGISTERS.items() for register in registers
                         } or place >> 28 == Region.CONTROLLER
        word = self._word(place)
        if word in self._registers:
            self._write_register(self._registers[word], value)
            return
        assert self.control == _SOFTWARE
        phase, register = self._injector(word)
        self._injectors[phase][register] = value
        if register == self._fields["issue"]:
            self._command(phase)

    def _word(self, place):
        assert place & 3 == 0 and place >> 28 == Region.CONTROLLER
        return (place - self._fields["base"]) // 4

    def _injector(self, word):
        phase, register = divmod(word - self._fields["injectors"], self._fields["injector_words"])
        assert phase in range(self._fields["phases"]), word
        return phase, register

    def _data(self, burst, phase, index):
        """A word of a burst: the upper word of a phase comes first."""
        first = 4 * (phase * self._fields["data_words"] + self._fields["data_words"] - 1 - index)
        return int.from_bytes(burst[first:first + 4], "little")

    def _write_register(self, name, value):
        selected = [lane for lane in range(_LANES) if self._selected >> lane & 1]
        if name == "control":
            assert value in (_SOFTWARE, _HARDWARE)
            assert value == _SOFTWARE or not self.open_rows
            self.control = value
        elif name == "select":
            self._selected = value
            if value == 0:
                self._paused -= set(selected)
        elif name == "burst_clear":
            self._seen = 0
        else:
            self._paused |= set(selected)
            for lane in selected:
                if name == "delay_reset":
                    self.delays[lane] = 0
                elif name == "delay_step":
                    self.delays[lane] = (self.delays[lane] + 1) % self._fields["delays"]
                elif name == "slip_reset":
                    self.bitslips[lane] = 0
                elif name == "slip_step":
                    self.bitslips[lane] = (self.bitslips[lane] + 1) % self._fields["bitslips"]

    def _command(self, phase):
        # A lane that is selected is paused, and a change that was not followed by the end of a pause does not count.
        assert not self._selected and not self._paused
        injector, fields = self._injectors[phase], self._fields
        code, bank, place = (injector[fields[name]] for name in ("command", "bank", "address"))
        assert code & 1, "no chip select"
        assert self._time - self._refreshed >= fields["refresh_cycles"] or code >> 1 & 7 == 5
        column = place & 1023
        command = {5: "precharge", 6: "refresh", 4: "activate", 3: "write", 2: "read"}[code >> 1 & 7]
        if command == "precharge":
            assert place >> 10 & 1
            self.open_rows.clear()
        elif command == "refresh":
            assert not self.open_rows
            self._refreshed = self._time
        elif command == "activate":
            assert bank not in self.open_rows and place < 1 << fields["row_bits"] and bank < 1 << fields["bank_bits"]
            self.open_rows[bank] = place
        elif command == "write":
            assert code >> 4 == 1 and phase == fields["write_phase"] and column % 8 == 0
            burst = bytearray(_BURST_BYTES)
            for number, data in enumerate(self._injectors):
                for index in range(fields["data_words"]):
                    first = 4 * (number * fields["data_words"] + fields["data_words"] - 1 - index)
                    burst[first:first + 4] = data[fields["write_data"] + index].to_bytes(4, "little")
            self._content[bank, self.open_rows[bank], column] = bytes(burst)
            self.rows.add((bank, self.open_rows[bank]))
        else:
            assert code >> 4 == 2 and phase == fields["read_phase"]
            self._read_burst(bank, self.open_rows[bank], column)
        if command in ("write", "read") and place >> 10 & 1:
            del self.open_rows[bank]

    def _read_burst(self, bank, row, column):
        burst = bytearray(self._content.get((bank, row, column), bytes(_BURST_BYTES)))
        for lane in range(_LANES):
            position = self.bitslips[lane], self.delays[lane]
            if position in self._good[lane] and not (row and position in self._weak[lane]):
                self._seen |= 1 << lane
            else:
                # One bit is enough.
                burst[lane + 2 * (column // 8 % 8)] ^= 1 << self.delays[lane] % 8
        self._read = bytes(burst)
