"""A llama model of one layer, small enough to be written by each test in the shape that it needs."""

import gguf
import numpy as np

__all__ = ["METADATA", "SHAPES", "micro_tensors"]

DIM, HEADS, KV_HEADS, FFN, VOCAB = 32, 4, 2, 64, 272
HEAD_DIM = DIM // HEADS

METADATA = {
    "llama.block_count": 1,
    "llama.context_length": 32,
    "llama.embedding_length": DIM,
    "llama.feed_forward_length": FFN,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)),
                              *"\u2581abcdelost", "\u2581a", "lo", "st"],
    "tokenizer.ggml.scores": [0.0] * 259 + [-float(index) for index in range(VOCAB - 259)],
    "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256 + [1] * (VOCAB - 259),
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
}

SHAPES = {
    "token_embd.weight": (VOCAB, DIM),
    "blk.0.attn_norm.weight": (DIM,),
    "blk.0.attn_q.weight": (DIM, DIM),
    "blk.0.attn_k.weight": (KV_HEADS * HEAD_DIM, DIM),
    "blk.0.attn_v.weight": (KV_HEADS * HEAD_DIM, DIM),
    "blk.0.attn_output.weight": (DIM, DIM),
    "blk.0.ffn_norm.weight": (DIM,),
    "blk.0.ffn_gate.weight": (FFN, DIM),
    "blk.0.ffn_up.weight": (FFN, DIM),
    "blk.0.ffn_down.weight": (DIM, FFN),
    "output_norm.weight": (DIM,),
}


def micro_tensors(ggml_type="Q8_0", seed=1):
    """Random weights: matrices quantised to `ggml_type`, norms in float32.

    Parameters
    ----------
    ggml_type : str
        A format that the gguf package can quantise to.
    seed : int

    Returns
    -------
    dict of str to (numpy.ndarray, str)
        Data and format by name; a quantised matrix as bytes, shape (rows, bytes of a row).
    """
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in SHAPES.items():
        values = random.standard_normal(shape).astype(np.float32)
        if len(shape) == 1:
            tensors[name] = (1 + values / 8, "F32")
        else:
            kind = gguf.GGMLQuantizationType[ggml_type]
            tensors[name] = (gguf.quants.quantize(values / np.sqrt(np.float32(shape[1])), kind), ggml_type)
    return tensors
