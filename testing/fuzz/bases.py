"""The sound files that mutations begin with."""

import copy

import numpy as np

from testing.fuzz.document import Document
from testing.micro_model import METADATA, micro_tensors

__all__ = ["bases"]

_FORMATS = ("Q8_0", "F32", "F16", "BF16", "Q4_0", "Q5_1", "MXFP4")
_MERGES = ["l o", "s t", "lo st", "\u0120 a", "t h", "th e", "\u0120 the", "o d", "e r", "\u010a \u010a"]


def bases():
    """All of them.

    Returns
    -------
    dict of str to list of Document
        By name; the parts of a model.
    """
    found = {f"sentencepiece {kind}": [_document(METADATA, micro_tensors(kind))] for kind in _FORMATS}
    found["sentencepiece bare"] = [_document(_without("scores", "token_type", "bos_token_id", "eos_token_id"),
                                             micro_tensors("F32"))]
    found["byte-level"] = [_document(*_byte_level())]
    found["tied no more, rope factors"] = [_document(METADATA | {"llama.rope.freq_base": 5e5}, _with_output())]
    found["two layers, linear rope"] = [_document(
        METADATA | {"llama.block_count": 2, "llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0},
        _two_layers())]
    found["split"] = _split(found["sentencepiece Q8_0"][0])
    return found


def _document(metadata, tensors):
    return Document.of({"general.architecture": "llama", "general.name": "micro"} | metadata, tensors)


def _without(*names):
    return {key: value for key, value in METADATA.items() if key.rpartition(".")[2] not in names}


def _byte_level():
    others = iter(range(0x100, 0x200))
    letters = [chr(byte) if chr(byte).isprintable() and byte != 0x20 else chr(next(others)) for byte in range(256)]
    words = [merge.replace(" ", "") for merge in _MERGES]
    tokens = [*letters, *words, "<|endoftext|>", "<|im_end|>", "<think>"]
    metadata = _without("scores") | {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * (len(tokens) - 3) + [3, 3, 4], "tokenizer.ggml.merges": _MERGES,
        "tokenizer.ggml.bos_token_id": len(tokens) - 3, "tokenizer.ggml.eos_token_id": len(tokens) - 2,
    }
    tensors = micro_tensors("Q8_0")
    tensors["token_embd.weight"] = tensors["token_embd.weight"][0][:len(tokens)].copy(), "Q8_0"
    return metadata, tensors


def _with_output():
    tensors = micro_tensors("F32")
    tensors["output.weight"] = micro_tensors("F32", seed=2)["token_embd.weight"]
    tensors["rope_freqs.weight"] = np.array([1, 1, 2, 4], np.float32), "F32"
    return tensors


def _two_layers():
    tensors = micro_tensors("Q8_0")
    second = micro_tensors("Q8_0", seed=3)
    return tensors | {f"blk.1{name[5:]}": entry for name, entry in second.items() if name.startswith("blk.0")}


def _split(whole):
    parts = []
    half = len(whole.tensors) // 2
    for number, tensors in enumerate((whole.tensors[:half], whole.tensors[half:])):
        part = copy.deepcopy(Document(whole.keys if number == 0 else whole.keys[:1], tensors))
        part.keys += Document.of({
            "split.no": number, "split.count": 2, "split.tensors.count": len(whole.tensors)}, {}).keys
        parts.append(part)
    return parts
