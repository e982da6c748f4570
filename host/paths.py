"""Where the files beside the code are: shared test data and the demo model."""

import os
from pathlib import Path

__all__ = ["data_dir", "demo_model"]

_ROOT = Path(__file__).resolve().parent.parent


def data_dir():
    """Folder of the shared test data, whether or not it exists.

    Returns
    -------
    Path
        The environment's ``CELOSIA_DATA``, or else ``../shared/data`` beside the repository.
    """
    return Path(os.environ.get("CELOSIA_DATA") or _ROOT.parent / "shared" / "data")


def demo_model():
    """The committed demo model, which commands take when none is named.

    Returns
    -------
    Path
        ``models/demo.gguf`` in the repository, whether or not it exists.
    """
    return _ROOT / "models" / "demo.gguf"
