"""What Lattice ECP5 brings in place of what is inferred."""

from amaranth.hdl import ClockSignal, Instance, Module, Shape, Signal

__all__ = ["Ecp5"]

_REGISTERS = ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")


class Ecp5:
    """ECP5 variants of the portable gateware's hooks; base class of platforms, or a platform of its own.

    * ``celosia_multiplier``: MULT18X18D with its input, pipeline and output registers, which yosys does not
    use.
    """

    @staticmethod
    def celosia_multiplier(a, b, o):
        """`gateware.numeric.multiplier.Multiplier` as one MULT18X18D, signed or unsigned by the shapes.

        Parameters
        ----------
        a, b, o : Signal
            The ports of a multiplier.

        Returns
        -------
        Module
        """
        m = Module()
        ports = {}
        for name, factor in (("A", a), ("B", b)):
            # The sign, or a zero, fills what the factor leaves.
            wide = Signal(Shape(18, factor.shape().signed), name=f"factor_{name.lower()}")
            m.d.comb += wide.eq(factor)
            ports |= {f"i_{name}{bit}": wide[bit] for bit in range(18)}
            ports[f"i_SIGNED{name}"] = int(factor.shape().signed)
            ports[f"i_SOURCE{name}"] = 0
        product = Signal(36)
        ports |= {f"i_C{bit}": 0 for bit in range(18)}
        ports |= {f"o_P{bit}": product[bit] for bit in range(36)}
        # Those numbered 1 to 3 belong to no register and stay open: a constant would be wired to each of them.
        ports |= {"i_CLK0": ClockSignal(), "i_CE0": 1, "i_RST0": 0}
        for register in _REGISTERS:
            ports |= {f"p_REG_{register}_CLK": "CLK0", f"p_REG_{register}_CE": "CE0",
                      f"p_REG_{register}_RST": "RST0"}
        m.submodules.block = Instance("MULT18X18D", **ports)
        m.d.comb += o.eq(product[:len(o)])
        return m
