"""docs/instruction-set.md and the words for a program, against the definitions and a real program."""

from dataclasses import replace
from pathlib import Path
import re

import pytest

from gateware import isa
from gateware.config import CONFIGS
from gateware.isa import Instruction, decode, encode
from host.compiler.compiled import compile_model
from host.compiler.disassembly import describe
from host.gguf.model import load
from host.pages.instruction_set import page

ROOT = Path(__file__).resolve().parents[3]


def test_committed_page_is_the_printed_one():
    assert (ROOT / "docs" / "instruction-set.md").read_text() == page(), (
        "python -m host.pages.instruction_set > docs/instruction-set.md")


def test_places_of_fields_are_where_they_are_encoded():
    words, _, _ = page().partition("\n## Values\n")
    rows = dict(re.findall(r"^\| ([0-9:]+) \| `(\w+)` \|", words, re.MULTILINE))
    assert list(rows.values()) == [field.name for field in isa.FIELDS]
    for place, name in rows.items():
        top, low = map(int, place.split(":") if ":" in place else (place, place))
        word = int.from_bytes(encode(Instruction(**{name: (1 << top - low + 1) - 1})), "little")
        assert word == (1 << top + 1) - (1 << low)


def test_values_and_their_comments():
    text = page()
    assert "| 1 | `DOT` | rows of the streamed matrix times the columns of the x-buffer |" in text
    for kind in {field.kind for field in isa.FIELDS if field.kind}:
        section = text[text.index(f"\n### {kind.__name__}\n"):].split("\n### ")[1]
        assert re.findall(r"^\| (\d+) \| `(\w+)`", section, re.MULTILINE) == [
            (str(member.value), member.name) for member in kind]


@pytest.fixture
def program(write_gguf):
    compiled = compile_model(load(write_gguf()), CONFIGS["sim-wide"])
    return {instruction.label: decode(encode(instruction)) for instruction in compiled.program}


@pytest.mark.parametrize("label, pattern", [
    ("end", r"end"),
    ("one", r"s1 = s0 \+ 1"),
    ("token_embd", r"pad\[0\] = row token of 1 vectors of 8-bit codes with FP16 scales"),
    ("rope.cosine", r"pad\[\d+\] = s1 \* stream, 8 elements"),
    ("blk.0.attn_norm.square", r"s2 = sum of pad\[0\] \* itself, 32 elements"),
    ("blk.0.attn_norm.root", r"s3 = rsqrt\(s2 \* 0.03125 \+ 9.99999975e-06\)"),
    ("blk.0.attn_norm", r"x0 = pad\[\d+\] \* stream, 32 elements"),
    ("blk.0.attn_q", r"pad\[\d+\] = 32 x 1 vectors of 8-bit codes with FP16 scales \. x0"),
    ("blk.0.rope_k.cosine", r"pad\[\d+\] = pad\[\d+\] \* pad\[\d+, again every 8\], 16 elements"),
    ("blk.0.rope_k.sine",
     r"(pad\[\d+\]) = swapped \1 \* pad\[\d+, again every 8\] \+ pad\[\d+\], 16 elements"),
    ("blk.0.kv.1.value.store", r"16-bit codes in the KV cache = pad\[\d+\], 8 elements"),
    ("blk.0.kv.1.score", r"pad\[\d+\] = n x 1 vectors of 16-bit codes \. x0\.\.x1, next column 32 further"),
    ("blk.0.softmax.3.scale", r"(pad\[\d+\]) = \1 \* stream, n elements; s4 = their max"),
    ("blk.0.softmax.3.exp", r"(pad\[\d+\]) = exp2\(\1 \* 0.510069728 \+ s5\), n elements; s2 = their sum"),
    ("blk.0.softmax.3.share", r"s9 = reciprocal\(s2\)"),
    ("blk.0.kv.1.mix",
     r"pad\[\d+\] = 8 x ceil\(n / 32\) vectors of 16-bit codes \. x0\.\.x1, next column 16 further"),
    ("blk.0.ffn_down.add", r"pad\[0\] = pad\[\d+\] \+ pad\[0\], 32 elements"),
    ("output", r"DRAM\[\d+\] = 272 x 1 vectors of 8-bit codes with FP16 scales \. x0; their argmax"),
])
def test_words(program, label, pattern):
    assert re.fullmatch(pattern, describe(program[label])), describe(program[label])


@pytest.mark.parametrize("label, pattern", [
    ("blk.0.kv.1.key.largest", r"s4 = largest of pad\[\d+\], 8 elements"),
    ("blk.0.kv.1.key.inverse", r"s7 = reciprocal\(s6\)"),
    ("blk.0.kv.1.key.store", r"4-bit codes with scale s6 in the KV cache = pad\[\d+\] \* s7, 8 elements"),
    ("blk.0.kv.1.mix",
     r"pad\[\d+\] = 2 \* 4 x ceil\(n / 32\) vectors of 4-bit codes \. x0\.\.x1, next column 16 further"),
])
def test_words_for_a_cache_of_4_bits(write_gguf, label, pattern):
    compiled = compile_model(load(write_gguf()), CONFIGS["sim-wide"], kv_bits=4)
    words, = (describe(instruction) for instruction in compiled.program if instruction.label == label)
    assert re.fullmatch(pattern, words), words


@pytest.mark.parametrize("changes, pattern", [
    ({"sink": isa.Sink.NONE}, r"argmax of 272 x 1 vectors of 8-bit codes with FP16 scales \. x0"),
    ({"reduce": isa.Reduce.NONE}, r"DRAM\[\d+\] = 272 x 1 vectors of 8-bit codes with FP16 scales \. x0"),
    ({"reduce": isa.Reduce.NONE, "columns": 2, "store_index_stride": 64, "store_stride": 8, "store_base": 4096},
     r"DRAM\[4096 \+ p \* 64, every 8 bytes\] = 272 x 1 vectors of 8-bit codes with FP16 scales \. x0\.\.x1, next "
     r"column 272 further")])
def test_words_for_elements_in_dram(program, changes, pattern):
    words = describe(replace(program["output"], **changes))
    assert re.fullmatch(pattern, words), words


def test_words_tell_instructions_apart(program):
    instruction = program["blk.0.softmax.0.exp"]
    words = {describe(instruction)} | {describe(replace(instruction, **change)) for change in (
        {"a": 16}, {"b": 0x40000000}, {"c": 7}, {"function": isa.Function.IDENTITY},
        {"length_grow": 0, "length": 9}, {"reduce": isa.Reduce.MAX}, {"reduce_destination": 9},
        {"destination": 32}, {"sink": isa.Sink.COLUMN})}
    assert len(words) == 10
