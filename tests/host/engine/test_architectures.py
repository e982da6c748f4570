"""The accelerator, as the golden model has it, against the models that every architecture was taken from."""

import pytest

from testing.architectures import CASES, compare_model

CAUSAL = [case for case in CASES if not case.name.startswith(("bert", "modernbert"))]
"""Those of which logits are expected."""

ENCODERS = [case for case in CASES if case not in CAUSAL]


@pytest.mark.parametrize("case", CAUSAL, ids=lambda case: f"{case.name}-{case.ideal}-{case.window}")
def test_the_accelerator_is_near_the_ideal(architectures_dir, case):
    """On the first tokens. F32 weights are rounded to 16 bits; those of quantised files are exact, and then llama.cpp,
    which rounds what it multiplies them with to 8 bits, is far behind."""
    result = compare_model(case, architectures_dir, most=8)
    assert result.positions == 8 and result.astray == 0
    assert result.model < 5e-4
    if "-Q" in case.name:
        assert result.model < result.ggml / 20


@pytest.mark.parametrize("case", ENCODERS, ids=lambda case: f"{case.name}-{case.ideal}")
def test_an_encoder_on_the_accelerator_is_near_the_ideal(architectures_dir, case):
    """On whole texts, states and pooled vector. llama.cpp rounds more: GELU to 16 bits, and of quantised files what it
    multiplies weights with to 8."""
    result = compare_model(case, architectures_dir)
    assert result.model < 5e-4
    assert result.model < result.ggml / (20 if "-Q" in case.name else 1)


WINDOWED = [case for case in CAUSAL if case.name.startswith(("gemma", "olmo3", "phi3"))]
"""Those of which the files name a window, of 16 positions."""


@pytest.mark.parametrize("case", WINDOWED, ids=lambda case: f"{case.name}-{case.ideal}-{case.window}")
def test_the_accelerator_is_near_the_ideal_beyond_the_window(architectures_dir, case):
    """All positions that the results have: layers with a window and without one, soft caps, and two kinds of rope."""
    result = compare_model(case, architectures_dir, most=None)
    assert result.positions >= 40 and result.astray == 0
    assert result.model < 5e-4
