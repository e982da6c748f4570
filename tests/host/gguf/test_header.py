"""The header's reader: every bound, and what it costs."""

import os
import struct
import tracemalloc

import gguf
import numpy as np
import pytest

from host.errors import CelosiaError
from host.gguf.file import GGUFFile

STRING, ARRAY, UINT32, BOOL = 8, 9, 4, 7


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(name, kind, value=b""):
    return text(name) + struct.pack("<I", kind) + value


def strings(name, count, value=b""):
    return entry(name, ARRAY, struct.pack("<IQ", STRING, count) + value)


def tensor(name, dims=(32,), kind=0, offset=0):
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


@pytest.fixture
def write(tmp_path):
    """Function that writes a file of entries and tensors and returns its path; ``size`` makes it longer, sparsely."""
    def write(*entries, tensors=(), counts=None, size=0):
        path = tmp_path / "header.gguf"
        number, keys = counts or (len(tensors), len(entries))
        with open(path, "wb") as file:
            file.write(b"GGUF" + struct.pack("<IQQ", 3, number, keys) + b"".join((*entries, *tensors)))
            file.truncate(max(file.tell(), size))
        return path
    return write


def message(path):
    with pytest.raises(CelosiaError) as caught:
        GGUFFile(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_every_type_of_value(tmp_path):
    """Written by the gguf package."""
    path = tmp_path / "types.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    scalars = {"uint8": 200, "int8": -100, "uint16": 60_000, "int16": -30_000, "uint32": 4_000_000_000,
               "int32": -2_000_000_000, "uint64": 1 << 63, "int64": -(1 << 63), "float32": 0.5, "float64": 1e300,
               "bool": True}
    for kind, value in scalars.items():
        getattr(writer, f"add_{kind}")(kind, value)
    writer.add_string("string", "caf\u00e9\0")
    writer.add_array("strings", ["", "a", "\u2581"])
    writer.add_array("integers", [1, -2, 3])
    writer.add_array("reals", [1.5, -2.5])
    writer.add_array("flags", [True, False])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    values = GGUFFile(path).metadata
    for kind, value in scalars.items():
        assert values[kind] == value and type(values[kind]) is type(value), kind
    assert values["string"] == "caf\u00e9\0" and values["strings"] == ["", "a", "\u2581"]
    np.testing.assert_array_equal(values["integers"], np.array([1, -2, 3], np.int32))
    np.testing.assert_array_equal(values["reals"], np.array([1.5, -2.5], np.float32))
    np.testing.assert_array_equal(values["flags"], np.array([True, False]))
    assert len(values) == len([*values]) == len(scalars) + 6 and "absent" not in values


def test_bool_of_another_byte(write):
    path = write(entry("a", BOOL, b"\x07"), entry("b", ARRAY, struct.pack("<IQ", BOOL, 2) + b"\0\xff"))
    values = GGUFFile(path).metadata
    assert values["a"] is True and values["b"].tolist() == [False, True]


@pytest.mark.parametrize("entries, tensors, counts, expected", [
    ([], [], (0, 1 << 17), "truncated: its header reaches byte 32, the file has 24"),
    ([], [], (0, (1 << 17) + 1), "malformed GGUF header: 131073 keys are more than 131072"),
    ([], [], ((1 << 16) + 1, 0), "malformed GGUF header: 65537 tensors are more than 65536"),
    ([entry("a", 13)], [], None, "malformed GGUF header: key 'a' has a value of the unknown type 13"),
    ([entry("a", ARRAY, struct.pack("<IQ", 13, 1))], [], None,
     "malformed GGUF header: key 'a' has items of the unknown type 13"),
    ([entry("a", ARRAY, struct.pack("<IQ", ARRAY, 1))], [], None,
     "malformed GGUF header: key 'a' is a list of lists, which is not supported"),
    ([entry("a", UINT32, b"1234"), entry("a", UINT32, b"1234")], [], None,
     "malformed GGUF header: key 'a' occurs twice"),
    ([entry(b"\xff", UINT32, b"1234")], [], None, r"malformed GGUF header: the name of a key is not UTF-8: b'\xff'"),
    ([entry(b"a" * 4097, UINT32, b"1234")], [], None,
     "malformed GGUF header: the name of a key has 4097 bytes, more than 4096"),
    ([entry("a", UINT32, b"12")], [], None, "truncated: its header reaches byte 41, the file has 39"),
    ([entry("a", STRING, struct.pack("<Q", 1 << 63))], [], None,
     f"truncated: its header reaches byte {45 + (1 << 63)}, the file has 45"),
    ([strings("a", 3, text("b"))], [], None, "truncated: its header reaches byte 66, the file has 58"),
    ([entry("a", ARRAY, struct.pack("<IQ", UINT32, 1 << 62))], [], None,
     f"truncated: its header reaches byte {49 + (1 << 64)}, the file has 49"),
    ([strings("a", (1 << 21) + 1)], [], None,
     "malformed GGUF header: key 'a' makes 2097153 strings, more than 2097152"),
    ([entry("general.alignment", UINT32, struct.pack("<I", 0))], [], None,
     "malformed GGUF header: key 'general.alignment' must be a power of two, not 0"),
    ([entry("general.alignment", UINT32, struct.pack("<I", 3))], [], None,
     "malformed GGUF header: key 'general.alignment' must be a power of two, not 3"),
    ([entry("general.alignment", STRING, text("32"))], [], None,
     "malformed GGUF header: key 'general.alignment' must be a 32-bit unsigned integer"),
    ([], [tensor("t"), tensor("t")], None, "malformed GGUF header: tensor 't' occurs twice"),
    ([], [tensor("t", (1,) * 5)], None, "malformed GGUF header: tensor 't' has 5 dimensions, more than 4"),
    ([], [tensor("t", offset=8)], None, "malformed GGUF header: tensor 't' begins at 8 of the data, no multiple of 32"),
    ([], [tensor("t")[:-1]], None, "truncated: its header reaches byte 57, the file has 56"),
])
def test_bounds(write, entries, tensors, counts, expected):
    assert message(write(*entries, tensors=tensors, counts=counts)) == expected


def test_length_of_the_header(write):
    path = write(entry("a", STRING, struct.pack("<Q", 1 << 26)), size=1 << 27)
    assert message(path) == "malformed GGUF header: it reaches byte 67108909, more than 67108864"


def test_strings_of_all_lists_count(write):
    lists = [strings(name, 1 << 20, bytes(8 << 20)) for name in "ab"]
    assert len(GGUFFile(write(*lists)).metadata) == 2
    assert message(write(*lists, entry("c", STRING, text("")))) == (
        "malformed GGUF header: key 'c' makes 2097153 strings, more than 2097152")


def used(path):
    """Largest number of bytes that Python holds while the header is read."""
    tracemalloc.start()
    try:
        file = GGUFFile(path)
        return file, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_list_that_nobody_reads_costs_nothing(write):
    """A sparse file of empty strings: 1.6 MB long, a few kilobytes on disk."""
    count = 200_000
    path = write(strings("unread", count), size=100 + 8 * count)
    assert os.stat(path).st_blocks * 512 < 100_000
    file, size = used(path)
    assert size < 200_000
    assert len(file.metadata["unread"]) == count


def test_many_keys_are_cheap(write):
    entries = [entry(f"llama.key{index}", UINT32, struct.pack("<I", index)) for index in range(10_000)]
    file, size = used(write(*entries))
    assert size < 6_000_000
    assert file.metadata["llama.key7777"] == 7777
