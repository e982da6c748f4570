"""Which device a bitstream is for."""

from host.errors import CelosiaError

__all__ = ["DEVICES", "device_of_bitstream"]

DEVICES = {
    0x21111043: "LFE5U-12F", 0x41111043: "LFE5U-25F", 0x41112043: "LFE5U-45F", 0x41113043: "LFE5U-85F",
    0x01111043: "LFE5UM-25F", 0x01112043: "LFE5UM-45F", 0x01113043: "LFE5UM-85F",
    0x81111043: "LFE5UM5G-25F", 0x81112043: "LFE5UM5G-45F", 0x81113043: "LFE5UM5G-85F",
}
"""JTAG identification codes of ECP5, as the sysCONFIG guide lists them."""

_PREAMBLE = bytes.fromhex("ffffbdb3")
_VERIFY_ID = bytes.fromhex("e2000000")
_HEADER_BYTES = 4096
"""Comments, preamble and the first commands lie within."""


def device_of_bitstream(path):
    """Identification code of the device that an ECP5 bitstream was made for, from its own VERIFY_ID command.

    Raises
    ------
    CelosiaError
        If the file is none, or is for a device that is not in `DEVICES`.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError as error:
        raise CelosiaError(f"{path}: {error.strerror}") from error
    _, preamble, commands = head.partition(_PREAMBLE)
    _, verify, rest = commands.partition(_VERIFY_ID)
    if not preamble or not verify or len(rest) < 4:
        raise CelosiaError(f"{path}: not a bitstream of an ECP5 that names its device")
    code = int.from_bytes(rest[:4], "big")
    if code not in DEVICES:
        raise CelosiaError(f"{path}: device {code:#010x} is none of {', '.join(DEVICES.values())}")
    return code
