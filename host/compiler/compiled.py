"""A model compiled for a configuration."""

from dataclasses import dataclass
from enum import StrEnum

from gateware.config import Config
from gateware.extent import extent
from gateware.isa import INSTRUCTION_BITS, VECTOR_CODES, encode
from host.compiler.llama import LlamaCompiler
from host.compiler.overlap import overlapped
from host.compiler.placement import KV_BITS, Placement
from host.compiler.scratchpad_map import ScratchpadMap
from host.errors import CelosiaError
from host.gguf.model import Model
from host.image.formats import FORMATS

__all__ = ["Compiled", "Part", "compile_model"]


class Part(StrEnum):
    """What a program computes for its group of tokens."""

    DECODE = "decode"  #: one token, with its logits
    BODY = "body"      #: from the token ids to the residual after the last layer
    LOGITS = "logits"  #: after the body: logits of every token
    LAST = "last"      #: after the body: logits of the last token only


@dataclass(frozen=True, eq=False)
class Compiled:
    """Programs and memory map.

    Attributes
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    context : int
    kv_bits : int
        Bits of a code in the KV cache.
    group : int
        Most tokens that go through the weights together: the logical columns, or what the scratchpad has room for.
    placement : host.compiler.placement.Placement
    scratchpad : host.compiler.scratchpad_map.ScratchpadMap
        That of a single token.
    programs : dict of (int, Part) to list of gateware.isa.Instruction
        By number of tokens and part, one after another in the program region.
    """

    model: Model
    config: Config
    context: int
    kv_bits: int
    group: int
    placement: Placement
    scratchpad: ScratchpadMap
    programs: dict

    @property
    def program(self):
        """Instructions that decode one token."""
        return self.programs[1, Part.DECODE]

    def program_address(self, tokens, part):
        """Byte address of a program."""
        address = self.placement.map.address("program")
        for key, program in self.programs.items():
            if key == (tokens, part):
                return address
            address += len(program) * INSTRUCTION_BITS // 8
        raise KeyError((tokens, part))

    def label(self, index, tokens=1, part=Part.DECODE):
        """Name of instruction ``index`` of a program, for messages."""
        program = self.programs[tokens, part]
        return program[index].label if index < len(program) else "beyond the program"

    def label_in(self, tokens, index):
        """Name of instruction ``index`` of those that a group of ``tokens`` with all its logits runs."""
        body = len(self.programs[tokens, Part.BODY])
        if tokens == 1:
            return self.label(index)
        return self.label(index, tokens, Part.BODY) if index < body else self.label(index - body, tokens, Part.LOGITS)

    def read_bytes(self, position, tokens=1, part=Part.DECODE):
        """Bytes that a program reads whose last token is at ``position``, the program itself included.

        Rows of tables are those of token 0: that of another one may lie in one bus word more.
        """
        program, bus_bytes = self.programs[tokens, part], self.config.memory.bus_bytes
        beats = sum(extent(instruction, token=0, position=position - tokens + 1, bus_bytes=bus_bytes).read_beats
                    for instruction in program)
        return beats * bus_bytes + len(program) * INSTRUCTION_BITS // 8


def compile_model(model, config, context=None, *, kv_bits=16):
    """Compile ``model`` for ``config``.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    context : int, optional
        Positions of the KV cache; the model's own by default.
    kv_bits : int
        Bits of a code in the KV cache: 16, 8 or 4.

    Returns
    -------
    Compiled

    Raises
    ------
    CelosiaError
        If the model does not fit the configuration, naming the buffer and what is missing.
    ValueError
        If there are no codes of ``kv_bits``.
    """
    if kv_bits not in KV_BITS:
        raise ValueError(f"Bits of a code in the KV cache must be 16, 8 or 4, not {kv_bits!r}")
    hp = model.hyperparameters
    context = hp.context if context is None else context
    if not 0 < context <= hp.context:
        raise CelosiaError(f"{model.path}: context must be 1 to {hp.context}, not {context}")
    _check_fit(model, config, context)
    pads = {tokens: ScratchpadMap(hp, config, context, tokens) for tokens in range(1, config.dot.logical_columns + 1)}
    pads[1].require(model.path)
    group = max(tokens for tokens, pad in pads.items() if pad.fits)

    def programs(placement):
        def compiler(tokens):
            return LlamaCompiler(model, config, placement, pads[tokens], tokens, kv_bits)

        result = {(1, Part.DECODE): compiler(1).body().logits([0]).finish()}
        for tokens in range(1, group + 1):
            result[tokens, Part.BODY] = compiler(tokens).body().finish()
            result[tokens, Part.LOGITS] = compiler(tokens).logits(range(tokens)).finish()
            result[tokens, Part.LAST] = compiler(tokens).logits([tokens - 1]).finish()
        return {key: overlapped(program, context) for key, program in result.items()}

    # The length of programs does not depend on addresses: compile once to learn it, once for good.
    length = sum(map(len, programs(Placement(model, config, context, 0, group, kv_bits)).values()))
    placement = Placement(model, config, context, length, group, kv_bits)
    if placement.image_bytes > config.memory.bus_bytes << 32:
        raise CelosiaError(f"{model.path}: the image of {placement.image_bytes} bytes is beyond the address space")
    compiled = Compiled(model, config, context, kv_bits, group, placement, pads[1], programs(placement))
    _check_rows(compiled)
    return compiled


def _check_rows(compiled):
    """Refuse rows whose scales a buffer cannot hold, and numbers that an instruction cannot."""
    path, config = compiled.model.path, compiled.config
    for name, row in compiled.placement.rows.items():
        if row.sub_start > config.dot.scale_bytes:
            raise CelosiaError(
                f"{path}: a row of tensor {name!r} needs {row.sub_start} bytes of scale buffer, "
                f"{row.sub_start - config.dot.scale_bytes} more than configuration {config.name!r} has "
                f"({config.dot.scale_bytes})")
    try:
        for program in compiled.programs.values():
            for instruction in program:
                encode(instruction)
    except ValueError as error:
        raise CelosiaError(f"{path} is too large for configuration {config.name!r}: {error}") from None


def _check_fit(model, config, context):
    """Refuse what a buffer of the configuration cannot hold."""
    hp = model.hyperparameters
    def refuse(what, needed, buffer, size):
        raise CelosiaError(f"{model.path}: {what} needs {needed} elements of {buffer}, {needed - size} more than "
                           f"configuration {config.name!r} has ({size})")

    longest = max(("ffn", hp.ffn), ("dim", hp.dim), ("attention", hp.heads * hp.head_dim), ("context", context),
                  key=lambda item: item[1])
    needed = longest[1] + -longest[1] % VECTOR_CODES
    if needed > config.dot.x_elements:
        refuse(f"{longest[0]} {longest[1]}", needed, "x-buffer", config.dot.x_elements)
    for name, tensor in model.tensors.items():
        if tensor.ggml_type not in FORMATS:
            raise CelosiaError(f"{model.path}: tensor {name!r} has type {tensor.ggml_type}, which the gateware "
                               f"does not decode; it decodes {', '.join(FORMATS)}")
        missing = [part for part in FORMATS[tensor.ggml_type].decoders if part not in config.dot.decoders]
        if missing:
            raise CelosiaError(f"{model.path}: tensor {name!r} has type {tensor.ggml_type}, which needs "
                               f"{' and '.join(missing)}; configuration {config.name!r} is built without")
    if hp.head_dim % config.vector.lanes:
        raise CelosiaError(f"{model.path}: head dimension must be a multiple of the {config.vector.lanes} vector lanes "
                           f"of configuration {config.name!r}, not {hp.head_dim}")
    if hp.head_dim > 256:
        raise CelosiaError(f"{model.path}: head dimension must be at most 256, not {hp.head_dim}")
