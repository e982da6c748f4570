"""FatFs, the FAT file systems of the firmware, as LiteX brings it."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["fat_sources"]

_FILES = ("ff.c", "ff.h", "diskio.h")


def fat_sources():
    """The sources of FatFs (dict of name to str), without a configuration: that is ``firmware/ffconf.h``.

    FatFs, R0.14, copyright ChaN, may be used by everybody who keeps its notice in the sources; they stay in LiteX's
    package. Where they lie is found without importing LiteX, which takes more than a second.
    """
    folder = Path(find_spec("litex").origin).parent / "soc" / "software" / "libfatfs"
    return {name: (folder / name).read_text() for name in _FILES}
