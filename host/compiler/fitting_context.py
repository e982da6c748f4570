"""How many positions a configuration has room for."""

from host.compiler.layer_builder import LayerBuilder
from host.compiler.limits import check_fit, check_rows, most_seen
from host.compiler.placement import Placement
from host.compiler.scratchpad import most_elements
from host.errors import CelosiaError

__all__ = ["fitting_context"]


def fitting_context(model, config, *, kv_bits=16):
    """The longest context, of at most what the model is usually given, that the buffers of a configuration hold.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    kv_bits : int
        Bits of a code in the KV cache.

    Returns
    -------
    int
        0 if the model does not fit whatever the context.
    """
    try:
        check_fit(model, config, 1)
        placement = Placement(model, config, 1, 0, 1, kv_bits)
        check_rows(model, config, placement)
        elements = []
        for part in model.architecture.token_parts(model.hyperparameters):
            builder = LayerBuilder(model, config, placement, 1, 1, kv_bits, stores_logits=part.stores_logits)
            model.architecture.build(builder, part)
            elements.append(builder.scratchpad.used(builder.program))
    except CelosiaError:
        return 0
    hp = model.hyperparameters
    return most_elements(lambda context: max(used(context) for used in elements) <= config.vector.scratchpad
                         and most_seen(hp, context) <= config.dot.x_elements, hp.usual_context)
