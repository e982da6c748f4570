"""What every test shares: the data of others, a micro model, and property tests that repeat themselves exactly."""

import gc

import gguf
import pytest
from hypothesis import settings

from host.paths import data_dir as shared_data
from testing.micro_model import METADATA, micro_tensors
from testing.order import longest_first

# The same cases in every run: a test that fails by chance in a pull request teaches nothing about it.
settings.register_profile("celosia", derandomize=True, deadline=None, database=None)
settings.load_profile("celosia")

# A design that is elaborated is millions of objects, all of which live until it is done. Python would look through
# them for garbage so often that this takes a fifth of the time.
gc.set_threshold(20_000, 10, 10)


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest."""
    longest_first(items)


def pytest_collection_finish():
    """Leave out of every search for garbage what has been imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the shared test data (Path); skips the test if it is absent."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"shared test data not found at {folder}; CELOSIA_DATA names another place")
    return folder


@pytest.fixture(scope="session")
def architectures_dir(data_dir):
    """Models of many architectures, and what others make of them (Path); skips the test if they are absent."""
    folder = data_dir / "architectures"
    if not folder.is_dir():
        pytest.skip(f"no folder architectures in {data_dir}")
    return folder


def _add(writer, key, value):
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


@pytest.fixture(name="micro_tensors")
def micro_tensors_fixture():
    """Function (ggml_type="Q8_0", seed=1) -> dict of name to (array, type name)."""
    return micro_tensors


@pytest.fixture
def write_gguf(tmp_path):
    """Function that writes the micro model and returns its path.

    ``metadata`` and ``tensors`` are changes to the ordinary file; None takes an entry away.
    """
    def write(metadata=None, tensors=None, *, architecture="llama", ggml_type="Q8_0", name="micro.gguf"):
        path = tmp_path / name
        writer = gguf.GGUFWriter(path, architecture)
        for key, value in (METADATA | (metadata or {})).items():
            if value is not None:
                _add(writer, key, value)
        for key, entry in (micro_tensors(ggml_type) | (tensors or {})).items():
            if entry is not None:
                array, kind = entry
                writer.add_tensor(key, array, raw_dtype=gguf.GGMLQuantizationType[kind])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path
    return write
