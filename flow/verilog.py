"""RTLIL as Verilog for other people's tools."""

from pathlib import Path
import tempfile

from flow.waiting import waiting

__all__ = ["rtlil_to_verilog"]

# Checks are for simulation; as Verilog they would be SystemVerilog, which many a synthesis does not read.
_PASSES = "proc -nomux -norom; memory_collect; chformal -remove; opt_clean"


def rtlil_to_verilog(text, toolchain):
    """Convert a design.

    Parameters
    ----------
    text : str
        RTLIL.
    toolchain : flow.toolchain.Toolchain

    Returns
    -------
    str
        Verilog; the same for the same text and yosys.

    Raises
    ------
    flow.toolchain.ToolError
        If yosys fails.
    """
    with waiting("making Verilog with yosys ..."), tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "design.il").write_text(text)
        (folder / "design.ys").write_text(f"read_rtlil design.il\n{_PASSES}\nwrite_verilog -norename design.v\n")
        toolchain.run([*toolchain.yosys, "-q", "-s", "design.ys"], cwd=folder)
        # The line that yosys puts first says how yosys itself was compiled.
        _, _, verilog = (folder / "design.v").read_text().partition("\n")
    return verilog.lstrip()
