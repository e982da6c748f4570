"""`celosia logits`: what an engine computes for a sequence of tokens."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_CONFIG, DEFAULT_KV, ConfigName, ContextSize, EngineChoice, KvBits, SinkCount, WindowSize, check_kv,
    choose_context, find_config, find_engine, load_model, parse_ids)
from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["logits"]


def logits(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="GGUF file.")],
    ids: Annotated[str, typer.Option(metavar="1,2,3", help="Token ids, from position 0 on.")],
    out: Annotated[Path, typer.Option(metavar="FILE.npy", help="File to write.")],
    engine: EngineChoice = EngineName.MODEL,
    config: ConfigName = DEFAULT_CONFIG,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
):
    """Write the logits of every position of a sequence.

    The file is NumPy's: float32, shape (positions, vocabulary).

    \b
    celosia logits model.gguf --ids 1,403,407 --engine model --out model.npy
    celosia logits model.gguf --ids 1,403,407 --engine rtl --config sim-wide --out rtl.npy
    """
    import numpy as np

    from host.engine.rows import Rows
    from host.engine.engines import open_engine
    from host.console.output_file import output_file
    from host.console.progress_bar import ProgressBar

    engine, chosen, sequence = find_engine(engine), find_config(config), parse_ids(ids)
    check_kv(kv)
    loaded = load_model(model, window=window, sinks=sinks)
    loaded.check_predicts()
    vocab = loaded.hyperparameters.vocab
    if max(sequence) >= vocab:
        raise CelosiaError(f"ids must be below the vocabulary's {vocab}, not {max(sequence)}")
    with output_file(out) as file, ProgressBar(len(sequence), "tokens") as bar:
        context = choose_context(loaded, chosen, context, kv_bits=kv, engine=engine)
        opened = open_engine(engine, loaded, config=chosen, context=context, kv_bits=kv)
        if len(sequence) > opened.context:
            raise CelosiaError(f"ids must be at most the {opened.context} tokens of the context, "
                               f"not {len(sequence)}")
        rows = []
        for start in range(0, len(sequence), opened.group):
            rows.append(opened.extend(sequence[start:start + opened.group], rows=Rows.ALL))
            bar.advance(len(rows[-1]))
        np.save(file, np.concatenate(rows), allow_pickle=False)
