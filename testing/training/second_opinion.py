"""LiteX's own C for the same: liblitedram of the installed package, compiled for this machine."""

import ctypes
from pathlib import Path
import re

from flow.cache import cached_file
from flow.toolchain import Toolchain
from soc.cpu.map import Region, TimerRegister, address
from soc.dram import core

__all__ = ["SecondOpinion"]

_TEXT_BYTES = 1 << 16
# What LiteX generates for a system, as far as liblitedram asks for it.
_CSR = """\
#pragma once
#define CONFIG_CSR_DATA_WIDTH 32
#define CONFIG_CLOCK_FREQUENCY 100000000 /* to be printed */
#define CONFIG_CPU_NOP "nop"
#define CSR_ACCESSORS_DEFINED
void csr_write_simple(unsigned long v, unsigned long a);
unsigned long csr_read_simple(unsigned long a);
/* Its own counts instructions of the processor. */
#define cdelay cdelay_of_litex
#include <hw/common.h>
#undef cdelay
void cdelay(int i);
#define CSR_SDRAM_BASE 0xa0000000UL
#define CSR_DDRPHY_BASE 0xa0000800UL
"""
_SYSTEM = """\
#pragma once
static inline void flush_cpu_dcache(void) {}
static inline void flush_l2_cache(void) {}
"""
_HOST = """\
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
uint32_t (*reader)(uint32_t);
void (*writer)(uint32_t, uint32_t);
char shown[%d];
unsigned shown_bytes;
void csr_write_simple(unsigned long v, unsigned long a) { writer((uint32_t)a, (uint32_t)v); }
unsigned long csr_read_simple(unsigned long a) { return reader((uint32_t)a); }
void cdelay(int i) { uint32_t start = reader(%du); while ((int)(reader(%du) - start) < i) {} }
int print(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  int count = vsnprintf(shown + shown_bytes, sizeof shown - shown_bytes, format, rest);
  va_end(rest);
  if (count > 0 && shown_bytes + (unsigned)count < sizeof shown)
    shown_bytes += (unsigned)count;
  return count;
}
int memtest(void *address, unsigned long size) { (void)address, (void)size; return 0; }
void memspeed(void *address, unsigned long size, int only, int random) {
  (void)address, (void)size, (void)only, (void)random;
}
""" % (_TEXT_BYTES, *[address(Region.TIMER, TimerRegister.LOW)] * 2)


class SecondOpinion:
    """Trains a simulated board with liblitedram.

    Its C keeps the DRAM without a REFRESH while it trains, so the device must not insist on them:
    ``TrainingSystem(patient=True)``. It also expects that all rows are closed.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    system : sim.training_system.TrainingSystem
    """

    def __init__(self, memory, system):
        self._system = system
        self._library = ctypes.CDLL(str(_build(memory, system.core, Toolchain())))
        for name, function in (("reader", system.bus.read), ("writer", system.bus.write)):
            ctypes.c_void_p.in_dll(self._library, name).value = ctypes.cast(function, ctypes.c_void_p).value

    def train(self):
        """Level the board that is behind the pins now.

        Returns
        -------
        list of dict or None
            Of each byte lane: ``bitslip``, ``delay`` and ``half``, half the width of the window, as it prints them;
            None of a lane for which it prints no delay.

        Raises
        ------
        SimulationError
            If a rule of the device or of a cell was broken.
        RuntimeError
            If its report is not the one that is known.
        """
        count = ctypes.c_uint.in_dll(self._library, "shown_bytes")
        count.value = 0
        self._library.sdram_leveling()
        self._system.bus.check()
        text = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(self._library, "shown")), count.value).decode()
        lanes = re.findall(r"best: m\d+, b(\d+) delays: (?:(\d+)\+-(\d+)|-)", text)
        if len(lanes) != 2:
            raise RuntimeError(f"liblitedram must report two byte lanes, not {text!r}")
        return [{"bitslip": int(slip), "delay": int(delay), "half": int(half)} if delay else None
                for slip, delay, half in lanes]


def _csr_header(registers):
    lines = [_CSR]
    for name, number in registers.items():
        prefix = "sdram" if name.startswith("dfii") else "ddrphy"
        place = f"0x{address(Region.CONTROLLER, 4 * number):08x}UL"
        if re.fullmatch(r"dfii_pi\d_(wr|rd)data", name):
            # Words of a register that has several: its address is that of the first, the uppermost.
            words = sum(re.fullmatch(rf"{name}\d?", other) is not None for other in registers)
            first = min(other for label, other in registers.items() if re.fullmatch(rf"{name}\d?", label))
            place = f"0x{address(Region.CONTROLLER, 4 * first):08x}UL"
            lines.append(f"#define CSR_SDRAM_{name.upper()}_SIZE {words}")
        full = f"{prefix}_{name}"
        lines += [
            f"#define CSR_{full.upper()}_ADDR {place}",
            f"static inline uint32_t {full}_read(void) {{ return csr_read_simple({place}); }}",
            f"static inline void {full}_write(uint32_t v) {{ csr_write_simple(v, {place}); }}"]
    return "\n".join(lines) + "\n"


def _build(memory, generated, toolchain):
    import litex
    from litedram.init import get_sdram_phy_c_header

    software = Path(litex.__file__).parent / "soc/software"
    settings = core._fixed(core._phy(memory, core._pads(memory)).settings)
    files = {
        "generated/csr.h": _csr_header(generated.registers), "generated/soc.h": "",
        "generated/mem.h": "#define MAIN_RAM_BASE 0x40000000UL\n",
        "generated/sdram_phy.h": get_sdram_phy_c_header(
            settings, core._timing(memory, settings), core._geometry(memory.part)),
        "system.h": _SYSTEM, "host.c": _HOST}
    sources = [software / "liblitedram" / name for name in ("sdram.c", "accessors.c")]
    options = ["-O1", "-w", "-shared", "-fPIC", "-Dprintf=print", "-I.", f"-I{software}", f"-I{software / 'include'}"]

    def build(work):
        for name, text in files.items():
            (work / name).parent.mkdir(exist_ok=True)
            (work / name).write_text(text)
        toolchain.run([*toolchain.cc, *options, "host.c", *sources, "-o", "library.so"], cwd=work)
        return work / "library.so"

    return cached_file("liblitedram", ".so", build, toolchain.cc_version, " ".join(options),
                       *(text for item in files.items() for text in item), *(path.read_text() for path in sources))
