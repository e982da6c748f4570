"""Tokenizers and sampler, compiled for the processor, on the simulated one."""

import numpy as np
import pytest

from flow.firmware import SOURCES, build_program
from flow.toolchain import Toolchain
from host.gguf.file import GGUFFile
from host.image.board_vocabulary import pack_vocabulary
from host.paths import demo_model
from host.text import tokenizer
from host.text.integer_sampler import IntegerSampler, ONE
from sim.processor import SimulatedProcessor

SIZE = 1 << 18
SETTINGS = {"temperature": 3 * ONE // 4, "seed": 12345, "top_k": 20, "top_p": 62000}
LOGITS = np.random.default_rng(3).normal(0, 3, 768).astype(np.float32)
MAIN = """\
#include "console.h"
#include "sampler.h"
#include "timer.h"
#include "tokenizer.h"
#include "data.h"

static struct board_work work;
static struct candidate room[768];

int main(void) {
  const struct tokenizer tokenizers[] = {{(const void *)DEMO, &work}, {(const void *)BYTES, &work}};
  struct sampler sampler = {.temperature = TEMPERATURE, .top_k = TOP_K, .top_p = TOP_P};
  sampler_seed(&sampler, SEED);
  for (;;) {
    unsigned length = console_line((char *)work.text, LINE_BYTES);
    for (unsigned kind = 0; kind < 2; kind++) {
      uint64_t start = timer_cycles();
      unsigned count = tokenizer_encode(&tokenizers[kind], length, 1, 1);
      uint64_t cycles = timer_cycles() - start;
      for (unsigned i = 0; i < count; i++) {
        console_decimal(work.ids[i]);
        console_put(' ');
      }
      console_decimal(cycles);
      console_put('\\n');
      struct decoder decoder;
      decoder_start(&decoder, 1 - kind, console_put);
      for (unsigned i = 0; i < count; i++)
        decoder_push(&decoder, &tokenizers[kind], work.ids[i]);
      decoder_end(&decoder);
      console_put('\\n');
    }
    uint64_t start = timer_cycles();
    uint32_t token = sampler_choose(&sampler, LOGITS, 768, LARGEST, room);
    uint64_t cycles = timer_cycles() - start;
    console_decimal(token);
    console_put(' ');
    console_decimal(cycles);
    console_text("\\n.\\n");
  }
}
"""


def words(name, content):
    """Bytes as an array in C."""
    return f"static const uint32_t {name}[] = {{{', '.join(map(str, np.frombuffer(content, '<u4')))}}};\n"


@pytest.fixture
def byte_level(write_gguf):
    """A vocabulary of 256 bytes and some merges, cut as Llama 3 does it."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]
    merges = ["h e", "l l", "he ll", "hell o", "\u0120 t", "\u0120t he", "1 2", "12 3", "' s"]
    tokens = [*letters, *(merge.replace(" ", "") for merge in merges), "<end>"]
    path = write_gguf({
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * (len(tokens) - 1) + [3], "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.scores": None, "tokenizer.ggml.bos_token_id": None, "tokenizer.ggml.eos_token_id": 265},
        name="bytes.gguf")
    return tokenizer.load(GGUFFile(path)), path


def test_text_on_the_processor(byte_level):
    host = tokenizer.load(GGUFFile(demo_model())), byte_level[0]
    files = {path.name: path.read_text() for path in SOURCES.iterdir()
             if path.name in ("start.S", "link.ld", "bus.h", "console.c", "console.h", "sampler.c", "sampler.h",
                              "timer.h", "tokenizer.c", "tokenizer.h", "utf8.c", "utf8.h")}
    files["main.c"] = MAIN
    files["data.h"] = (
        words("DEMO", pack_vocabulary(host[0], demo_model())) + words("BYTES", pack_vocabulary(*byte_level))
        + words("LOGITS", LOGITS.tobytes()) + f"#define LARGEST {LOGITS.argmax()}u\n"
        + "".join(f"#define {name.upper()} {value}u\n" for name, value in SETTINGS.items()))
    program = build_program("text", files, toolchain=Toolchain(), memory_bytes=SIZE)
    processor, sampler = SimulatedProcessor(program.content, size=SIZE), IntegerSampler(**SETTINGS)
    for line in ("Once upon a time, Tom had a red ball.", "hello the hello\u00e9's 1234  </s><end>\u4f60", "x"):
        shown, typed = b"", line.encode() + b"\r"
        for _wait in range(100):
            _taken, more = processor.exchange(typed, cycles=2_000_000, quiet=processor.patience)
            shown, typed = shown + more, b""
            if shown.endswith(b"\n.\r\n"):
                break
        first, shown_0, second, shown_1, drawn, _end = shown.decode().replace("\r\n", "\n").split("\n")[1:-1]
        for tokens, answer, text in zip(host, (first, second), (shown_0, shown_1)):
            *ids, cycles = map(int, answer.split())
            assert ids == tokens.encode(line, bos=False, special=True) and text == tokens.decode(ids)
            # On memory that answers in three cycles.
            assert cycles < 40_000 * len(line)
        token, cycles = map(int, drawn.split())
        assert token == sampler.choose(LOGITS) and cycles < 600_000
    processor.close()
