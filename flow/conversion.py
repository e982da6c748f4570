"""A whole FPGA, from its platform to RTLIL."""

__all__ = ["convert_top"]


def convert_top(top, platform):
    """Convert a top with its pins.

    Parameters
    ----------
    top : Elaboratable
        Requests its pins from the platform, and gives it the Verilog of what it has instances of.
    platform : amaranth.build.Platform
        A new one for every design.

    Returns
    -------
    str, str, str
        RTLIL, its top module called ``top``; Verilog of the other modules; constraints (LPF or XDC).
    """
    # Places in the source are left out: the netlist must not depend on where the project lies.
    files = {path: text if isinstance(text, str) else text.decode()
             for path, text in platform.prepare(top, "top", emit_src=False).files.items()}
    verilog = "".join(text for path, text in sorted(files.items()) if path in platform.extra_files)
    return files["top.il"], verilog, files.get("top.lpf") or files["top.xdc"]
