"""The context of a model that nobody has chosen one for."""

from boards.configs import ALL_CONFIGS
from gateware.isa import INSTRUCTION_BITS
from host.compiler.compiled import compile_model
from host.compiler.fitting_context import fitting_context
from host.compiler.placement import Placement
from host.compiler.scratchpad import most_elements

__all__ = ["default_context", "roomiest"]


def default_context(model, config, *, kv_bits=16, memory_bytes=None):
    """As many positions as the model was trained for, or as many as fit.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    kv_bits : int
        Bits of a code in the KV cache.
    memory_bytes : int, optional
        What the image must not exceed.

    Returns
    -------
    context : int
        At least 1, which the compiler refuses if it does not fit either.
    note : str or None
        What there is to say if it is less than the model was trained for: why, and what has room for more.
    """
    trained, usual = model.hyperparameters.context, model.hyperparameters.usual_context
    context = fitting_context(model, config, kv_bits=kv_bits)
    if not context:
        return 1, None
    fits = context if memory_bytes is None else _within(memory_bytes, model, config, context, kv_bits)
    if fits == usual:
        return usual, None
    what = f"context is {max(fits, 1)} of the {trained} positions that the model was trained for"
    if fits < context:
        return max(fits, 1), f"{what}: the memory of {memory_bytes:,} bytes has no room for more; a larger one has"
    name, most = roomiest(model, kv_bits=kv_bits)
    more = f"{name!r} has for {most}" if most > fits else "nor has any other"
    return fits, f"{what}: configuration {config.name!r} has no room for more; {more}"


def roomiest(model, *, kv_bits=16):
    """The configuration with room for the longest context, the first of equals: its name, and how long that is."""
    room = {name: fitting_context(model, config, kv_bits=kv_bits) for name, config in ALL_CONFIGS.items()}
    name = max(room, key=room.get)
    return name, room[name]


def _within(memory_bytes, model, config, context, kv_bits):
    """The longest context of at most `context` whose image is not larger than a memory; 0 if none is."""
    while context:
        compiled = compile_model(model, config, context, kv_bits=kv_bits)
        if compiled.placement.image_bytes <= memory_bytes:
            return context
        length = len(compiled.placement.map.regions["program"]) // (INSTRUCTION_BITS // 8)
        # Groups may be larger in a shorter context, and need room in the image: hence the loop.
        context = most_elements(
            lambda positions: Placement(model, config, positions, length, compiled.group,
                                        kv_bits).image_bytes <= memory_bytes, context - 1)
    return 0
