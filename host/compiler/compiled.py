"""A model compiled for a configuration."""

from dataclasses import dataclass

from gateware.config import Config
from gateware.isa import Instruction, VECTOR_CODES
from host.compiler.llama import LlamaCompiler
from host.compiler.placement import Placement
from host.compiler.scratchpad_map import ScratchpadMap
from host.errors import CelosiaError
from host.gguf_model import Model
from host.image.packed_format import FORMATS

__all__ = ["Compiled", "compile_model"]


@dataclass(frozen=True, eq=False)
class Compiled:
    """Program and memory map.

    Attributes
    ----------
    model : host.gguf_model.Model
    config : gateware.config.Config
    context : int
    placement : host.compiler.placement.Placement
    scratchpad : host.compiler.scratchpad_map.ScratchpadMap
    program : list of gateware.isa.Instruction
    """

    model: Model
    config: Config
    context: int
    placement: Placement
    scratchpad: ScratchpadMap
    program: list[Instruction]

    def label(self, index):
        """Name of instruction ``index``, for messages."""
        return self.program[index].label if index < len(self.program) else "beyond the program"

    def read_bytes(self, position):
        """Bytes that the streams of all instructions read at ``position``, the program itself included."""
        beats = 0
        for instruction in self.program:
            lines = position + 1 if instruction.stream_lines_grow else instruction.stream_lines
            line = instruction.stream_line_beats
            if instruction.stream_line_grow:
                line = -(-(position + 1) >> instruction.stream_grow_shift) << instruction.stream_grow_scale
            beats += lines * line
        return beats * self.config.bus_bytes + len(self.placement.map.regions["program"])


def compile_model(model, config, context=None):
    """Compile ``model`` for ``config``.

    Parameters
    ----------
    model : host.gguf_model.Model
    config : gateware.config.Config
    context : int, optional
        Positions of the KV cache; the model's own by default.

    Returns
    -------
    Compiled

    Raises
    ------
    CelosiaError
        If the model does not fit the configuration, naming the buffer and what is missing.
    """
    hp = model.hyperparameters
    context = hp.context if context is None else context
    if not 0 < context <= hp.context:
        raise CelosiaError(f"{model.path}: context must be 1 to {hp.context}, not {context}")
    _check_fit(model, config, context)
    scratchpad = ScratchpadMap(hp, config, context, model.path)
    # The length of the program does not depend on addresses: compile once to learn it, once for good.
    length = 0
    for _ in range(2):
        placement = Placement(model, config, context, length)
        program = LlamaCompiler(model, config, context, placement, scratchpad).compile()
        length = len(program)
    if placement.image_bytes > config.bus_bytes << 32:
        raise CelosiaError(f"{model.path}: the image of {placement.image_bytes} bytes is beyond the address space")
    return Compiled(model, config, context, placement, scratchpad, program)


def _check_fit(model, config, context):
    """Refuse what a buffer of the configuration cannot hold."""
    hp = model.hyperparameters
    def refuse(what, needed, buffer, size):
        raise CelosiaError(f"{model.path}: {what} needs {needed} elements of {buffer}, {needed - size} more than "
                           f"configuration {config.name!r} has ({size})")

    longest = max(("ffn", hp.ffn), ("dim", hp.dim), ("attention", hp.heads * hp.head_dim), ("context", context),
                  key=lambda item: item[1])
    needed = longest[1] + -longest[1] % VECTOR_CODES
    if needed > config.x_elements:
        refuse(f"{longest[0]} {longest[1]}", needed, "x-buffer", config.x_elements)
    for name, tensor in model.tensors.items():
        packed = FORMATS[tensor.ggml_type] if tensor.ggml_type in FORMATS else None
        if packed is None:
            raise CelosiaError(f"{model.path}: tensor {name!r} has type {tensor.ggml_type}, which the gateware "
                               f"does not decode; it decodes {', '.join(FORMATS)}")
    if hp.head_dim % config.vector_lanes:
        raise CelosiaError(f"{model.path}: head dimension must be a multiple of the {config.vector_lanes} vector lanes "
                           f"of configuration {config.name!r}, not {hp.head_dim}")
    if hp.head_dim > 256:
        raise CelosiaError(f"{model.path}: head dimension must be at most 256, not {hp.head_dim}")
