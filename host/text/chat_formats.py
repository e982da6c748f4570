"""Well-known forms of a conversation, for files without a chat template."""

from dataclasses import dataclass

__all__ = ["CHAT_FORMATS", "ChatFormat"]


@dataclass(frozen=True)
class ChatFormat:
    """How models of a family expect a conversation.

    Attributes
    ----------
    source : str
        Jinja, with what templates of files get (`host.text.chat_template`).
    stops : tuple of str
        What ends a reply, where it is no token that does so anyway.
    """

    source: str
    stops: tuple[str, ...] = ()


def _with_system_in_first_turn(first, user, assistant, joint):
    """A form that has no place for a system prompt: it is put before what the user says first."""
    return ("{% set begin = namespace(text='') %}{% for message in messages %}"
            "{% if message.role == 'system' %}{% set begin.text = message.content + '" + joint + "' %}"
            "{% elif message.role == 'user' %}" + user.replace("CONTENT", "{{ begin.text + message.content }}") +
            "{% set begin.text = '' %}"
            "{% else %}" + assistant.replace("CONTENT", "{{ message.content }}") + "{% endif %}{% endfor %}" + first)


def _turns(turn, reply):
    """A form in which all turns look alike."""
    return ("{% for message in messages %}" + turn.replace("ROLE", "{{ message.role }}")
            .replace("CONTENT", "{{ message.content }}") + "{% endfor %}"
            "{% if add_generation_prompt %}" + reply + "{% endif %}")


CHAT_FORMATS = {
    "chatml": ChatFormat(
        _turns("<|im_start|>ROLE\nCONTENT<|im_end|>\n", "<|im_start|>assistant\n"), ("<|im_end|>",)),
    "llama2": ChatFormat(_with_system_in_first_turn(
        "", "{{ bos_token if not loop.first and not begin.text else '' }}[INST] CONTENT [/INST]",
        " CONTENT {{ eos_token }}", "\\n<</SYS>>\\n\\n").replace(
            "begin.text = message.content", "begin.text = '<<SYS>>\\n' + message.content")),
    "llama3": ChatFormat(
        _turns("<|start_header_id|>ROLE<|end_header_id|>\n\nCONTENT<|eot_id|>",
               "<|start_header_id|>assistant<|end_header_id|>\n\n"), ("<|eot_id|>",)),
    "gemma": ChatFormat(_with_system_in_first_turn(
        "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}",
        "<start_of_turn>user\nCONTENT<end_of_turn>\n", "<start_of_turn>model\nCONTENT<end_of_turn>\n", "\\n\\n"),
        ("<end_of_turn>",)),
    "mistral": ChatFormat(_with_system_in_first_turn(
        "", "[INST] CONTENT [/INST]", " CONTENT{{ eos_token }}", "\\n\\n")),
    "phi3": ChatFormat(_turns("<|ROLE|>\nCONTENT<|end|>\n", "<|assistant|>\n"), ("<|end|>",)),
    "zephyr": ChatFormat(_turns("<|ROLE|>\nCONTENT{{ eos_token }}\n", "<|assistant|>\n"), ("<|user|>",)),
    "vicuna": ChatFormat(_with_system_in_first_turn(
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}", "USER: CONTENT ", "ASSISTANT: CONTENT{{ eos_token }}",
        "\\n\\n"), ("USER:",)),
    "alpaca": ChatFormat(_with_system_in_first_turn(
        "{% if add_generation_prompt %}### Response:\n{% endif %}", "### Instruction:\nCONTENT\n\n",
        "### Response:\nCONTENT\n\n", "\\n\\n"), ("### Instruction:",)),
}
"""By name, as ``--template`` takes it."""
