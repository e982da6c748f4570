"""Exit with a clear line if this Python cannot make the project's venv.

Runs on any Python, also on those too old for Celosia.
"""
import sys

if sys.version_info < (3, 11):
    sys.exit("celosia: Python must be 3.11 or newer, not %d.%d (%s); choose another with "
             "`make PYTHON=python3.12 ...`" % (sys.version_info[0], sys.version_info[1], sys.executable))
try:
    import ensurepip  # noqa: F401  (Debian ships it apart, with venv)
    import venv  # noqa: F401
except ImportError as error:
    sys.exit("celosia: Python's module %s must be installed; on Debian and Ubuntu: apt install "
             "python%d.%d-venv" % (error.name, sys.version_info[0], sys.version_info[1]))
