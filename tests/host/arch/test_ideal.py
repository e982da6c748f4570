"""Every architecture against the models that it was taken from."""

import pytest

from host.errors import CelosiaError
from host.gguf.model import load
from testing.architectures import CASES, EXPERTS, NAMES, compare


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.ideal}-{case.window}")
def test_float_is_the_ideal(architectures_dir, case):
    """The results are stored as float32, which is 3e-8 of them. llama.cpp's table of GELU alone costs 1e-4, a wrong
    epsilon 2e-5 or more where the weights are of usual size."""
    result = compare(case, architectures_dir)
    assert result.float < 1e-6
    assert result.float < result.ggml
    assert result.same == result.positions


def test_no_file_is_left_out(architectures_dir):
    assert {path.stem for path in architectures_dir.glob("*.gguf")} == {case.name for case in CASES} | {*EXPERTS}


@pytest.mark.parametrize("name", EXPERTS)
def test_experts_are_refused_by_name(architectures_dir, name):
    with pytest.raises(CelosiaError) as error:
        load(architectures_dir / f"{name}.gguf")
    architecture = name.removesuffix("-Q8_0").removesuffix("shared")
    expected = f"architecture must be one of {NAMES}, not '{architecture}'"
    if architecture == "mixtral":
        expected = "metadata key 'llama.expert_count' must be absent or 0 (it is not supported), not 8"
    assert str(error.value) == f"{architectures_dir / name}.gguf: {expected}"
