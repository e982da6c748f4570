"""What the modules of host/ need: those that only want NumPy functions do not load Amaranth."""

import pkgutil
import subprocess
import sys

import host

# They simulate gateware, count it, or print what was; commands import what does when they do so, and not before.
WITH_AMARANTH = {"host.engine.rtl_engine", "host.pages.figure_tables", "host.pages.figures", "host.pages.sizes"}


def test_without_amaranth():
    names = {module.name for module in pkgutil.walk_packages(host.__path__, "host.")} - {"host.__main__"}
    assert WITH_AMARANTH < names
    code = f"import sys, {', '.join(sorted(names - WITH_AMARANTH))}; print('amaranth' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("False\n", "")


def test_exact_functions_import_numpy_alone():
    code = ("import sys; import gateware.exact.block_float, gateware.exact.dot, gateware.exact.vector_pass; "
            "print({name.split('.')[0] for name in sys.modules} & {'amaranth', 'host', 'numpy', 'sim', 'soc'})")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("{'numpy'}\n", "")
