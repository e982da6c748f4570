"""The cache: whatever lies in it, what comes out is what was made; and nobody else can put anything into it."""

import errno
import fcntl
import os
from pathlib import Path
import re
import shutil
import stat
import subprocess
import sys
import threading
import time

import pytest

from flow.cache import Cache, CacheError, cached_file
from flow.toolchain import ToolError
from flow.waiting import show_waiting_with, waiting

ADVICE = "the environment variable CELOSIA_CACHE can name another folder"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CELOSIA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class _Build:
    """Makes a file of 12 bytes and counts how often."""

    def __init__(self, content=b"made content"):
        self.content, self.times = content, 0

    def __call__(self, work):
        assert [path.name for path in work.iterdir()] == [".lock"]
        self.times += 1
        (work / "made").write_bytes(self.content)
        return work / "made"


def _entry(folder, build):
    """The file and its key, as they are in a cache that has just been used."""
    path = Cache().make("thing-0123", ".bin", build)
    return path, folder / "thing-0123.key"


def test_what_lies_in_the_cache(folder):
    build = _Build()
    path, key = _entry(folder, build)
    assert path.read_bytes() == b"made content" and path.parent == folder
    assert re.fullmatch(r"thing-[0-9a-f]{20}\.bin", path.name)
    name, digest = key.read_text().split()
    assert name == path.name and re.fullmatch("[0-9a-f]{64}", digest) and name == f"thing-{digest[:20]}.bin"
    assert sorted(folder.iterdir()) == sorted([path, key])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Cache().make("thing-0123", ".bin", build) == path and build.times == 1
    # The same content from other inputs is the same file.
    assert Cache().make("thing-4567", ".bin", build) == path and build.times == 2
    assert Cache().find("thing-89ab") is None


def test_every_part_of_a_key_counts():
    keys = {Cache.key("a", "b", "c"), Cache.key("a", "bc"), Cache.key("a", "c", "b"), Cache.key("b", "b", "c")}
    assert len(keys) == 4 and Cache.key("a", "b", "c") in keys


def _empty(path):
    path.write_bytes(b"")


def _folder(path):
    path.unlink()
    path.mkdir()


def _binary(path):
    path.write_bytes(b"\xff\x00\xfe")


@pytest.mark.parametrize("damage", [
    lambda path, key: _empty(path), lambda path, key: path.write_bytes(b"made conten"),
    lambda path, key: path.write_bytes(b"made_content"), lambda path, key: path.unlink(),
    lambda path, key: path.chmod(0o622), lambda path, key: _empty(key), lambda path, key: _binary(key),
    lambda path, key: key.write_text(path.name), lambda path, key: key.write_text(path.name + "\n"),
    lambda path, key: key.write_text(key.read_text() * 2),
], ids=["empty", "cut", "changed", "gone", "writable by others", "key empty", "key binary", "former key",
        "key without a hash", "key twice"])
def test_what_is_not_as_it_was_made_is_made_again(folder, damage):
    build = _Build()
    path, key = _entry(folder, build)
    damage(path, key)
    assert _entry(folder, build) == (path, key) and build.times == 2
    assert path.read_bytes() == b"made content" and not path.stat().st_mode & 0o022
    assert _entry(folder, build) == (path, key) and build.times == 2


@pytest.mark.parametrize("place", ["/{other}", "../other", "./{name}", ".hidden"])
def test_a_key_leads_to_nothing_but_a_file_beside_it(folder, tmp_path, place):
    """Whatever its hash is."""
    build = _Build()
    path, key = _entry(folder, build)
    digest = key.read_text().split()[1]
    for other in (tmp_path / "other", folder / ".hidden"):
        shutil.copy(path, other)
    key.write_text(f"{place.format(other=tmp_path / 'other', name=path.name)} {digest}\n")
    assert Cache().find("thing-0123") is None
    assert _entry(folder, build) == (path, key) and build.times == 2


def test_a_link_is_no_entry(folder, tmp_path):
    build = _Build()
    path, key = _entry(folder, build)
    shutil.move(path, tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    assert _entry(folder, build) == (path, key) and build.times == 2 and not path.is_symlink()


def test_an_entry_of_another_user_is_none(folder, monkeypatch):
    build = _Build()
    path, key = _entry(folder, build)
    cache = Cache()
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    assert cache.find("thing-0123") is None


@pytest.mark.parametrize("which", [0, 1], ids=["file", "key"])
def test_a_folder_in_an_entrys_place_is_named(folder, which):
    build = _Build()
    entry = _entry(folder, build)
    _folder(entry[which])
    with pytest.raises(CacheError, match=f"^{entry[which]} cannot be written: Is a directory; {ADVICE}$"):
        _entry(folder, build)
    assert not list(folder.glob(".*"))


def _message(monkeypatch, path):
    monkeypatch.setenv("CELOSIA_CACHE", str(path))
    with pytest.raises(CacheError) as caught:
        Cache("part")
    return str(caught.value)


def test_places_where_there_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert _message(monkeypatch, tmp_path / "file") == (
        f"cache folder {tmp_path}/file cannot be used: it is not a folder; {ADVICE}")
    assert _message(monkeypatch, tmp_path / "file" / "below") == (
        f"cache folder {tmp_path}/file/below cannot be used: it is not a folder; {ADVICE}")
    assert _message(monkeypatch, tmp_path / "file" / "far" / "below") == (
        f"cache folder {tmp_path}/file/far/below cannot be used: Not a directory; {ADVICE}")
    assert _message(monkeypatch, "/proc/nope") == (
        f"cache folder /proc/nope cannot be used: No such file or directory; {ADVICE}")
    assert _message(monkeypatch, tmp_path / ("x" * 300)).endswith(f" cannot be used: File name too long; {ADVICE}")


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o720, 0o702])
def test_a_folder_that_others_can_write(folder, monkeypatch, mode):
    folder.mkdir()
    folder.chmod(mode)
    assert _message(monkeypatch, folder) == (
        f"cache folder {folder} can be written by others, who could put programs into it; after 'chmod go-w' it can "
        f"be used, or {ADVICE}")
    folder.chmod(0o755)
    assert Cache("part").directory == folder / "part"
    (folder / "part").chmod(mode)
    assert _message(monkeypatch, folder).startswith(f"cache folder {folder}/part can be written by others")


def test_a_folder_of_another_user(folder, monkeypatch):
    owner = Cache().directory.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    assert _message(monkeypatch, folder) == (
        f"cache folder {folder} must belong to this user, not to user {owner}; {ADVICE}")


def test_the_folder_is_this_users_alone_whatever_the_mask(folder):
    before = os.umask(0)
    try:
        path, key = _entry(folder, _Build())
    finally:
        os.umask(before)
    assert [stat.S_IMODE(item.stat().st_mode) & 0o022 for item in (folder, path)] == [0, 0]
    assert Cache().find("thing-0123") == path


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "tempfile.mkdtemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_is_full_or_read_only(folder, monkeypatch, call, number):
    Cache()

    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number))
    with monkeypatch.context() as patch:
        patch.setattr(call, fail)
        with pytest.raises(CacheError, match=f"^cache folder {folder} cannot be written: {os.strerror(number)}; "
                                             f"{ADVICE}$"):
            _entry(folder, _Build())
    assert list(folder.iterdir()) == []
    assert _entry(folder, _Build())[0].exists()


def test_a_tool_that_fails_on_a_full_disk(folder, monkeypatch):
    """The compiler says so in its own words, if it says it at all."""
    def build(work):
        raise ToolError("c++\nended with exit status 1:\nLLVM ERROR")
    with pytest.raises(ToolError, match="^c\\+\\+\n"):
        _entry(folder, build)
    work, = folder.iterdir()
    shutil.rmtree(work)
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("usage", (), {"free": 4096}))
    message = f"^cache folder {folder} cannot be written: No space left on device; {ADVICE}$"
    with pytest.raises(CacheError, match=message):
        _entry(folder, build)
    assert list(folder.iterdir()) == []


def test_errors_of_other_files_stay_what_they_are(folder):
    with pytest.raises(FileNotFoundError, match="/absent/input"):
        _entry(folder, lambda work: Path("/absent/input").read_bytes())
    assert list(folder.iterdir()) == []


def test_parts_have_folders_of_their_own(folder):
    first = cached_file("thing", ".bin", _Build(b"one"), "a", "b")
    assert first.parent == folder / "build" and first.read_bytes() == b"one"
    assert cached_file("thing", ".bin", _Build(b"two"), "a", "b") == first
    assert cached_file("thing", ".bin", _Build(b"two"), "ab").read_bytes() == b"two"


def test_working_folders_of_the_dead_are_removed(folder):
    """Those that are old and that nobody holds: not a compilation that takes long, not what has just failed."""
    Cache()
    names = {name: folder / f".thing-{name}-abcd1234" for name in ("dead", "lockless", "held", "new")}
    old = time.time() - 25 * 3600
    for name, work in names.items():
        (work / "below").mkdir(parents=True)
        if name != "lockless":
            (work / ".lock").touch()
        if name != "new":
            os.utime(work, (old, old))
    with open(names["held"] / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _entry(folder, _Build())
    assert {path for path in folder.iterdir() if path.is_dir()} == {names["held"], names["new"]}


def test_who_is_killed_leaves_nothing_that_is_found(folder):
    """Killed in the middle of making a file: it is made again, and the folder is no longer held."""
    program = ("import sys, time; from flow.cache import Cache\n"
               "Cache().make('thing-0123', '.bin', lambda work: (print('here', flush=True), time.sleep(60)))")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"here\n"
        process.kill()
    work, = folder.iterdir()
    old = time.time() - 25 * 3600
    os.utime(work, (old, old))
    assert _entry(folder, _Build())[0].read_bytes() == b"made content"
    assert not work.exists()


def test_two_at_the_same_time(folder):
    """Both get a file; it is the same one."""
    barrier, results = threading.Barrier(2), []

    def build(work):
        barrier.wait(10)
        return _Build()(work)
    threads = [threading.Thread(target=lambda: results.append(_entry(folder, build)[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] and results[0].read_bytes() == b"made content"


def test_what_takes_long_says_so(folder, capfd):
    """After two seconds, once; what is sooner says nothing."""
    def build(work):
        time.sleep(2.2)
        return _Build()(work)
    Cache().make("thing-0123", ".bin", build, doing="compiling")
    _entry(folder, build)
    assert capfd.readouterr() == ("", f"celosia: compiling thing, which is then kept in {folder} ...\n")
    lines = []
    with show_waiting_with(lines.append), waiting("one", seconds=0.05):
        time.sleep(0.3)
    with show_waiting_with(lines.append), waiting("two", seconds=10):
        pass
    assert lines == ["one"] and capfd.readouterr() == ("", "")
