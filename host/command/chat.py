"""`celosia chat`: a conversation with a model."""

from contextlib import ExitStack, contextmanager
import importlib
from pathlib import Path
import signal
import sys
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_KV, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, load_model)
from host.command.writing import (
    AnyConfig, AnyEngine, GroupSize, Integers, MemoryName, MinP, PortPath, PreName, RepeatLastN, RepeatPenalty, Seed,
    Speculate, StopTexts, Temperature, TokenCount, TopK, TopP, check_writing, load_tokenizer, make_sampler,
    open_writing_engine, say_what_was_loaded)
from host.engine.engines import EngineName
from host.errors import CelosiaError, quoted

__all__ = ["chat"]

_COMMANDS = "/reset, /save FILE and /quit"


def chat(
    model: ModelPath = None,
    system: Annotated[str, typer.Option(
        metavar="PROMPT", show_default=False, help="What the model is told before the conversation.")] = "",
    template: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="One of several templates in the file, or a well-known form: chatml, llama3, gemma, ... By default the "
             "file's own.")] = None,
    think: Annotated[bool, typer.Option(
        "--think/--no-think", help="Templates that know thoughts ask for some, or for none.")] = True,
    tokens: TokenCount = None,
    engine: AnyEngine = EngineName.RTL,
    config: AnyConfig = None,
    memory: MemoryName = None,
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    context: ContextSize = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="Write a line of JSON for each reply to this file; - is stdout, and has nothing else then.")] = None,
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
    pre: PreName = None,
    port: PortPath = None,
    integers: Integers = False,
):
    """Talk with a model.

    Each line of stdin is a turn; one that ends with a backslash goes on in the next line. stdout has the replies, each
    with a line end behind it. Ctrl-C cuts a reply short.

    \b
    /reset        begin anew, with the system prompt
    /save FILE    write the conversation to a file, as JSON
    /quit         end; so does the end of stdin

    The chat template of the file makes a text of the conversation, in a sandbox. What the KV cache holds of it already
    is not computed again. Options are those of celosia generate.

    With --port alone, it is the board itself that talks, with the model in its memory: a terminal on its firmware,
    which control-] leaves. Lines that do not come from a terminal are passed on when the board has its prompt.

    \b
    celosia chat model.gguf --engine model
    celosia chat model.gguf --system "Answer in one sentence." --temperature 0.7
    celosia chat model.gguf --template chatml --tokens 100
    printf 'Hello\\nWhy?\\n' | celosia chat model.gguf --json -
    celosia chat model.gguf --engine board --port /dev/ttyUSB0
    celosia chat --port /dev/ttyUSB0
    """
    if port is not None and engine == EngineName.RTL and model is None:
        given = [system, template, tokens, config, memory, temperature, seed, context, json, top_k, min_p, stop,
                 speculate, group, window, sinks, pre, integers]
        if any(given) or not think or (top_p, repeat_penalty, repeat_last_n, kv) != (1, 1, 64, DEFAULT_KV):
            raise CelosiaError("the board's own chat has no options but --port: its model has its settings, and /help "
                               "prints what changes them")
        _talk(port)
        return
    from host.console.text_display import TextDisplay
    from host.gguf.metadata import Metadata
    from host.text.chat_template import find_template
    from host.text.conversation import Conversation

    engine, board_memory = check_writing(
        engine=engine, config=config, memory=memory, kv=kv, tokens=tokens, group=group, port=port)
    sampler = make_sampler(integers, temperature, seed, top_k=top_k, top_p=top_p, min_p=min_p,
                           repeat_penalty=repeat_penalty, repeat_last_n=repeat_last_n)
    loaded = load_model(model, window=window, sinks=sinks)
    loaded.check_predicts()
    tokens_of = load_tokenizer(loaded, pre)
    form = find_template(Metadata(loaded.path, loaded.metadata), template)
    with ExitStack() as closing:
        replies = closing.enter_context(_Replies(json))
        with TextDisplay(silent=True) as display:
            opened, chosen = open_writing_engine(
                closing, loaded, engine=engine, config=config, system=board_memory, context=context, kv=kv, port=port,
                group=group, progress=display.progress)
        if engine == EngineName.BOARD:
            say_what_was_loaded(opened)
        conversation = Conversation(opened, tokens_of, form, sampler, system=system, tokens=tokens, stops=stop,
                                    speculate=speculate, variables={"enable_thinking": think})
        for line in _turns():
            try:
                if _obeyed(line, conversation):
                    continue
                _reply(conversation, line, replies, chosen.memory.bus_bytes)
            except _Quit:
                return
            except CelosiaError as error:
                if not _interactive():
                    raise
                typer.echo(f"celosia: {error}", err=True)


def _talk(port):
    """Be a terminal of the board at a serial port."""
    from host.console.line_terminal import LineTerminal
    from host.transport.serial_transport import SerialTransport

    with SerialTransport(port) as transport:
        LineTerminal(transport).run()


class _Quit(Exception):
    """The user has enough."""


def _interactive():
    return sys.stdin.isatty()


def _turns():
    """What the user says, turn by turn."""
    begun = []
    for number, line in enumerate(_lines(), 1):
        text = line if isinstance(line, str) else _decoded(line, number)
        text = text.removesuffix("\n").removesuffix("\r")
        begun.append(text.removesuffix("\\"))
        if text.endswith("\\"):
            continue
        turn, begun = "\n".join(begun), []
        if turn.strip():
            yield turn
    if "".join(begun).strip():
        yield "\n".join(begun)


def _decoded(line, number):
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise CelosiaError(f"stdin: line {number} must be UTF-8, which byte {error.start} of it is not") from error


def _lines():
    """Lines of stdin, as they come; of a terminal with a prompt, and editing if stdout is one, too."""
    if not _interactive():
        yield from sys.stdin.buffer
        return
    if sys.stdout.isatty():
        importlib.import_module("readline")  # for its effect on input()
    while True:
        try:
            if sys.stdout.isatty():
                yield input("> ")
            else:
                print("> ", end="", file=sys.stderr, flush=True)
                line = sys.stdin.readline()
                if not line:
                    return
                yield line
        except EOFError:
            print()
            return
        except UnicodeDecodeError:
            typer.echo("celosia: stdin: a line must be UTF-8", err=True)


def _obeyed(line, conversation):
    """Do what a line that is a command says; whether it is one."""
    command, _, argument = line.partition(" ")
    if not command.startswith("/"):
        return False
    argument = argument.strip()
    if command == "/quit" and not argument:
        raise _Quit
    if command == "/reset" and not argument:
        conversation.reset()
    elif command == "/save" and argument:
        _save(argument, conversation)
    else:
        raise CelosiaError(f"commands are {_COMMANDS}, not {quoted(line)}; a space in front makes it a turn")
    return True


def _save(path, conversation):
    import json

    from host.console.output_file import output_file, takes_stdout

    if takes_stdout(path):
        raise CelosiaError("/save needs the name of a file, not -")
    with output_file(path) as file:
        file.write((json.dumps({"messages": conversation.messages}, indent=2, ensure_ascii=False) + "\n").encode())
    typer.echo(f"celosia: {len(conversation.messages)} messages in {path}", err=True)


def _reply(conversation, line, replies, bus_bytes):
    from host.console.text_display import TextDisplay
    from host.text.generation import StopReason

    with _interrupt_flag() as interrupted, TextDisplay(silent=replies.own_stdout) as display:
        pieces = conversation.say(line)
        for piece in pieces:
            display.write(piece)
            if interrupted:
                pieces.close()
                break
        # On a terminal the display ends the line itself.
        if not sys.stdout.isatty():
            display.write("\n")
    replies.add(conversation, bus_bytes, interrupted=bool(interrupted))
    generation = conversation.generation
    if generation.stop_reason == StopReason.CONTEXT:
        typer.echo(f"celosia: stopped: the context of {conversation.context} positions is full; /reset begins anew, "
                   f"/save FILE keeps what was said", err=True)


@contextmanager
def _interrupt_flag():
    """A list that an interrupt from the keyboard makes non-empty; a second one is an interrupt as ever."""
    seen = []

    def note(number, frame):
        seen.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    if _interactive():
        signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


class _Replies:
    """Lines of JSON, one for each reply: on stdout as they come, in a file when all is done."""

    def __init__(self, path):
        from host.console.output_file import output_file, takes_stdout

        self.own_stdout = takes_stdout(path)
        self._opening = output_file(None if self.own_stdout else path)
        self._file = None

    def __enter__(self):
        self._file = sys.stdout.buffer if self.own_stdout else self._opening.__enter__()
        return self

    def __exit__(self, *exception):
        return None if self.own_stdout else self._opening.__exit__(*exception)

    def add(self, conversation, bus_bytes, *, interrupted):
        """Write a line about the latest reply."""
        import json

        from host.text.step_cost import costs_of

        if self._file is None:
            return
        generation = conversation.generation
        line = json.dumps(dict(conversation.messages[-1]) | {
            "tokens": generation.ids,
            "prompt_tokens": len(generation.prompt_ids),
            "kept_tokens": conversation.kept,
            "stop_reason": "interrupt" if interrupted else generation.stop_reason,
        } | costs_of(generation.steps, bus_bytes), ensure_ascii=False)
        sys.stdout.flush()
        self._file.write(line.encode() + b"\n")
        self._file.flush()
