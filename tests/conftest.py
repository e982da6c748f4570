"""What every test shares: the data of others, and property tests that repeat themselves exactly."""

import pytest
from hypothesis import settings

from host.paths import data_dir as shared_data

# The same cases in every run: a test that fails by chance in a pull request teaches nothing about it.
settings.register_profile("celosia", derandomize=True, deadline=None, database=None)
settings.load_profile("celosia")


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the shared test data (Path); skips the test if it is absent."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"shared test data not found at {folder}; CELOSIA_DATA names another place")
    return folder
