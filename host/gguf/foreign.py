"""Files that a user takes for a model, and what to do with them."""

import struct

from host.errors import CelosiaError
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["refuse_other_contents", "what_it_is", "type_name"]

_CONVERT = "llama.cpp's convert_hf_to_gguf.py makes a GGUF of such a model"
_HEADS = (
    (b"version https://git-lfs", "it is a Git LFS pointer, which stands for the model; `git lfs pull` fetches that"),
    (b"PK\x03\x04", f"it is a ZIP archive, as PyTorch's checkpoints are; {_CONVERT}"),
    (b"\x80\x02", f"it is a Python pickle, as old PyTorch checkpoints are; {_CONVERT}"),
    (b"\x89HDF", f"it is an HDF5 file; {_CONVERT}"),
    (b"lmgg", "it is in GGML's format from before GGUF; the model must be converted again"),
    (b"fmgg", "it is in GGML's format from before GGUF; the model must be converted again"),
    (b"tjgg", "it is in GGML's format from before GGUF; the model must be converted again"),
    (b"\x1f\x8b", "it is compressed with gzip; `gunzip` unpacks it"),
    (b"(\xb5/\xfd", "it is compressed with Zstandard; `zstd -d` unpacks it"),
    (b"<", "it is a web page or XML; the download went wrong"),
    (b"{", "it is JSON, not the model that it may belong to"),
)
_MAX_SAFETENSORS_HEADER = 100_000_000

_CONTENTS = {
    "adapter": "a LoRA adapter, which changes a model and is none; llama.cpp's llama-export-lora merges it into its "
               "base model",
    "imatrix": "an importance matrix, which helps to quantise a model and is none",
    "mmproj": "the part of a multimodal model that sees or hears (mmproj); the language model is in another file",
}
"""Contents of a GGUF that are no model, by what their ``general.type`` or else their architecture says."""

_CONTENTS["clip"] = _CONTENTS["mmproj"]

_REPACKED = "a format that llama.cpp has given up; quantise the original again, to {} for instance"
_TYPES = {
    4: ("Q4_2", "Q4_0"), 5: ("Q4_3", "Q4_1"), 31: ("Q4_0_4_4", "Q4_0"), 32: ("Q4_0_4_8", "Q4_0"),
    33: ("Q4_0_8_8", "Q4_0"), 37: ("IQ4_NL_4_8", "IQ4_NL"), 38: ("IQ4_NL_8_8", "IQ4_NL"),
}
"""Numbers that were ggml's."""

_PRIVATE = {142: "PQ2_0", 143: "PTQ1_0"}
"""Numbers of PrismML's own llama.cpp. ggml's formats for such models are Q1_0, and Q2_0 with 64 weights a block."""

_NUMBERS = {kind.number: kind.name for kind in TENSOR_TYPES.values()}


def what_it_is(head):
    """What a file that is no GGUF seems to be.

    Parameters
    ----------
    head : bytes
        Its beginning, a few hundred bytes.

    Returns
    -------
    str
        To follow "not a GGUF file: ".
    """
    if not head:
        return "it is empty"
    if not head.strip(b"\0"):
        return "it begins with zeros; a download may have been broken off"
    if len(head) > 9 and head[8:9] == b"{" and struct.unpack_from("<Q", head)[0] < _MAX_SAFETENSORS_HEADER:
        return f"it is a safetensors file; {_CONVERT}"
    for magic, meaning in _HEADS:
        if head.lstrip().startswith(magic):
            return meaning
    return f"it must start with b'GGUF', not {head[:4]!r}"


def refuse_other_contents(path, metadata, tensors):
    """Refuse a GGUF that holds something else than a model.

    Parameters
    ----------
    path : str or os.PathLike
    metadata : collections.abc.Mapping
        As `host.gguf.file.GGUFFile` reads it.
    tensors : collections.abc.Sized

    Raises
    ------
    CelosiaError
        Saying what the file is, and where one goes from there.
    """
    for key in ("general.type", "general.architecture"):
        value = metadata.get(key)
        if isinstance(value, str) and value in _CONTENTS:
            raise CelosiaError(f"{path}: not a model: {key} is {value!r}, {_CONTENTS[value]}")
    if not len(tensors):
        raise CelosiaError(f"{path}: not a model: it has no tensors, as files of a vocabulary alone have none")


def type_name(code):
    """Name of a tensor format.

    Parameters
    ----------
    code : int
        ggml's number.

    Raises
    ------
    ValueError
        Saying what is known of a number that is none of ggml's.
    """
    if code in _NUMBERS:
        return _NUMBERS[code]
    if code in _PRIVATE:
        raise ValueError(f"has type {_PRIVATE[code]} ({code}), a private one of PrismML's llama.cpp; the file of this "
                         f"model whose name ends in Q2_0_g64 has ggml's own Q2_0, that of a 1-bit model Q1_0: take "
                         f"these")
    if code in _TYPES:
        name, today = _TYPES[code]
        raise ValueError(f"has type {name} ({code}), {_REPACKED.format(today)}")
    raise ValueError(f"has the unknown type {code}, perhaps a private one of another program")
