"""Damage to a model file, and changes that keep it sound."""

import copy

from testing.fuzz.document import KINDS, Key, TensorEntry

__all__ = ["mutate"]

_INTEGERS = (0, 1, 2, 3, 7, 8, 31, 32, 33, 64, 255, 256, 4096, 65_535, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
             1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -1, -2)
_REALS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-5, 1e4, 5e-324, 1e-45, 1e-39, 1.2e-38, 3.4e38, 3.5e38, 1e300, float("inf"),
          float("-inf"), float("nan"))
_TEXTS = ("", "llama", "gpt2", "bert", "x", "none", "linear", "yarn", "adapter", "default", "llama-bpe", "qwen2", "\0",
          "\x1b[31m", "a\nb", b"\xff\xfe", "\u2581", "x" * 5000)
_TOKENS = ("", "\0", "\n", " ", "\u2581\u2581", "\u2581a\u2581", "a b", "<0x41>", "<0xZZ>", "<0x", "<unk>", "</s>",
           "<|eot_id|>", "<|im_end|>", "<PAD>", b"\xed\xa0\x80", b"\xe2\x96", "\U0001f600", "lost", "l" * 3000,
           "\u0120the", "\x1b[2J")
_ADDED_MERGES = ("a b", "ab c", "x", "", " ", "  ", "a  b", "l ost", "\u0120 \u0120", "q" * 100 + " r", b"\xff \xfe",
                 "the the", "lo st")
_PIECES = (b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\xff\xff\x7f\x7f", b"\x01\0\0\0", b"\0\x7c", b"\0\x7e", b"\xff\x7b",
           b"\xff", b"\0" * 32)
"""NaN, infinity, the largest number, one that is subnormal, and others, as F32 and F16 have them."""

_NAMES = ("llama.expert_count", "llama.attention.sliding_window", "llama.vocab_size", "llama.rope.dimension_count",
          "llama.rope.freq_base", "llama.rope.scale_linear", "llama.attention.key_length", "llama.attention.scale",
          "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.unknown_token_id",
          "tokenizer.ggml.eot_token_id", "tokenizer.ggml.pre", "general.alignment", "general.type", "split.count",
          "split.no", "general.description", "unheard.of")
_SPREAD = 12


def mutate(documents, random):
    """A mutated copy of a model.

    Parameters
    ----------
    documents : list of testing.fuzz.document.Document
        Its parts.
    random : numpy.random.Generator

    Returns
    -------
    list of (bytes or None)
        A file for each part; None for one that is not there.
    """
    documents = copy.deepcopy(documents)
    files = [None] * len(documents)
    for _ in range(int(random.choice([1, 1, 1, 2, 2, 3, 5]))):
        document = documents[random.integers(len(documents))]
        _pick(random, _CHANGES)(document, random)
    for index, document in enumerate(documents):
        files[index] = document.to_bytes()
    if random.random() < 0.25:
        index = random.integers(len(files))
        files[index] = _pick(random, _DAMAGES)(files[index], random)
    if len(files) > 1 and random.random() < 0.1:
        files[random.integers(len(files))] = None
    return files


def _pick(random, choices):
    return choices[random.integers(len(choices))]


def _key(document, random):
    """A key; one of those that shape the model more often than not."""
    if not document.keys:
        document.keys.append(Key("unheard.of", 4, 0))
    return _pick(random, document.keys)


def _tensor(document, random):
    if not document.tensors:
        document.tensors.append(TensorEntry("token_embd.weight", [32], 0, bytes(128)))
    return _pick(random, document.tensors)


def _value(random):
    return _pick(random, _pick(random, (_INTEGERS, _REALS, _TEXTS)))


def _near(random, number):
    """A number close to another one, or one that often makes trouble."""
    if random.random() < 0.5:
        return int(number) + int(random.integers(-2, 3))
    return _pick(random, _INTEGERS)


# Keys

def _delete_key(document, random):
    document.keys.remove(_key(document, random))


def _repeat_key(document, random):
    document.keys.insert(int(random.integers(len(document.keys) + 1)), copy.deepcopy(_key(document, random)))


def _add_key(document, random):
    document.keys.append(Key(_pick(random, _NAMES), int(_pick(random, KINDS)), _value(random)))


def _rename_key(document, random):
    key = _key(document, random)
    key.name = _pick(random, (*_NAMES, key.name.upper(), key.name + ".x", key.name[:-1], "\n" + key.name, "n" * 5000))


def _retype_key(document, random):
    _key(document, random).kind = int(_pick(random, (*KINDS, *KINDS, 9, 13, 255, 1 << 31)))


def _change_value(document, random):
    key = _key(document, random)
    if isinstance(key.value, list):
        return
    if isinstance(key.value, int) and random.random() < 0.7:
        key.value = _near(random, key.value)
    elif isinstance(key.value, float) and random.random() < 0.7:
        key.value = _pick(random, _REALS)
    else:
        key.value = _value(random)


def _list_or_scalar(document, random):
    key = _key(document, random)
    key.value = key.value[0] if isinstance(key.value, list) and key.value else [key.value] * int(random.integers(0, 4))


def _widen_key(document, random):
    """The same number in another type, as other writers have it."""
    key = _key(document, random)
    key.kind = {4: 10, 5: 11, 6: 12, 10: 4, 12: 6}.get(key.kind, key.kind)


# Lists, the vocabulary's above all

def _list(document, random):
    lists = [key for key in document.keys if isinstance(key.value, list)]
    return _pick(random, lists) if lists else Key("none", 4, [])


def _claim_length(document, random):
    key = _list(document, random)
    key.count = abs(_near(random, len(key.value))) % (1 << 64)


def _shorten_list(document, random):
    key = _list(document, random)
    del key.value[int(random.integers(len(key.value) + 1)):]


def _lengthen_list(document, random):
    key = _list(document, random)
    key.value += key.value[:int(random.integers(0, 5))]


def _change_items(document, random):
    key = _list(document, random)
    for _ in range(int(random.integers(1, _SPREAD))):
        if key.value:
            key.value[random.integers(len(key.value))] = _value(random)


def _swap_items(document, random):
    key = _list(document, random)
    for _ in range(int(random.integers(1, _SPREAD))):
        if key.value:
            one, other = random.integers(len(key.value), size=2)
            key.value[one], key.value[other] = key.value[other], key.value[one]


def _change_tokens(document, random):
    key = document.find("tokenizer.ggml.tokens")
    for _ in range(int(random.integers(1, _SPREAD))):
        if key and isinstance(key.value, list) and key.value:
            key.value[random.integers(len(key.value))] = _pick(random, _TOKENS)


def _change_types(document, random):
    key = document.find("tokenizer.ggml.token_type")
    if key and isinstance(key.value, list):
        everywhere = random.random() < 0.3
        kind = int(random.integers(-1, 8))
        for index in range(len(key.value)) if everywhere else random.integers(max(1, len(key.value)), size=_SPREAD):
            if index < len(key.value) and (not everywhere or key.value[index] == 6):
                key.value[index] = kind if everywhere else int(random.integers(-1, 8))


def _change_scores(document, random):
    key = document.find("tokenizer.ggml.scores")
    if key and isinstance(key.value, list):
        key.kind = int(_pick(random, (6, 6, 12, 5)))
        for index in random.integers(max(1, len(key.value)), size=_SPREAD):
            if index < len(key.value):
                key.value[index] = _pick(random, _REALS)


def _change_merges(document, random):
    key = document.find("tokenizer.ggml.merges")
    if key and isinstance(key.value, list):
        for _ in range(int(random.integers(1, _SPREAD))):
            key.value.insert(int(random.integers(len(key.value) + 1)), _pick(random, _ADDED_MERGES))


def _extend_vocabulary(document, random):
    """More tokens, with everything that belongs to them: a sound file, unless something else is wrong with it."""
    count = int(_pick(random, (1, 5, 32, 300)))
    kind = int(_pick(random, (1, 1, 3, 4, 5)))
    for name, items in (("tokens", [f"more{index}" for index in range(count)]), ("scores", [-100.0] * count),
                        ("token_type", [kind] * count)):
        key = document.find(f"tokenizer.ggml.{name}")
        if key and isinstance(key.value, list):
            key.value += items
    for tensor in document.tensors:
        if tensor.name in ("token_embd.weight", "output.weight") and len(tensor.dims) == 2 and tensor.dims[1] > 0:
            row = len(tensor.data) // tensor.dims[1]
            tensor.data += tensor.data[:row] * count
            tensor.dims[1] += count


# Tensors

def _delete_tensor(document, random):
    document.tensors.remove(_tensor(document, random))


def _repeat_tensor(document, random):
    document.tensors.append(copy.deepcopy(_tensor(document, random)))


def _rename_tensor(document, random):
    tensor = _tensor(document, random)
    tensor.name = _pick(random, (tensor.name.replace("0", "1"), tensor.name.replace("weight", "bias"), "output.weight",
                                 "rope_freqs.weight", "", "t" * 5000, "x\x1b[0m", tensor.name.upper()))


def _shuffle_tensors(document, random):
    random.shuffle(document.tensors)


def _change_dims(document, random):
    tensor = _tensor(document, random)
    match random.integers(4):
        case 0:
            tensor.dims.append(int(_pick(random, (1, 1, 2, 0))))
        case 1:
            tensor.dims.reverse()
        case 2:
            tensor.dims = tensor.dims[:-1]
        case _:
            at = int(random.integers(max(1, len(tensor.dims))))
            if at < len(tensor.dims):
                tensor.dims[at] = _near(random, tensor.dims[at])


def _change_type(document, random):
    _tensor(document, random).kind = int(_pick(random, (*range(42), 64, 255, (1 << 32) - 1)))


def _change_offset(document, random):
    _tensor(document, random).shift = int(_pick(random, (1, 8, 32, -32, 64, 1 << 20, 1 << 62, (1 << 64) - 32)))


def _change_weights(document, random):
    """Bytes of a tensor: NaN, infinity, huge and tiny weights and scales, reserved codes."""
    tensor = _tensor(document, random)
    data = bytearray(tensor.data)
    for _ in range(int(random.integers(1, _SPREAD))):
        if data:
            at = int(random.integers(len(data)))
            piece = _pick(random, (*_PIECES, random.bytes(8)))
            data[at:at + len(piece)] = piece
    tensor.data = bytes(data[:len(tensor.data)])


def _fill_weights(document, random):
    tensor = _tensor(document, random)
    piece = _pick(random, (b"\0", b"\xff", b"\0\0\x80\x7f", b"\x99\x76\x96\x7e", b"\x01\0\0\0", b"\0\x3c"))
    tensor.data = (piece * len(tensor.data))[:len(tensor.data)]


def _change_counts(document, random):
    document.extra_keys, document.extra_tensors = (
        int(_pick(random, (0, 0, 1, -1, 5, 1 << 20, 1 << 40))) for _ in range(2))


def _change_version(document, random):
    document.version = int(_pick(random, (0, 1, 2, 2, 4, 3 << 24, (1 << 32) - 1)))


_CHANGES = (
    _delete_key, _repeat_key, _add_key, _add_key, _rename_key, _retype_key, _change_value, _change_value,
    _change_value, _list_or_scalar, _widen_key, _claim_length, _shorten_list, _lengthen_list, _change_items,
    _swap_items, _change_tokens, _change_tokens, _change_types, _change_types, _change_scores, _change_merges,
    _change_merges, _extend_vocabulary, _extend_vocabulary, _delete_tensor, _repeat_tensor, _rename_tensor,
    _shuffle_tensors, _change_dims, _change_type, _change_offset, _change_weights, _change_weights, _fill_weights,
    _change_counts, _change_version,
)
"""What occurs twice is twice as likely."""


# Bytes

def _place(data, random):
    """A place in a file, mostly in its header."""
    return int(random.integers(min(len(data), 12_000) if random.random() < 0.8 else len(data)))


def _flip_bits(data, random):
    data = bytearray(data)
    for _ in range(int(random.integers(1, 9))):
        data[_place(data, random)] ^= 1 << int(random.integers(8))
    return bytes(data)


def _change_bytes(data, random):
    data = bytearray(data)
    for _ in range(int(random.integers(1, 5))):
        at = _place(data, random)
        piece = _pick(random, (random.bytes(4), b"\xff" * 8, b"\0" * 8, (1 << 31).to_bytes(8, "little"), b"\x80"))
        data[at:at + len(piece)] = piece
    return bytes(data)


def _cut(data, random):
    return data[:_place(data, random)]


def _remove_bytes(data, random):
    at = _place(data, random)
    return data[:at] + data[at + int(random.integers(1, 9)):]


def _insert_bytes(data, random):
    at = _place(data, random)
    return data[:at] + random.bytes(int(random.integers(1, 9))) + data[at:]


def _copy_bytes(data, random):
    one, other, size = _place(data, random), _place(data, random), int(random.integers(1, 200))
    return data[:one] + data[other:other + size] + data[one + size:]


_DAMAGES = (_flip_bits, _flip_bits, _change_bytes, _cut, _remove_bytes, _insert_bytes, _copy_bytes)
