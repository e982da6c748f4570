"""The slot for SD cards of a board."""

from amaranth.build import Attrs, Pins, Resource, Subsignal
from amaranth.hdl import Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from soc.sd.pins import SdPins

__all__ = ["CardSlot", "PMOD_PINS", "card_resource"]

PMOD_PINS = {"clk": "4", "cmd": "2", "dat": "3 7 8 1"}
"""Pins of a connector with Digilent's Pmod MicroSD in it, by its reference manual."""

# By the vendor: of all pins, and of those that are pulled up.
_ATTRIBUTES = {"ecp5": (Attrs(IO_TYPE="LVCMOS33"), Attrs(PULLMODE="UP")),
               "xc7": (Attrs(IOSTANDARD="LVCMOS33"), Attrs(PULLUP="TRUE"))}


def card_resource(*, clk, cmd, dat, to_card=(), family="ecp5", conn=None):
    """A slot's pins, ``card``, for all that amaranth-boards has of it ends its command line at an output.

    Parameters
    ----------
    clk, cmd, dat : str
        Names of pins; four for ``dat``.
    to_card : tuple of str
        Of a level shifter, if there is one between: the pins that say which way it goes (1: to the card), that of the
        command line first.
    family : str
        Of the FPGA, ``ecp5`` or ``xc7``.
    conn : tuple, optional
        Name and number of the connector whose pins these are; by default they are the FPGA's.

    Returns
    -------
    amaranth.build.Resource
    """
    level, pulled_up = _ATTRIBUTES[family]
    shifter = [Subsignal(f"to_card{number}", Pins(pin, dir="o")) for number, pin in enumerate(to_card)]
    return Resource("card", 0, Subsignal("clk", Pins(clk, dir="o", conn=conn, assert_width=1)),
                    Subsignal("cmd", Pins(cmd, dir="io", conn=conn, assert_width=1), pulled_up),
                    Subsignal("dat", Pins(dat, dir="i", conn=conn, assert_width=4), pulled_up), *shifter, level)


class CardSlot(wiring.Component):
    """Registers between a reader of cards and the pins, beside these: `soc.sd.pins.PIN_LATENCY` cycles there and back.

    Parameters
    ----------
    pins
        What ``platform.request("card", dir="-")`` gives.

    Members
    -------
    card : In(SdPins)
    """

    card: In(SdPins)

    def __init__(self, pins):
        self._pins = pins
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pins, card = self._pins, self.card
        m.submodules.clk = clk = io.FFBuffer("o", pins.clk)
        m.submodules.cmd = cmd = io.FFBuffer("io", pins.cmd)
        m.submodules.dat = dat = io.FFBuffer("i", pins.dat)
        m.d.comb += [
            clk.o.eq(card.clk), cmd.o.eq(card.cmd_o), cmd.oe.eq(card.cmd_oe), card.cmd_i.eq(cmd.i),
            card.dat_i.eq(dat.i)]
        for number in range(4):
            if hasattr(pins, f"to_card{number}"):
                m.submodules[f"to_card{number}"] = way = io.FFBuffer("o", getattr(pins, f"to_card{number}"))
                # The data lines go one way.
                m.d.comb += way.o.eq(card.cmd_oe if number == 0 else 0)
        return m
