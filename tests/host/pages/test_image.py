"""docs/image.md against the packer, and its examples against what this file makes of its words, bit by bit."""

from pathlib import Path
import re
import struct

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Opcode, decode
from host.compiler.compiled import compile_model
from host.gguf.model import load
from host.image.formats import FORMATS
from host.image.image import build_image
from host.pages.image import page
from host.pages.image_vectors import packed_row

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "image.md").read_text()
ROWS = re.findall(r"^A row of (\d+) elements of (\w+), bus words of (\d+) bytes, (packed|not packed):\n\n"
                  r"```\nin the file\n([^`]*)in the image\n([^`]*)```$", PAGE, re.MULTILINE)


def test_committed_page_is_the_printed_one():
    assert PAGE == page(), "python -m host.pages.image > docs/image.md"


def nibble(data, index):
    return data[index % 16] >> 4 * (index // 16) & 15


def q8_0(block):
    return {"codes": list(struct.unpack("32b", block[2:])), "scales": [block[:2]]}


def q4_1(block):
    return {"codes": [nibble(block[4:], index) for index in range(32)], "scales": [block[:2]],
            "minimums": [block[2:3] + bytes([block[3] ^ 0x80])]}


def q4_k(block):
    packed = block[4:16]
    subs = [(packed[i] & 63, packed[i + 4] & 63) for i in range(4)]
    subs += [(packed[i + 8] & 15 | packed[i] >> 6 << 4, packed[i + 8] >> 4 | packed[i + 4] >> 6 << 4) for i in range(4)]
    codes = [block[16 + 32 * (i // 64) + i % 32] >> 4 * (i // 32 % 2) & 15 for i in range(256)]
    return {"codes": codes, "scales": [block[:2]], "minimums": [block[2:4]], "subs": [sub for sub, _ in subs],
            "sub_minimums": [sub for _, sub in subs], "sub_bits": 6}


def q3_k(block):
    third, pairs, packed = block[:32], block[32:96], block[96:108]
    codes = [(pairs[32 * (i // 128) + i % 32] >> 2 * (i // 32 % 4) & 3) + 4 * (third[i % 32] >> i // 32 & 1) - 4
             for i in range(256)]
    subs = [(packed[k % 8] >> 4 * (k // 8) & 15 | (packed[8 + k % 4] >> 2 * (k // 4) & 3) << 4) - 32 for k in range(16)]
    return {"codes": codes, "scales": [block[108:]], "subs": subs, "sub_bits": 6}


def tq1_0(block):
    codes = []
    for start, size, trits in (0, 32, 5), (32, 16, 5), (48, 4, 4):
        codes += [((byte * 3**trit & 255) * 3 >> 8) - 1 for trit in range(trits) for byte in block[start:start + size]]
    return {"codes": codes, "scales": [block[52:]]}


def tq2_0(block):
    codes = [(block[32 * (i // 128) + i % 32] >> 2 * (i // 32 % 4) & 3) - 1 for i in range(256)]
    return {"codes": codes, "scales": [block[64:]]}


def mxfp4(block):
    return {"codes": [nibble(block[1:], index) for index in range(32)], "scales": [bytes([block[0] - 128 & 255])]}


def iq4_xs(block):
    codes = [block[8 + 16 * (i // 32) + i % 16] >> 4 * (i // 16 % 2) & 15 for i in range(256)]
    high = int.from_bytes(block[2:4], "little")
    subs = [(block[4 + k // 2] >> 4 * (k % 2) & 15 | (high >> 2 * k & 3) << 4) - 32 for k in range(8)]
    return {"codes": codes, "scales": [block[:2]], "subs": subs, "sub_bits": 6}


def nvfp4(block):
    codes = [block[4 + 8 * (i // 16) + i % 8] >> 4 * (i // 8 % 2) & 15 for i in range(64)]
    return {"codes": codes, "scales": [block[:4]]}


def q2_0(block):
    return {"codes": [1 - (block[2 + i // 4] >> 2 * (i % 4) & 3) for i in range(64)],
            "scales": [block[:1] + bytes([block[1] ^ 0x80])]}


def q1_0(block):
    """Codes as the bits that they are in the image."""
    return {"codes": [block[2 + i // 8] >> i % 8 & 1 for i in range(128)], "scales": [block[:2]]}


def f32(block):
    values = struct.unpack(f"<{len(block) // 4}f", block)
    values += (0.0,) * (32 - len(values))
    fields = [struct.unpack("<I", struct.pack("<f", value))[0] >> 23 & 255 for value in values]
    exponent = max(max(fields) - 127 - 14, -128)
    codes = [min(max(round(value / 2**exponent), -32767), 32767) if field else 0
             for value, field in zip(values, fields)]
    return {"codes": codes, "scales": [struct.pack("b", exponent)]}


BLOCKS = {"Q8_0": (34, 8, q8_0), "Q4_1": (20, 4, q4_1), "Q4_K": (144, 4, q4_k), "Q3_K": (110, 3, q3_k),
          "TQ1_0": (54, None, tq1_0), "TQ2_0": (66, 2, tq2_0), "IQ4_XS": (136, 4, iq4_xs), "MXFP4": (17, 4, mxfp4),
          "NVFP4": (36, 4, nvfp4), "Q2_0": (18, 2, q2_0), "Q1_0": (18, 1, q1_0), "F32": (128, 16, f32)}


def planes(codes, bits):
    words = []
    for start in range(0, len(codes), 32):
        for plane in range(bits):
            words.append(sum((code >> plane & 1) << lane for lane, code in enumerate(codes[start:start + 32])))
    return struct.pack(f"<{len(words)}I", *words)


def trits(codes):
    codes = codes + [0] * (-len(codes) % 160)
    data = bytearray()
    for start in range(0, len(codes), 160):
        def digit(vector, lane):
            return codes[start + 32 * vector + lane] + 1
        for byte in range(32):
            run, j = divmod(byte, 8)
            digits = [digit(run, 4 * j + lane) for lane in range(4)] + [digit(4, 8 * run + j)]
            data.append(sum(3**place * value for place, value in enumerate(digits)))
    return bytes(data)


def row(name, raw, bus_bytes):
    """A row as the page has it, and whether it is packed."""
    size, bits, split = BLOCKS[name]
    scales, subs, codes, sub_bits = b"", [], [], 0
    for start in range(0, len(raw), size):
        parts = split(raw[start:start + size])
        for pair in zip(parts["scales"], parts.get("minimums", [b""])):
            scales += b"".join(pair)
        subs += parts.get("subs", []) + parts.get("sub_minimums", [])
        codes += parts["codes"]
        sub_bits = parts.get("sub_bits", 0)
    subs += [0] * (-len(subs) % 32)
    parts = scales, planes(subs, sub_bits), trits(codes) if bits is None else planes(codes, bits)

    def padded(unit):
        return b"".join(part + bytes(-len(part) % unit) for part in parts)

    packed = bits is not None and len(padded(4)) < len(padded(bus_bytes))
    return padded(4 if packed else bus_bytes), packed


@pytest.mark.parametrize("columns, name, bus_bytes, packed, file, image", ROWS, ids=[case[1] for case in ROWS])
def test_rows(columns, name, bus_bytes, packed, file, image):
    raw = bytes.fromhex(file)
    assert row(name, raw, int(bus_bytes)) == (bytes.fromhex(image), packed == "packed")


def test_there_is_a_row_of_every_kind():
    assert [case[1] for case in ROWS] == list(BLOCKS)
    kinds = {(form.code_kind, form.minimum, form.sub_bits > 0) for form in (FORMATS[name] for name in BLOCKS)}
    assert kinds == {(form.code_kind, form.minimum, form.sub_bits > 0) for form in FORMATS.values()}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("bus_bytes", [4, 8, 16, 32])
def test_rows_of_random_blocks(name, bus_bytes):
    rng = np.random.default_rng(bus_bytes)
    size = BLOCKS[name][0]
    raw = rng.integers(0, 256, 5 * size, dtype=np.uint8)
    if name == "F32":
        raw = rng.standard_normal(5 * 32, np.float32).view(np.uint8)
    if name == "TQ2_0":
        raw.reshape(5, size)[:, :64] &= 0x55
    image, packed = packed_row(name, raw, bus_bytes)
    assert row(name, raw.tobytes(), bus_bytes) == (image.tobytes(), packed)


def test_codes_of_the_cache():
    codes = [int(code) for code in re.search(r"whose codes are ([-0-9, ]+):", PAGE)[1].split(", ")]
    assert len(codes) == 32 and min(codes) == -7 and max(codes) == 7
    examples = [bytes.fromhex(text) for text in re.findall(r"^\d+ bits\n((?: {4}[0-9a-f ]+\n)+)", PAGE, re.MULTILINE)]
    assert examples == [
        struct.pack("<32h", *codes), struct.pack("32b", *codes),
        bytes(codes[i] & 15 | (codes[i + 1] & 15) << 4 for i in range(0, 32, 2)),
        bytes(code & 15 | (-code & 15) << 4 for code in codes)]


def test_header():
    """Every field of the table is where the example has it."""
    data = bytes.fromhex(PAGE[PAGE.index("A header whose"):].split("```")[1])
    header = PAGE[PAGE.index("## Header"):PAGE.index("## Regions")]
    rows = re.findall(r"^\| (\d+) \| ([48]) \| `(\w+)` \|", header, re.MULTILINE)
    values = [int.from_bytes(data[int(at):int(at) + int(size)], "little") for at, size, _ in rows]
    assert len(data) == 128 and data[:8] == b"CELOSIA\0"
    assert values == [6, 128, *range(0x11, 0x11 + len(rows) - 2)]
    assert not any(data[int(rows[-1][0]) + int(rows[-1][1]):])


def test_regions(write_gguf):
    """Their order, and that none begins anywhere but where the page says."""
    model = load(write_gguf())
    placement = compile_model(model, CONFIGS["micro"], 16).placement
    caches = [f"blk.{layer}.kv.{head}.{what}" for layer in range(model.hyperparameters.layers)
              for head in range(model.hyperparameters.kv_heads)
              for what in ("key", "value", "key_scale", "value_scale")]
    regions = placement.map.regions
    assert list(regions) == ["program", *placement.tables, *model.tensors, "table", *caches, "logits"]
    end = 128
    for name, region in regions.items():
        assert region.start == -(-end // 128) * 128, name
        end = region.stop
    assert placement.content_bytes == regions["table"].stop
    assert placement.image_bytes == -(-end // 128) * 128


def test_table_of_the_programs(write_gguf):
    """Read as the page says, it names every program and where it is."""
    compiled = compile_model(load(write_gguf()), CONFIGS["micro"], 16)
    image = build_image(compiled)
    memory, header = image.memory, image.header
    names = dict(re.findall(r"^\| (\d+) \| ([A-Z]+) \|", PAGE, re.MULTILINE))
    entries = [struct.unpack_from("<4IQ", memory, header.table + 24 * index) for index in range(header.programs)]
    assert [(names[str(part)], layer, tokens) for part, layer, tokens, _, _ in entries] == [
        *((name, 0xFFFFFFFF, 1) for name in ("DECODE", "CHOOSE", "BODY", "LOGITS", "CHOICES", "LAST", "CHOICE")),
        *((name, 0xFFFFFFFF, 2) for name in ("BODY", "LOGITS", "CHOICES", "LAST", "CHOICE"))]
    assert entries[0][4] == header.program
    for *_, instructions, address in entries:
        opcodes = [decode(memory[address + 64 * index:][:64].tobytes()).opcode for index in range(instructions)]
        assert opcodes.index(Opcode.END) == instructions - 1
