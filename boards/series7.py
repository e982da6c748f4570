"""What Xilinx 7-series bring in place of what is inferred."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Shape, Signal

__all__ = ["Series7"]


class Series7:
    """7-series variants of the portable gateware's hooks; base class of platforms, or a platform of its own.

    * ``celosia_multiplier``: DSP48E1 with its input, multiplier and output registers.
    """

    @staticmethod
    def celosia_multiplier(a, b, o):
        """`gateware.numeric.multiplier.Multiplier` as one DSP48E1, which multiplies 25 x 18 signed bits.

        An unsigned factor of 18 bits goes to the wide side; two of them do not fit.

        Parameters
        ----------
        a, b, o : Signal
            The ports of a multiplier.

        Returns
        -------
        Module

        Raises
        ------
        ValueError
            If both factors need 19 signed bits.
        """
        a, b = sorted((a, b), key=_signed_bits, reverse=True)
        if _signed_bits(b) > 18:
            raise ValueError(
                f"One factor of a DSP48E1 must have at most 18 signed bits, not {_signed_bits(b)!r}")
        m = Module()
        wide = Signal(Shape(25, True))
        narrow = Signal(Shape(18, True))
        product = Signal(48)
        m.d.comb += [wide.eq(a), narrow.eq(b), o.eq(product[:len(o)])]
        # Registers and enables of what takes part; everything else is off.
        registers = {"A": 1, "B": 1, "M": 1, "P": 1, "AD": 0, "C": 0, "D": 0, "ALUMODE": 0, "CARRYIN": 0,
                     "CARRYINSEL": 0, "INMODE": 0, "OPMODE": 0, "ACASC": 1, "BCASC": 1}
        enables = {"A2": 1, "B2": 1, "M": 1, "P": 1, "A1": 0, "B1": 0, "AD": 0, "C": 0, "D": 0, "ALUMODE": 0,
                   "CARRYIN": 0, "CTRL": 0, "INMODE": 0}
        resets = ("A", "B", "M", "P", "ALLCARRYIN", "ALUMODE", "C", "CTRL", "D", "INMODE")
        unused = {"C": 48, "D": 25, "ALUMODE": 4, "INMODE": 5, "CARRYINSEL": 3, "CARRYIN": 1,
                  "CARRYCASCIN": 1, "MULTSIGNIN": 1, "ACIN": 30, "BCIN": 18, "PCIN": 48}
        m.submodules.block = Instance(
            "DSP48E1", p_USE_DPORT="FALSE", p_USE_MULT="MULTIPLY", p_USE_SIMD="ONE48",
            **{f"p_{name}REG": number for name, number in registers.items()},
            **{f"i_CE{name}": value for name, value in enables.items()},
            **{f"i_RST{name}": 0 for name in resets},
            **{f"i_{name}": Const(0, bits) for name, bits in unused.items()},
            i_OPMODE=Const(0b000_01_01, 7),  # Z: 0, Y and X: the product
            i_CLK=ClockSignal(), i_A=Cat(wide, wide[-1].replicate(5)), i_B=narrow, o_P=product)
        return m


def _signed_bits(value):
    return len(value) + (not value.shape().signed)
