"""A model compiled for a configuration."""

from dataclasses import dataclass
from functools import cached_property

from gateware.config import Config
from gateware.extent import extent
from gateware.isa import INSTRUCTION_BITS
from host.compiler.fitting_context import fitting_context
from host.compiler.layer_builder import LayerBuilder
from host.compiler.limits import check_fit, check_numbers, check_rows
from host.compiler.overlap import overlapped
from host.compiler.part import Part
from host.compiler.placement import KV_BITS, Placement
from host.errors import CelosiaError
from host.gguf.model import Model

__all__ = ["Compiled", "compile_model"]


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
    scratchpad_elements : int
        What the programs of a single token need.
    programs : dict of (int, Part or LayerPart) to list of gateware.isa.Instruction
        By number of tokens and part, one after another in the program region.
    """

    model: Model
    config: Config
    context: int
    kv_bits: int
    group: int
    placement: Placement
    scratchpad_elements: int
    programs: dict

    @property
    def program(self):
        """Instructions that decode one token.

        Raises
        ------
        CelosiaError
            If the model is an encoder.
        """
        self.model.check_predicts()
        return self.programs[1, Part.DECODE]

    @cached_property
    def addresses(self):
        """Byte address of every program: dict of (int, Part or LayerPart) to int."""
        address, result = self.placement.map.address("program"), {}
        for key, program in self.programs.items():
            result[key] = address
            address += len(program) * INSTRUCTION_BITS // 8
        return result

    def program_address(self, tokens, part):
        """Byte address of a program."""
        return self.addresses[tokens, part]

    def label(self, index, tokens=1, part=Part.DECODE):
        """Name of instruction ``index`` of a program, for messages."""
        program = self.programs[tokens, part]
        return program[index].label if index < len(program) else "beyond the program"

    def group_programs(self, tokens):
        """The programs that a group of ``tokens`` with all its logits runs: list of (int, Part)."""
        return [(1, Part.DECODE)] if tokens == 1 else [(tokens, Part.BODY), (tokens, Part.LOGITS)]

    def label_in(self, tokens, index):
        """Name of instruction ``index`` of those that a group of ``tokens`` with all its logits runs."""
        keys = self.group_programs(tokens)
        for key in keys[:-1]:
            if index < len(self.programs[key]):
                return self.label(index, *key)
            index -= len(self.programs[key])
        return self.label(index, *keys[-1])

    @property
    def windows(self):
        """What tokens see in layers that have a window, each once."""
        return {cache.window for cache in self.placement.caches if cache.window is not None}

    def together(self, position, tokens):
        """How many of some tokens, the first of them at ``position``, are a group: nothing leaves a window within."""
        return min(tokens, self.group, *(window.leaving(position) for window in self.windows))

    def least_position(self, reach):
        """The least position, but for 0, of which all that it sees is there when ``reach`` tokens have been stored."""
        return max((reach - window.ring + window.length - 1 for window in self.windows if reach > window.places),
                   default=0)

    @property
    def token_program(self):
        """Instructions that a token by itself goes through, one program after another."""
        parts = self.model.architecture.token_parts(self.model.hyperparameters)
        return [instruction for part in parts for instruction in self.programs[1, part]]

    def read_bytes(self, position, tokens=1, part=None):
        """Bytes that a program reads whose last token is at ``position``, the program itself included.

        Rows of tables are those of token 0: that of another one may lie in one bus word more. Without a ``part`` it is
        what a token by itself goes through; of an encoder as the last one of a text.
        """
        program = self.token_program if part is None else self.programs[tokens, part]
        bus_bytes = self.config.memory.bus_bytes
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
        Positions of the KV cache; by default as many as the model was trained for, or as fit.
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
    if context is None:
        context = fitting_context(model, config, kv_bits=kv_bits) or 1
    if not 0 < context <= hp.context:
        raise CelosiaError(f"{model.path}: context must be 1 to {hp.context}, not {context}")
    check_fit(model, config, context)

    # Neither the length of programs nor their scratchpad depends on addresses: compile once to learn these, once for
    # good.
    placement = Placement(model, config, context, 0, config.dot.logical_columns, kv_bits)
    check_rows(model, config, placement)
    lengths, elements = [], []
    for tokens in range(1, config.dot.logical_columns + 1):
        drafts = _programs(model, config, placement, context, tokens, kv_bits)
        needed = max(used for _program, used in drafts.values())
        if needed > config.vector.scratchpad:
            break
        elements.append(needed)
        lengths += [len(program) for program, _used in drafts.values()]
    if not elements:
        raise CelosiaError(f"{model.path}: context {context} needs {needed} elements of scratchpad, "
                           f"{needed - config.vector.scratchpad} more than configuration {config.name!r} has "
                           f"({config.vector.scratchpad})")
    group = len(elements)
    placement = Placement(model, config, context, sum(lengths), group, kv_bits)
    if placement.image_bytes > config.memory.bus_bytes << 32:
        raise CelosiaError(f"{model.path}: the image of {placement.image_bytes} bytes is beyond the address space")
    programs = {}
    for tokens in range(1, group + 1):
        drafts = _programs(model, config, placement, context, tokens, kv_bits)
        programs |= {key: overlapped(program, context, config.memory.bus_bytes)
                     for key, (program, _used) in drafts.items()}
    compiled = Compiled(model, config, context, kv_bits, group, placement, elements[0], programs)
    check_numbers(compiled)
    return compiled


def _programs(model, config, placement, context, tokens, kv_bits):
    """All programs of a group: dict of (int, Part or LayerPart) to (list of Instruction, elements of scratchpad)."""
    def build(part):
        builder = LayerBuilder(model, config, placement, context, tokens, kv_bits, stores_logits=part.stores_logits)
        model.architecture.build(builder, part)
        return builder.finish()

    return {(tokens, part): build(part) for part in model.architecture.parts(model.hyperparameters, tokens)}
