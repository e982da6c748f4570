"""Payloads of the streams within the bridge."""

from amaranth.lib import data

from soc.link.protocol import FIELDS

__all__ = ["FrameHeader", "MemoryCommand", "ReceivedFrame"]

FrameHeader = data.StructLayout({field.name: 8 * field.size for field in FIELDS})
"""Header of a frame, as it lies in the frame."""

ReceivedFrame = data.StructLayout({"header": FrameHeader, "damaged": 1, "oversized": 1})
"""What lay between two delimiters; if it is damaged or oversized, the header means nothing."""

MemoryCommand = data.StructLayout({"opcode": 8, "address": 32, "beats": 24})
"""A transfer between DRAM and the payload buffer, or the CRC of a range; address and size in bus words."""
