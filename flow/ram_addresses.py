"""Addresses of small LUT RAMs on an ECP5, without constants."""

__all__ = ["localise_addresses"]

_ZERO = ("0", "0")


def localise_addresses(module):
    """Let address bits that are zero for the writes and the reads of a LUT RAM follow another bit of these instead.

    A memory with fewer than 16 words leaves upper address bits at zero, which nextpnr wires to each of them from one
    cell for the whole chip. A bit that follows another one moves a word to where only its own address leads, for reads
    and writes alike, and the wire of that one is there already.

    Parameters
    ----------
    module : dict
        Of yosys's JSON, mapped to cells of ECP5; is changed.

    Returns
    -------
    int
        Number of LUT RAMs with such bits.
    """
    changed = 0
    for cell in module["cells"].values():
        # Words begin as zero wherever they move.
        if cell["type"] != "TRELLIS_DPR16X4" or "1" in cell["parameters"]["INITVAL"]:
            continue
        pairs = list(zip(cell["connections"]["RAD"], cell["connections"]["WAD"], strict=True))
        # A constant is a text, a wire is a number.
        leader = next((pair for pair in pairs if not any(isinstance(bit, str) for bit in pair)), None)
        if leader is None or _ZERO not in pairs:
            continue
        pairs = [leader if pair == _ZERO else pair for pair in pairs]
        cell["connections"]["RAD"], cell["connections"]["WAD"] = map(list, zip(*pairs))
        cell["parameters"]["INITVAL"] = "0" * len(cell["parameters"]["INITVAL"])
        changed += 1
    return changed
