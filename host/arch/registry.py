"""The architectures that there are."""

from host.arch.bert import Bert
from host.arch.gemma2 import Gemma2
from host.arch.gemma3 import Gemma3
from host.arch.gpt2 import GPT2
from host.arch.gptneox import GPTNeoX
from host.arch.granite import Granite
from host.arch.llama import Llama
from host.arch.modern_bert import ModernBert
from host.arch.olmo2 import Olmo2
from host.arch.phi2 import Phi2
from host.arch.phi3 import Phi3
from host.arch.qwen2 import Qwen2
from host.arch.qwen3 import Qwen3
from host.arch.smollm3 import SmolLM3
from host.arch.stablelm import StableLM
from host.arch.starcoder2 import StarCoder2
from host.errors import CelosiaError, quoted

__all__ = ["ARCHITECTURES", "find_architecture"]

ARCHITECTURES = {architecture.name: architecture for architecture in (
    Llama(), Qwen2(), Qwen3(), Gemma2(), Gemma3(), Phi2(), Phi3(), SmolLM3(), Granite(), Olmo2(), StableLM(),
    StarCoder2(), GPT2(), GPTNeoX(), Bert(), ModernBert())}
"""By their name in ``general.architecture``."""


def find_architecture(path, name):
    """The architecture of the file `path` that calls it `name`.

    Returns
    -------
    host.arch.architecture.Architecture

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    if name not in ARCHITECTURES:
        raise CelosiaError(f"{path}: architecture must be one of {', '.join(ARCHITECTURES)}, not {quoted(name)}")
    return ARCHITECTURES[name]
