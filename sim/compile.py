"""From an Amaranth design to a shared library that simulates it.

    Amaranth -> RTLIL -> yosys (passes below, write_cxxrtl) -> C++ -> zig c++ -> shared library

The library speaks the interface of cxx/design.h; `sim.compiled.CompiledSimulation` runs it. Libraries are
kept in a cache (`flow.cache`) under a hash of everything that they were made from: the RTLIL, the C++ sources,
the options and the versions of the tools.

Choices, measured in cycles/s on the accelerator of configuration `sim` with the demo model (8,700 cells of
RTLIL, one core of a shared 2-core machine; `celosia bench-sim` prints the figure of the present choice):

* `flatten; proc; opt_clean` alone: 0.50 million. Wires of which different bits depend on each other look like
  loops to CXXRTL, which then evaluates everything several times a cycle.
* `splitnets -driver` splits such wires: 0.76 million.
* `opt_merge` before it: 0.78 million, and the C++ compiler takes 16 s in place of 25.
* `opt`, with or without `wreduce`, in place of these: 0.65 to 0.67 million.

On a larger array of multipliers and floating-point units: one evaluation per cycle in place of one per clock
level +35 %; the runtime under cxx/runtime in place of the one that yosys brings 2.6 times as fast, and no C++
standard library to build first (38 s); instructions of this processor alone make no difference. zig makes the
same code of -O1, -O2 and -O3. Without debug information a library is smaller by more than 98 %; where checks and
prints stand in the source is data of the design, and stays.
"""

import hashlib
import re
from pathlib import Path

import amaranth
from amaranth.hdl import Elaboratable

from flow import rtlil
from flow.cache import Cache
from flow.toolchain import Toolchain
from flow.verilog_files import VerilogFiles


__all__ = ["QUICK", "source_key", "compile_design", "compile_loop"]


CXX = Path(__file__).parent / "cxx"
PROJECT = Path(__file__).parent.parent
FLAGS = ("-std=c++20", "-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-w", "-g0", "-s",
         # Nothing of the C++ standard library is used, so none has to be built or linked.
         "-nostdinc++", "-nostdlib++", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
# Options of `compile_design` with which the C++ compiler takes half the time, and the library is several times slower.
QUICK = ("-Xclang", "-O0")
PASSES = "flatten; proc; opt_clean; opt_merge; splitnets -driver; opt_clean"


def source_key(*packages, parameters):
    """A key for `compile_design`, from the sources of packages and the parameters of a design.

    Parameters
    ----------
    packages : module
        Packages; every `.py` file below them counts.
    parameters : object
        What else determines the design; its `repr` counts, so it must have a complete one.

    Returns
    -------
    str
    """
    digest = hashlib.sha256(repr(parameters).encode())
    digest.update(amaranth.__version__.encode())
    for package in packages:
        for root in sorted(Path(part) for part in package.__path__):
            for path in sorted(root.rglob("*.py")):
                digest.update(f"{package.__name__} {path.relative_to(root)}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def compile_design(design, *, name, ports=None, key=None, flags=(), models=(), toolchain=None):
    """Compile a design, or find it in the cache.

    Parameters
    ----------
    design : Elaboratable, or a function without parameters that returns one
        One clock domain, `sync`, rising edge. Modules in Verilog that it instantiates are given to `add_file`
        of its platform. A function is not called when `key` finds the library.
    name : str
        Begins the name of the library: letters, digits, `-` and `_`.
    ports : list of Signal
        Top-level ports; not needed for a `wiring.Component`, which knows its own.
    key : str
        Determines the design, by the caller's word; see `source_key`. With it, a library that is in the cache
        is found without elaborating the design, which takes seconds for a large one.
    flags : sequence of str
        More options for the C++ compiler.
    models : sequence of str
        Files with the modules that the design has instances of: Verilog or, with the ending `.json`, netlists of
        yosys; paths, or those that yosys brings (`+/xilinx/cells_sim.v`).
    toolchain : Toolchain

    Returns
    -------
    Path
        The shared library.

    Raises
    ------
    ValueError
        If the design has several clocks, or uses the falling edge.
    CacheError
        If the cache cannot be used.
    ToolError
        If yosys or the compiler fails; their files are then left for inspection, for a day.
    """
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"Name must consist of letters, digits, '-' and '_', not {name!r}")
    toolchain = toolchain or Toolchain()
    cache = Cache()
    sources = [CXX / "design.h", CXX / "export.h", *sorted((CXX / "runtime").rglob("*.h"))]
    environment = _environment(toolchain, flags, sources)
    index = None
    if key is not None:
        index = cache.key(name, environment, key)
        if (path := cache.find(index)) is not None:
            return path
    if not isinstance(design, Elaboratable):
        design = design()
    verilog = VerilogFiles()
    text = _without_sources(rtlil.convert(design, name="top", ports=ports, platform=verilog))
    # Models that yosys brings belong to its version, which is in the environment.
    models = [*map(str, models)]
    sources = [model if model.startswith("+/") else Path(model).read_text() for model in models]

    def build(work):
        return _compile(work, _write_design(work, text, verilog.files, models, toolchain), flags, toolchain)

    path = cache.make(cache.key(name, environment, PASSES, text, *verilog.files.values(), *sources), ".so", build,
                      doing="compiling")
    if index is not None:
        cache.add(index, path)
    return path


def compile_loop(*, toolchain=None):
    """Compile the loop and the DRAM model, the same for every design, or find them in the cache.

    Returns
    -------
    Path
        The shared library.
    """
    toolchain = toolchain or Toolchain()
    cache = Cache()
    sources = [*sorted(CXX.glob("*.h")), CXX / "loop.cc"]
    return cache.make(cache.key("loop", _environment(toolchain, (), sources)), ".so",
                      lambda work: _compile(work, CXX / "loop.cc", (), toolchain), doing="compiling")


def _environment(toolchain, flags, sources):
    """Everything but the design that a library depends on."""
    return "\n".join([toolchain.yosys_version, toolchain.cxx_version, " ".join([*FLAGS, *flags]),
                      *(path.read_text() for path in sources)])


def _compile(work, source, flags, toolchain):
    """Compile a C++ file; returns the library."""
    library = work / "library.so"
    toolchain.run([*toolchain.cxx, *FLAGS, *flags, f"-I{CXX}", f"-I{CXX / 'runtime'}", source, "-o", library])
    return library


def _without_sources(text):
    """RTLIL without places in the source, which would make the cache depend on where the project lies.

    Checks and prints keep theirs, relative to the project, for their messages.
    """
    lines, source = [], None
    for line in text.splitlines():
        match = re.match(r'\s*attribute \\src "(.*)"$', line)
        if match:
            source = line.replace(f'"{PROJECT}/', '"')
            continue
        if re.match(r"\s*cell \$(check|print) ", line) and source is not None:
            lines.append(source)
        if not line.lstrip().startswith("attribute "):
            source = None
        lines.append(line)
    return "\n".join(lines) + "\n"


def _write_design(work, text, verilog, models, toolchain):
    """Generate the C++ of a design in a directory; returns the file."""
    (work / "design.il").write_text(text)
    commands = []
    for name, module in verilog.items():
        (work / name).write_text(module)
        commands.append(f"read_verilog {name}")
    for index, model in enumerate(models):
        if not model.startswith("+/"):
            copy = work / f"model_{index}{Path(model).suffix}"
            copy.write_text(Path(model).read_text())
            model = copy.name
        commands.append(f"{'read_json' if model.endswith('.json') else 'read_verilog'} {model}")
    commands.append("read_rtlil design.il")
    if verilog:
        commands.append("hierarchy -check -top top")
    if models:
        # Parameters are chosen, and what they leave out is gone, before anything else happens.
        commands.append("hierarchy -top top; proc; flatten; opt_expr; opt_clean")
    (work / "design.ys").write_text("\n".join([*commands, PASSES, "write_cxxrtl -g0 generated.cc", ""]))
    toolchain.run([*toolchain.yosys, "-q", "-s", "design.ys"], cwd=work)
    code = (work / "generated.cc").read_text()
    _check_clock(code)
    port = re.compile(r"^  wire width (\d+) (input|output) \d+ +(?:signed )?\\(\S+)$", flags=re.M)
    ports = port.findall(_top_module(text))
    (work / "design.cc").write_text("\n".join([
        _grouped(code),
        f"#define DESIGN_SINGLE_PASS {int('bool converged = true;' in code)}",
        f"#define DESIGN_CLOCKED {int('prev_p_clk' in code)}",
        "#define DESIGN_PORTS(PORT) \\",
        *(f"  PORT({_mangled(port)}, \"{port}\", {width}, {int(direction == 'input')}) \\"
          for width, direction, port in ports if int(width)),
        "", '#include "export.h"', ""]))
    return work / "design.cc"


def _top_module(text):
    start = text.index("\nmodule \\top\n")
    return text[start:text.index("\nend\n", start)]


def _mangled(name):
    """The C++ name that write_cxxrtl gives to a public name of RTLIL."""
    return "p_" + re.sub(r"[^A-Za-z0-9]", lambda m: "__" if m[0] == "_" else f"_{ord(m[0]):x}_", name)


def _check_clock(code):
    edges = set(re.findall(r"\bbool ((?:pos|neg)edge_\w+)\(\) const", code))
    if not edges <= {"posedge_p_clk"}:
        raise ValueError(f"Design must use the rising edge of 'clk' only, not {', '.join(sorted(edges))}")


def _grouped(code):
    """Move the registers of the generated module into a structure of their own; runtime/state.h says why."""
    begin, end = "struct p_top : public module {\n", "}; // struct p_top\n"
    head, members = code.split(begin)
    members, tail = members.split(end)
    wire = re.compile(r"^\t(?:/\*\w+\*/ )?(wire<\d+> \w+;\n)", flags=re.M)
    registers = "".join("\t" + match for match in wire.findall(members))
    # The last one takes the place of padding, where a derived class may put members of its own.
    registers += "\tuint64_t end = 0;\n"
    return (f"{head}struct registers {{\n{registers}}};\n\n"
            f"struct p_top : public module, public registers {{\n{wire.sub('', members)}{end}{tail}")
