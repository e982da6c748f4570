"""`celosia generate`: text from a model."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_KV, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, load_model, read_text)
from host.command.writing import (
    AnyConfig, AnyEngine, GroupSize, Integers, MemoryName, MinP, PortPath, PreName, RepeatLastN, RepeatPenalty, Seed,
    Speculate, StopTexts, Temperature, TokenCount, TopK, TopP, check_writing, load_tokenizer, make_sampler,
    open_writing_engine, say_what_was_loaded)
from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["NOMINAL_HERTZ", "generate"]

NOMINAL_HERTZ = 100e6
"""Clock that simulated time is told for."""

_MOST_PROMPT_BYTES = 1 << 22


def generate(
    model: ModelPath = None,
    prompt: Annotated[str, typer.Option(metavar="TEXT", help="Text to continue.", show_default=False)] = "",
    prompt_file: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="Continue the text of this file, UTF-8, without the line end that it may close with; - is stdin.")] = None,
    tokens: TokenCount = None,
    engine: AnyEngine = EngineName.RTL,
    config: AnyConfig = None,
    memory: MemoryName = None,
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    context: ContextSize = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write text, tokens and costs to this file.", show_default=False)] = None,
    top_k: TopK = 0,
    top_p: TopP = 1.0,
    min_p: MinP = 0.0,
    repeat_penalty: RepeatPenalty = 1.0,
    repeat_last_n: RepeatLastN = 64,
    stop: StopTexts = (),
    speculate: Speculate = 0,
    group: GroupSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    trace: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="Also write a timeline of all tokens for ui.perfetto.dev to this file (engine rtl).")] = None,
    special: Annotated[bool, typer.Option(
        "--special", help="A control token that the prompt spells is that token, not text.")] = False,
    pre: PreName = None,
    port: PortPath = None,
    integers: Integers = False,
):
    """Let a model write text, token by token.

    The engine `rtl` is the gateware itself, compiled to a cycle-accurate simulation; `model` computes the
    same bits in NumPy; `float` is the ideal, float64 on the weights as the file has them. stdout gets the
    prompt and its continuation and nothing else.

    The engine `board` is hardware at the serial port --port, or what `celosia simulate` simulates. What its
    memory holds of the model already is not loaded again.

    With --window N a token sees itself and the N - 1 before it, with --sinks S the first S of the text as well; the KV
    cache is as long as that, and so is what a token reads of it. Layers with a narrower window of their own keep it.

    Options of sampling mean what they mean in llama.cpp and apply in its order: repetition penalty, top-k,
    top-p, min-p, temperature. A temperature of 0 needs none but the penalty.

    The prompt goes through the weights in groups of as many tokens as the configuration has logical columns;
    --group 1 feeds it token by token, which gives the same text.

    With --memory everything, the KV cache included, goes through the real DRAM controller of a board. The text is the
    same; cycles are those of its memory, and times those of its clock.

    With --speculate the latest tokens are looked up in the text so far, and what followed them there is a draft
    for what comes next. It goes through the weights together with the current token; N drafts need N + 1 logical
    columns. The text stays the same, with every seed: what changes is how many tokens a pass over the weights
    gives.

    \b
    celosia generate                                        the demo model tells a story
    celosia generate --prompt "Tom had a red ball."
    celosia generate model.gguf --tokens 20 --engine model
    celosia generate --temperature 0.8 --seed 3             another story for every seed
    celosia generate --temperature 1 --top-k 40 --top-p 0.95 --min-p 0.05
    celosia generate --prompt-file story.txt --tokens 20
    celosia generate model.gguf --special --prompt-file prompt.txt
    celosia generate --stop . --stop !                      one sentence, without its end
    celosia generate --config sim-wide --json report.json   with cycles per token and use of the bus
    celosia generate --tokens 3 --trace trace.json          what every unit does, cycle by cycle
    celosia generate --config sim-columns --speculate 3     several tokens per pass where the text repeats itself
    celosia generate --memory ulx3s --tokens 3              with the cycles of its SDRAM
    celosia generate --engine board --port /dev/ttyUSB0     on a board
    """
    from host.text.generation import Generation
    from host.console.output_file import output_file, takes_stdout
    from host.console.text_display import TextDisplay

    engine, system = check_writing(
        engine=engine, config=config, memory=memory, kv=kv, tokens=tokens, group=group, port=port)
    sampler = make_sampler(integers, temperature, seed, top_k=top_k, top_p=top_p, min_p=min_p,
                           repeat_penalty=repeat_penalty, repeat_last_n=repeat_last_n)
    if trace is not None and engine != EngineName.RTL:
        raise CelosiaError(f"trace needs the engine {EngineName.RTL}, not {engine}: the others know no cycles")
    if prompt_file is not None:
        if prompt:
            raise CelosiaError("only one of --prompt and --prompt-file is possible")
        prompt = read_text(prompt_file, most_bytes=_MOST_PROMPT_BYTES).removesuffix("\n").removesuffix("\r")
    hertz = NOMINAL_HERTZ if system is None else system.clock_hz
    loaded = load_model(model, window=window, sinks=sinks)
    loaded.check_predicts()
    tokens_of = load_tokenizer(loaded, pre)
    with (ExitStack() as closing, output_file(json) as report, output_file(trace) as trace_file,
          TextDisplay(silent=takes_stdout(json, trace)) as display):
        opened, chosen = open_writing_engine(
            closing, loaded, engine=engine, config=config, system=system, context=context, kv=kv, port=port,
            group=group, progress=display.progress)
        if trace_file:
            opened.timelines = []
        generation = Generation(opened, tokens_of, sampler, prompt=prompt, special=special, tokens=tokens,
                                stops=stop, speculate=speculate)
        for piece in generation:
            display.write(piece)
            display.progress(_progress(generation, hertz))
        if report:
            used = (None, None) if engine == EngineName.FLOAT else (chosen, kv)
            report.write(_report(generation, loaded, engine, *used, memory))
        if trace_file:
            from host.bench.perfetto import write_trace

            write_trace(trace_file, opened.timelines, hertz)
    _summary(generation, opened, engine, chosen, speculate, hertz)


def _progress(generation, hertz):
    """One line about the state of a generation."""
    steps, count = generation.steps, len(generation.ids)
    fed = sum(step.fed for step in steps if step.prefill)
    if fed < len(generation.prompt_ids):
        parts = [f"{fed} of {len(generation.prompt_ids)} tokens of the prompt"]
    else:
        parts = [f"{count} token{'' if count == 1 else 's'}"]
    seconds = sum(step.seconds for step in steps)
    if steps and steps[0].cycles is not None:
        cycles = sum(step.cycles for step in steps)
        milliseconds = cycles / hertz * 1e3
        parts += [f"{cycles:,} cycles = {milliseconds:,.1f} ms at {hertz / 1e6:.0f} MHz",
                  f"{cycles / seconds:,.0f} cycles/s"]
    if count:
        parts.append(f"{count / seconds:.1f} tokens/s")
    return ", ".join(parts)


def _report(generation, model, engine, config, kv_bits, memory):
    import json

    from host.text.step_cost import costs_of

    return (json.dumps({
        "text": generation.text,
        "tokens": generation.ids,
        "prompt_tokens": generation.prompt_ids,
        "stop_reason": generation.stop_reason,
        "model": str(model.path),
        "engine": engine,
        "config": config and config.name,
        "kv_bits": kv_bits,
        "memory": memory,
        "speculate": generation.speculate,
    } | costs_of(generation.steps, config and config.memory.bus_bytes), indent=2) + "\n").encode()


def _summary(generation, opened, engine, config, speculate, hertz):
    """What is left to say on stderr."""
    from host.text.generation import StopReason
    from host.text.step_cost import costs_of

    if speculate > generation.speculate:
        typer.echo(f"celosia: {speculate} drafts need {speculate + 1} logical columns; this model goes through "
                   f"{'the float engine' if engine == EngineName.FLOAT else repr(config.name)} in groups of "
                   f"{opened.group} at most, so there were {generation.speculate or 'none'}", err=True)
    if engine == EngineName.BOARD:
        say_what_was_loaded(opened)
    if generation.stop_reason == StopReason.CONTEXT:
        typer.echo(f"celosia: stopped: the context of {opened.context} positions is full", err=True)
    costs = costs_of(generation.steps, config.memory.bus_bytes)
    line = f"celosia: {_progress(generation, hertz)}"
    if costs["cycles_per_token"] is not None:
        line += f", {costs['cycles_per_token']:,.0f} cycles/token, bus busy {costs['bus_utilisation']:.1%}"
    if costs["prefill_cycles_per_token"] is not None:
        line += f", prompt {costs['prefill_cycles_per_token']:,.0f} cycles/token"
    if generation.speculate:
        line += f", {costs['accepted']} of {costs['drafted']} drafts accepted"
    typer.echo(line, err=True)
