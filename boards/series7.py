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
        m = Module()
        if _signed_bits(b) > 18:
            a, b = b, a
        if _signed_bits(b) > 18:
            raise ValueError(f"One factor of a DSP48E1 must have at most 18 signed bits, not {_signed_bits(b)!r}")
        wide = Signal(Shape(25, True))
        narrow = Signal(Shape(18, True))
        product = Signal(48)
        m.d.comb += [wide.eq(a), narrow.eq(b), o.eq(product[:len(o)])]
        enables = dict.fromkeys(("A1", "A2", "AD", "ALUMODE", "B1", "B2", "C", "CARRYIN", "CTRL", "D", "INMODE",
                                 "M", "P"), 0) | {"A2": 1, "B2": 1, "M": 1, "P": 1}
        m.submodules.block = Instance(
            "DSP48E1",
            p_AREG=1, p_BREG=1, p_MREG=1, p_PREG=1, p_ACASCREG=1, p_BCASCREG=1,
            p_ADREG=0, p_CREG=0, p_DREG=0, p_ALUMODEREG=0, p_CARRYINREG=0, p_CARRYINSELREG=0, p_INMODEREG=0,
            p_OPMODEREG=0, p_USE_DPORT="FALSE", p_USE_MULT="MULTIPLY", p_USE_SIMD="ONE48",
            i_CLK=ClockSignal(), i_A=Cat(wide, wide[-1].replicate(5)), i_B=narrow, i_C=Const(0, 48), i_D=Const(0, 25),
            # P = the product (X and Y: M; Z: 0).
            i_OPMODE=Const(0b000_01_01, 7), i_ALUMODE=Const(0, 4), i_INMODE=Const(0, 5), i_CARRYINSEL=Const(0, 3),
            i_CARRYIN=0, i_CARRYCASCIN=0, i_MULTSIGNIN=0,
            i_ACIN=Const(0, 30), i_BCIN=Const(0, 18), i_PCIN=Const(0, 48),
            **{f"i_CE{name}": value for name, value in enables.items()},
            **{f"i_RST{name}": 0 for name in ("A", "ALLCARRYIN", "ALUMODE", "B", "C", "CTRL", "D", "INMODE", "M", "P")},
            o_P=product)
        return m


def _signed_bits(value):
    return len(value) + (not value.shape().signed)
