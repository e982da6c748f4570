"""Opens an engine by its name."""

from enum import StrEnum

__all__ = ["EngineName", "open_engine"]


class EngineName(StrEnum):
    """Values of ``--engine``."""

    FLOAT = "float"  #: NumPy float64 on dequantised weights, the ideal
    MODEL = "model"  #: bit-exact NumPy, executes the program
    RTL = "rtl"      #: the gateware, compiled simulation
    BOARD = "board"  #: a board behind a link, real or simulated


def open_engine(name, model, *, config, context=None, kv_bits=16, memory=None, board=None, progress=None):
    """Make a model ready to run.

    Parameters
    ----------
    name : EngineName or str
    model : host.gguf.model.Model
    config : gateware.config.Config
        Ignored by ``float``.
    context : int, optional
        Positions of the KV cache; the model's own by default.
    kv_bits : int
        Bits of a code in the KV cache. Ignored by ``float``, which rounds nothing.
    memory : soc.dram.memory.Memory, optional
        Of ``rtl`` alone: its controller is simulated as well; by default memory is a simple model.
    board : host.transport.link_client.LinkClient
        Of ``board`` alone.
    progress : function of (int, int), optional
        Of ``board`` alone: called while it is loaded, with bytes done and bytes in all.

    Returns
    -------
    host.engine.engine.Engine

    Raises
    ------
    CelosiaError
        If the model does not fit the configuration or the memory, or the context is not possible.
    """
    if name == EngineName.FLOAT:
        from host.engine.float_engine import FloatEngine

        return FloatEngine(model, context)
    from host.compiler.compiled import compile_model
    from host.image.image import build_image

    image = build_image(compile_model(model, config, context, kv_bits=kv_bits))
    if name == EngineName.MODEL:
        from host.engine.model_engine import ModelEngine

        return ModelEngine(image)
    if name == EngineName.BOARD:
        from host.engine.board_engine import BoardEngine

        return BoardEngine(image, board, progress=progress)
    from host.engine.rtl_engine import MemoryTiming, RtlEngine

    if memory is not None:
        image.check_fits(memory)
    return RtlEngine(image, memory=memory or MemoryTiming())
