"""Chat templates: what published ones use, what goes wrong in them, and the well-known forms."""

import pytest

from host.errors import CelosiaError
from host.gguf.metadata import Metadata
from host.text.chat_formats import CHAT_FORMATS
from host.text.chat_template import find_template

KEY = "tokenizer.chat_template"
NAMES = "chatml, llama2, llama3, gemma, mistral, phi3, zephyr, vicuna, alpaca"
HELLO = [{"role": "user", "content": "Hi"}]
DIALOGUE = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Why?"}]


def find(source=None, name=None, **keys):
    values = {"tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>"], "tokenizer.ggml.bos_token_id": 1,
              "tokenizer.ggml.eos_token_id": 2} | {KEY + key: value for key, value in keys.items()}
    return find_template(Metadata("m.gguf", values | ({} if source is None else {KEY: source})), name)


@pytest.mark.parametrize("source, text", [
    ("{{ bos_token }}{% for m in messages %}{{ m['role'] }}:{{ m.content }}{{ eos_token }}{% endfor %}",
     "<s>user:Hi</s>"),
    ("{% if add_generation_prompt %}\n  {% set x = 'go' %}\n{{ x }}{% endif %}", "go"),
    ("{%- for m in messages -%}{% if m.role == 'system' %}{% continue %}{% endif %} {{ m.content | trim }} "
     "{% endfor %}", " Hi "),
    ("{{ messages | tojson }}", '[{"role": "user", "content": "Hi"}]'),
    ("{{ {'a': '<\u00e9>'} | tojson(indent=2) }}", '{\n  "a": "<\u00e9>"\n}'),
    ("{{ 'none' if tools is none and not documents and not pad_token }}", "none"),
    ("{% generation %}{{ messages[0].content }}{% endgeneration %}!", "Hi!"),
    ("{% set n = namespace(x=0) %}{% for c in messages[0].content %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}", "2"),
    ("{{ 'H' in messages[0].content and messages[0].content.split('i')[0].lower() }}", "h"),
    ("{{ strftime_now('%Y') | length }}", "4"),
    ("{{ '-' * 3 }}{{ 2 ** 10 }}", "---1024"),
])
def test_what_templates_use(source, text):
    assert find(source).render(HELLO) == text


def test_variables():
    assert find("{{ enable_thinking }}").render(HELLO, enable_thinking=False) == "False"


@pytest.mark.parametrize("source, message", [
    ("{% if %}", "line 1: Expected an expression, got 'end of statement block'"),
    ("\n{{ x y }}", "line 2: expected token 'end of print statement', got 'y'"),
    ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
    ("{{ messages[7].content }}", "list object has no element 7"),
    ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
    ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
    ("{{ messages.append(1) }}", "access to attribute 'append' of 'list' object is unsafe."),
    ("{{ 'x' * 100000000 }}", "a repetition is too long"),
    ("{{ 2 ** 1000000000 }}", "a power is too large"),
    ("{% for i in range(100000000) %}{% endfor %}",
     "OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."),
    ("{% for i in range(999) %}{{ 'x' * 99999 }}{% endfor %}", "its text has more than 16,777,216 characters"),
    ("{% include 'x' %}", "TypeError: no loader for this environment specified"),
])
def test_what_goes_wrong(source, message):
    with pytest.raises(CelosiaError) as caught:
        find(source).render(HELLO)
    assert str(caught.value) == f"m.gguf: chat template 'default': {message}"


def test_no_template():
    with pytest.raises(CelosiaError) as caught:
        find()
    assert str(caught.value) == f"m.gguf: the file has no chat template; --template NAME takes one of {NAMES}"


def test_several_templates():
    keys = {"s": ["default", "tool_use", "missing"], ".tool_use": "tools", ".default": "other"}
    assert find("plain", **keys).render(HELLO) == "plain"
    assert find("plain", "tool_use", **keys).render(HELLO) == "tools"
    assert find(None, "default", **keys).render(HELLO) == "other"
    with pytest.raises(CelosiaError) as caught:
        find("plain", "rag", **keys)
    assert str(caught.value) == f"template must be one of default, tool_use, {NAMES}, not 'rag'"
    with pytest.raises(CelosiaError) as caught:
        find(**keys)
    assert str(caught.value) == (
        f"m.gguf: the file has no chat template; --template NAME takes one of default, tool_use, {NAMES}")


FORMS = {
    "chatml": "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello."
              "<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
    "llama2": "[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Why? [/INST]",
    "llama3": "<|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user"
              "<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
              "<|start_header_id|>user"
              "<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma": "<start_of_turn>user\nBe kind.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n"
             "<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n",
    "mistral": "[INST] Be kind.\n\nHi [/INST] Hello.</s>[INST] Why? [/INST]",
    "phi3": "<|system|>\nBe kind.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello.<|end|>\n<|user|>\nWhy?<|end|>\n"
            "<|assistant|>\n",
    "zephyr": "<|system|>\nBe kind.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n<|user|>\nWhy?</s>\n"
              "<|assistant|>\n",
    "vicuna": "USER: Be kind.\n\nHi ASSISTANT: Hello.</s>USER: Why? ASSISTANT:",
    "alpaca": "### Instruction:\nBe kind.\n\nHi\n\n### Response:\nHello.\n\n### Instruction:\nWhy?\n\n### Response:\n",
}


@pytest.mark.parametrize("name", sorted(CHAT_FORMATS))
def test_known_forms(name):
    template = find(None, name)
    assert template.render(DIALOGUE) == FORMS[name]
    assert "Be kind" not in template.render(HELLO) and "Hi" in template.render(HELLO)


def test_templates_of_the_shared_vocabularies(data_dir):
    """Of Phi-3 and of Qwen2, as their authors wrote them."""
    from host.gguf.file import GGUFFile

    def rendered(name, messages):
        path = data_dir / "vocab" / f"ggml-vocab-{name}.gguf"
        return find_template(Metadata(path, GGUFFile(path).metadata)).render(messages)

    assert rendered("phi-3", HELLO) == "<s><|user|>\nHi<|end|>\n<|assistant|>\n"
    assert rendered("qwen2", DIALOGUE) == FORMS["chatml"]
