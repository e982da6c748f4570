"""Tokens that end a text by their spelling, where no key of the file names them."""

__all__ = ["END_TEXTS", "ends_by_spelling"]

END_TEXTS = frozenset((
    "</s>", "<eos>", "[EOS]", "<|endoftext|>", "<|end_of_text|>", "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<|eot_id|>", "<EOT>", "_<EOT>", "[EOT]", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "[e~[",
    "<end_of_utterance>", "<|eom_id|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<|tool_response>",
    # Where code models go on to another file.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]",
    "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
))
"""Ends of a text, a turn, a message or a call, as published vocabularies spell them. llama.cpp stops at the same
ones."""


def ends_by_spelling(tokens):
    """Which tokens of a vocabulary end a text.

    Two families use one of the spellings for something else: where ``<|return|>`` and ``<|call|>``, or ``<|calls|>``
    and ``<|flush|>``, end a turn, ``<|end|>`` only ends a part of it; and where ``<|tool_response>`` does, ``</s>``
    is an ordinary word.

    Parameters
    ----------
    tokens : list of str

    Returns
    -------
    frozenset of int
    """
    found = {token: id for id, token in enumerate(tokens) if token in END_TEXTS}
    call = "<|call|>" in found or "<|calls|>" in found
    if call and ("<|return|>" in found or "<|flush|>" in found):
        found.pop("<|end|>", None)
    if "<|tool_response>" in found:
        found.pop("</s>", None)
    return frozenset(found.values())
