"""Where each pre-tokenizer cuts a text; expected cuts are those of the models' own tokenizers."""

import pytest

from host.text.tokenizer.cutter import Cutter
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS

NAMES = """default gpt-2 gpt2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert
    roberta-bpe jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code smollm starcoder refact command-r
    codeshell exaone minerva-7b mellum2 falcon llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2
    jina-v5-nano dbrx smaug-bpe glm4 chatglm-bpe jais-2 minicpm5 qwen2 deepseek-r1-qwen stablelm2 hunyuan megrez kormo
    f2llmv2 solar-open grok-2 qwen35 ufakzeka laguna seed-coder bailingmoe bailingmoe2 llada-moe exaone-moe tekken
    gpt-4o llama4 kanana2 talkie minimax-m2 granite-embed-multi-97m tiny_aya cohere2moe youtu kimi-k2 superbpe
    deepseek-llm deepseek-coder deepseek-v3 hunyuan-dense joyai-llm hy_v4 spark2_5 afmoe poro-chat bloom gpt3-finnish
    viking chameleon gemma4 granite-embed-multi-311m sarvam-moe whitespace""".split()


def test_names():
    """Those that llama.cpp knows, and no other."""
    assert set(PRE_TOKENIZERS) == set(NAMES)


def test_flags():
    """Who expects BOS where the file does not say, and who looks whole words up, is part of the name."""
    assert {name for name, pre in PRE_TOKENIZERS.items() if pre.add_bos} == {
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano",
        "tekken", "chameleon"}
    assert {name for name, pre in PRE_TOKENIZERS.items() if pre.whole_words} == {
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano",
        "tekken", "minicpm5", "youtu", "granite-embed-multi-97m"}


@pytest.mark.parametrize("name, cuts", [
    ("gpt-2", "12345678"),
    ("qwen2", "1|2|3|4|5|6|7|8"),
    ("smollm", "1|2|3|4|5|6|7|8"),
    ("viking", "1|2|3|4|5|6|7|8"),
    ("llama-bpe", "123|456|78"),
    ("gpt-4o", "123|456|78"),
    ("deepseek-v3", "123|456|78"),
    ("default", "123|456|78"),
    ("superbpe", "12|345|678"),
    ("afmoe", "12|345|678"),
    ("tiny_aya", "12|345|678"),
    ("bloom", "12345678"),
])
def test_digits(name, cuts):
    assert Cutter(PRE_TOKENIZERS[name]).cut(cuts.replace("|", "")) == cuts.split("|")


@pytest.mark.parametrize("name, cuts", [
    ("gpt-2", "It|'|LL| XMLHttp|/|\n|/|  "),
    ("llama-bpe", "It|'LL| XMLHttp|/\n|/|  "),
    ("ufakzeka", "It|'LL| XMLHttp|/\n|/|  "),
    ("seed-coder", "It|'LL| XMLHttp|/|\n|/|  "),
    ("tekken", "It|'LL| XMLHttp|/\n/|  "),
    ("gpt-4o", "It'LL| XMLHttp|/\n/|  "),
    ("kimi-k2", "It'LL| XMLHttp|/\n|/|  "),
    ("bailingmoe", "It|'LL| XMLHttp|/\n|/|  "),
    ("deepseek-v3", "It|'LL| XMLHttp|/\n|/|  "),
    ("laguna", "It|'LL| XMLHttp|/|\n|/|  "),
    ("chameleon", "It|'|LL| XMLHttp|/|\n|/|  "),
    ("bloom", "It'LL| XMLHttp/|\n|/|  "),
    ("gemma4", "It'LL XMLHttp/|\n|/  "),
])
def test_words(name, cuts):
    assert Cutter(PRE_TOKENIZERS[name]).cut(cuts.replace("|", "")) == cuts.split("|")


@pytest.mark.parametrize("name, cuts", [
    ("llama-bpe", "\u00c4PFELbaum|\u0301x"),
    ("qwen2", "\u00c4PFELbaum|\u0301x"),
    ("qwen35", "\u00c4PFELbaum\u0301x"),
    ("tekken", "\u00c4PFELbaum\u0301x"),
    ("tekken", "foo|Bar|\u00c4pfel"),
    ("gpt-4o", "foo|Bar|\u00c4pfel"),
    ("kimi-k2", "foo|Bar|\u6f22\u5b57|kana"),
    ("youtu", "\u6f22\u5b57|\u3001|\uac00\ub098|x"),
    ("deepseek-v3", "\u6f22\u5b57|abc| \uac00"),
    ("afmoe", "\u6f22\u5b57|abc| |\uac00"),
    ("deepseek-coder", "\u6f22\u5b57|,|1|2"),
])
def test_scripts(name, cuts):
    assert Cutter(PRE_TOKENIZERS[name]).cut(cuts.replace("|", "")) == cuts.split("|")


@pytest.mark.parametrize("name, text, cuts", [
    ("tiny_aya", "1234567x 1234567.", ["123", "456", "7", "x", " ", "1", "234", "567", "."]),
    ("superbpe", "a1234b", ["a", "1", "234", "b"]),
    ("jais-2", "a" + " " * 11 + "b", ["a", " " * 8, " " * 2, " b"]),
    ("exaone-moe", "a b c", ["a b c"]),
    ("whitespace", " a\tbc\n", ["a", "bc"]),
    ("chameleon", "IMGIMGABZ    x", ["IMGIMGABZ", "    ", "x"]),
    ("spark2_5", "x.\n\n", ["x", ".", "\n", "\n"]),
])
def test_single(name, text, cuts):
    assert Cutter(PRE_TOKENIZERS[name]).cut(text) == cuts


@pytest.mark.parametrize("name", sorted(PRE_TOKENIZERS))
def test_nothing_is_lost(name):
    text = "It's 12345678 x\u0301\u00c4b \u6f22\u5b57\uac00 ...\n\n  \t<a>/b_c\u00a0\U0001f600"
    cuts = Cutter(PRE_TOKENIZERS[name]).cut(text)
    assert "".join(cuts) == ("".join(text.split()) if name == "whitespace" else text)
    assert "" not in cuts


@pytest.mark.parametrize("name", ["superbpe", "afmoe", "tiny_aya"])
@pytest.mark.parametrize("text", ["1" * 200_000, "1" * 200_000 + "x"])
def test_long_numbers_take_time_in_proportion(name, text):
    """Read as regular expressions, these steps would look at 10^10 digits."""
    assert "".join(Cutter(PRE_TOKENIZERS[name]).cut(text)) == text
