"""Chat templates: from a conversation to the text that a model was trained to go on with."""

from datetime import datetime
import json

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError

from host.errors import CelosiaError, quoted
from host.text.chat_formats import CHAT_FORMATS

__all__ = ["ChatTemplate", "find_template"]

_KEY = "tokenizer.chat_template"
_MOST_TEXT = 1 << 24
_MOST_REPEATED = 1 << 20
_TOKENS = ("bos", "eos", "unknown", "seperator", "padding", "mask", "cls")
_NAMES = {"unknown": "unk", "seperator": "sep", "padding": "pad"}
"""What templates call the tokens that GGUF's keys name otherwise."""


class ChatTemplate:
    """A template in Jinja, run in a sandbox: it sees the conversation, and neither files nor Python's insides.

    It finds what those of published models expect: `messages`, `add_generation_prompt`, `bos_token` and the like,
    `tools` and `documents`, which are none, `raise_exception`, `strftime_now`, the filter `tojson`, ``break`` and
    ``continue`` in loops, and blocks called ``generation``, which are for training.

    Parameters
    ----------
    source : str
    where : str
        What messages about it begin with.
    name : str
        For people.
    tokens : dict of str to str
        Texts of special tokens by the names that templates have for them.
    stops : tuple of str
        What ends a reply, where no token does.

    Attributes
    ----------
    name, stops

    Raises
    ------
    CelosiaError
        If it is not valid Jinja.
    """

    def __init__(self, source, *, where, name, tokens, stops=()):
        self.name, self.stops = name, stops
        self._where, self._tokens = where, tokens
        self._template = self._guarded(lambda: _environment().from_string(source))

    def render(self, messages, **variables):
        """The text of a conversation, up to where the model's reply begins.

        Parameters
        ----------
        messages : list of dict
            With ``role`` (``system``, ``user``, ``assistant``) and ``content``.
        variables
            What else the template is to see.

        Returns
        -------
        str

        Raises
        ------
        CelosiaError
            With what the template raises, or what goes wrong in it.
        """
        seen = self._tokens | {"tools": None, "documents": None, "add_generation_prompt": True} | variables
        return self._guarded(lambda: self._text(messages=[dict(message) for message in messages], **seen))

    def _text(self, **seen):
        parts, size = [], 0
        for part in self._template.generate(seen):
            parts.append(part)
            size += len(part)
            if size > _MOST_TEXT:
                raise SecurityError(f"its text has more than {_MOST_TEXT:,} characters")
        return "".join(parts)

    def _guarded(self, function):
        try:
            return function()
        # A template is a program of somebody else: it can raise what any expression can.
        except Exception as error:
            line = f"line {error.lineno}: " if getattr(error, "lineno", None) else ""
            kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
            raise CelosiaError(f"{self._where}: chat template {quoted(self.name)}: {line}{kind}{error}") from error


def find_template(metadata, name=None):
    """The chat template of a file, or one of `host.text.chat_formats.CHAT_FORMATS`.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    name : str, optional
        Of several templates in the file, or a known format. By default the file's own.

    Returns
    -------
    ChatTemplate

    Raises
    ------
    CelosiaError
        If there is none of this name, or none in the file, listing the names that there are.
    """
    named = _named_templates(metadata)
    tokens = _special_texts(metadata)
    if name is None and _KEY in metadata:
        return ChatTemplate(metadata.text(_KEY), where=metadata.path, name="default", tokens=tokens)
    names = ", ".join(dict.fromkeys([*named, *CHAT_FORMATS]))
    if name is None:
        raise CelosiaError(f"{metadata.path}: the file has no chat template; --template NAME takes one of {names}")
    if name in named:
        return ChatTemplate(metadata.text(named[name]), where=metadata.path, name=name, tokens=tokens)
    if name not in CHAT_FORMATS:
        raise CelosiaError(f"template must be one of {names}, not {quoted(name)}")
    known = CHAT_FORMATS[name]
    return ChatTemplate(known.source, where=metadata.path, name=name, tokens=tokens, stops=known.stops)


def _named_templates(metadata):
    """Keys of further templates by their name."""
    names = metadata.texts(_KEY + "s", [])
    return {name: f"{_KEY}.{name}" for name in names if f"{_KEY}.{name}" in metadata}


def _special_texts(metadata):
    tokens = metadata.texts("tokenizer.ggml.tokens")
    ids = {name: metadata.token(f"tokenizer.ggml.{name}_token_id", len(tokens)) for name in _TOKENS}
    return {f"{_NAMES.get(name, name)}_token": "" if id is None else tokens[id] for name, id in ids.items()}


class _Sandbox(ImmutableSandboxedEnvironment):
    """Refuses what makes a short template take all memory."""

    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context, operator, left, right):
        if operator == "**" and abs(right) > 64:
            raise SecurityError("a power is too large")
        if operator == "*":
            for sequence, count in ((left, right), (right, left)):
                if hasattr(sequence, "__len__") and len(sequence) * count > _MOST_REPEATED:
                    raise SecurityError("a repetition is too long")
        return super().call_binop(context, operator, left, right)


class _Generation(Extension):
    """``{% generation %} ... {% endgeneration %}``: its content."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True), lineno=line)


def _environment():
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation])
    environment.filters["tojson"] = _to_json
    environment.globals |= {"raise_exception": _raise, "strftime_now": lambda form: datetime.now().strftime(form)}
    return environment


def _raise(message):
    raise TemplateError(message)


def _to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    # Jinja's own escapes what HTML would take for its own.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
