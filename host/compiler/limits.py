"""What a configuration has no room for."""

from gateware.isa import VECTOR_CODES, encode
from host.arch.tensor_spec import TensorKind
from host.compiler.layer_cache import layer_window
from host.errors import CelosiaError
from host.image.formats import FORMATS

__all__ = ["check_fit", "check_numbers", "check_rows", "most_seen"]


def most_seen(hp, context):
    """Elements of the longest vector that has one for each position, in any layer."""
    windows = [layer_window(hp, kind) for kind in hp.kinds[:hp.layers]]
    return max(context if window is None else min(context, window.most) for window in windows)


def check_fit(model, config, context):
    """Refuse what a buffer of the configuration cannot hold, and formats that it does not decode.

    Raises
    ------
    CelosiaError
        Naming what it is and what is missing.
    """
    rows = [(f"a row of tensor {name!r}", spec.columns) for name, spec in model.specs.items()
            if spec.kind == TensorKind.MATRIX]
    vectors = *rows, (f"context {context}", most_seen(model.hyperparameters, context))
    what, longest = max(vectors, key=lambda item: item[1])
    needed = longest + -longest % VECTOR_CODES
    if needed > config.dot.x_elements:
        raise CelosiaError(f"{model.path}: {what} needs {needed} elements of x-buffer, "
                           f"{needed - config.dot.x_elements} more than configuration {config.name!r} has "
                           f"({config.dot.x_elements})")
    for name, tensor in model.tensors.items():
        if tensor.ggml_type not in FORMATS:
            raise CelosiaError(f"{model.path}: tensor {name!r} has type {tensor.ggml_type}, which the gateware "
                               f"does not decode; it decodes {', '.join(FORMATS)}")
        missing = [part for part in FORMATS[tensor.ggml_type].decoders if part not in config.dot.decoders]
        if missing:
            raise CelosiaError(f"{model.path}: tensor {name!r} has type {tensor.ggml_type}, which needs "
                               f"{' and '.join(missing)}; configuration {config.name!r} is built without")


def check_rows(model, config, placement):
    """Refuse rows whose scales, or the vectors that they are multiplied with, a buffer cannot hold.

    Raises
    ------
    CelosiaError
        Naming the first tensor with such rows.
    """
    for name, row in placement.rows.items():
        if row.sub_start > config.dot.scale_bytes:
            raise CelosiaError(
                f"{model.path}: a row of tensor {name!r} needs {row.sub_start} bytes of scale buffer, "
                f"{row.sub_start - config.dot.scale_bytes} more than configuration {config.name!r} has "
                f"({config.dot.scale_bytes})")
        # A row may be longer than that of the file, which is known to fit.
        needed = row.vectors * VECTOR_CODES
        if needed > config.dot.x_elements:
            raise CelosiaError(
                f"{model.path}: a row of tensor {name!r} needs {needed} elements of x-buffer, "
                f"{needed - config.dot.x_elements} more than configuration {config.name!r} has "
                f"({config.dot.x_elements})")


def check_numbers(compiled):
    """Refuse numbers that an instruction cannot hold.

    Parameters
    ----------
    compiled : host.compiler.compiled.Compiled

    Raises
    ------
    CelosiaError
        Naming the instruction.
    """
    path, config = compiled.model.path, compiled.config
    try:
        for program in compiled.programs.values():
            for instruction in program:
                encode(instruction)
    except ValueError as error:
        raise CelosiaError(f"{path} is too large for configuration {config.name!r}: {error}") from None
