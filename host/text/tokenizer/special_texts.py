"""What tokens are by their spelling, or by the name of their model, where no key of the file says it."""

__all__ = ["CODE_TEXTS", "END_TEXTS", "HARMONY_TEXTS", "ends_by_spelling", "part_end", "strips_left", "strips_right"]

END_TEXTS = frozenset((
    "</s>", "<eos>", "[EOS]", "<|endoftext|>", "<|end_of_text|>", "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<|eot_id|>", "<EOT>", "_<EOT>", "[EOT]", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "[e~[",
    "<end_of_utterance>", "<|eom_id|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<|tool_response>",
    # Where code models go on to another file.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]",
    "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
))
"""Ends of a text, a turn, a message or a call, as published vocabularies spell them. llama.cpp stops at the same
ones. They are control tokens whatever their type."""

CODE_TEXTS = frozenset((
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\uff5cfim\u2581begin\uff5c>", "<PRE>", "\u2581<PRE>",
    "<|code_prefix|>", "<|prefix|>",
    "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\uff5cfim\u2581hole\uff5c>", "<SUF>", "\u2581<SUF>",
    "<|code_suffix|>", "<|suffix|>",
    "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\uff5cfim\u2581end\uff5c>", "<MID>", "\u2581<MID>",
    "<|code_middle|>", "<|middle|>",
))
"""What code models put around a gap that they are to fill: control tokens, too."""

HARMONY_TEXTS = frozenset(("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"))
"""Where the parts of an answer begin: user-defined tokens whatever their type, so that they are seen."""

_PART_END = "<|end|>"


def part_end(tokens):
    """Id of a token that ends a part of a turn, where its spelling ends the turn in other vocabularies; or None.

    That is so where ``<|return|>`` and ``<|call|>``, or ``<|calls|>`` and ``<|flush|>``, end a turn.

    Parameters
    ----------
    tokens : list of str
    """
    found = {"<|call|>", "<|calls|>", "<|return|>", "<|flush|>", _PART_END}.intersection(tokens)
    call, end = found & {"<|call|>", "<|calls|>"}, found & {"<|return|>", "<|flush|>"}
    return tokens.index(_PART_END) if _PART_END in found and call and end else None


def ends_by_spelling(tokens):
    """Which tokens of a vocabulary end a text.

    Two families use one of the spellings for something else: see `part_end`; and where ``<|tool_response>`` ends a
    turn, ``</s>`` is an ordinary word.

    Parameters
    ----------
    tokens : list of str

    Returns
    -------
    frozenset of int
    """
    found = {token: id for id, token in enumerate(tokens) if token in END_TEXTS}
    if "<|tool_response>" in found:
        found.pop("</s>", None)
    return frozenset(found.values()) - {part_end(tokens)}


def strips_left(metadata, tokens):
    """Tokens that white space in front of them belongs to: masks of some families.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    tokens : list of str

    Returns
    -------
    frozenset of int
    """
    pre, architecture = metadata.text("tokenizer.ggml.pre", ""), metadata.text("general.architecture", "")
    if pre in ("jina-v2-de", "jina-v2-es", "jina-v2-code") or architecture in ("nomic-bert-moe", "jina-bert-v3"):
        mask = "<mask>"
    elif "modern-bert" in metadata.text("general.name", "").lower():
        mask = "[MASK]"
    else:
        return frozenset()
    return frozenset([tokens.index(mask)] if mask in tokens else [])


def strips_right(metadata, tokens, special):
    """Tokens that white space behind them belongs to: the special ones of models that are called Phi-3, but for three.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata
    tokens : list of str
    special : frozenset of int

    Returns
    -------
    frozenset of int
    """
    name = metadata.text("general.name", "").lower()
    if "phi-3" not in name and "phi3" not in name:
        return frozenset()
    return frozenset(id for id in special if tokens[id] not in ("<unk>", "<s>", "<|endoftext|>"))
