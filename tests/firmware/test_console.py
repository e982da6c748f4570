"""Lines that are typed, and numbers that are shown."""

import ctypes

from hypothesis import given, strategies as st
import pytest


def edited(typed, size):
    """Line and screen that `console_line` promises for bytes up to the first that ends a line."""
    line, shown = [], b""  # characters, as bytes
    for byte in typed:
        if byte in b"\r\n":
            break
        if byte in b"\b\x7f" and line:
            line.pop()
            shown += b"\b \b"
        elif byte in b"\x15\x03":
            shown += b"\b \b" * len(line)
            line = []
            if byte == 3:
                return b"", shown + b"^C\r\n"
        elif byte >= 0x20 and byte != 0x7F:
            if len(b"".join(line)) + 1 == size:
                shown += b"\a"
            elif 0x80 <= byte < 0xC0 and line:
                line[-1] += bytes([byte])
                shown += bytes([byte])
            else:
                line.append(bytes([byte]))
                shown += bytes([byte])
    return b"".join(line), shown + b"\r\n"


@given(typed=st.one_of(
    st.lists(st.sampled_from("aé€😀 \b\x7f\x15\x03\x01"), max_size=30).map(lambda keys: "".join(keys).encode()),
    st.binary(max_size=30)), size=st.integers(2, 20))
def test_a_line(console, typed, size):
    typed = typed.replace(b"\r", b"\n")
    line, shown = edited(typed + b"\n", size)
    assert console.line(typed + b"\n", size) == (line, shown)
    console.typed.clear()


def test_both_ends_of_a_line(console):
    """Carriage return, line feed, or both."""
    console.typed.extend(b"one\rtwo\r\n\nthree\n")
    assert [console.line(b"")[0] for _ in range(4)] == [b"one", b"two", b"", b"three"]
    assert not console.typed


@pytest.mark.parametrize("number", [0, 9, 10, 0xFFFFFFFF, 2**64 - 1])
def test_decimal(console, number):
    console.shown.clear()
    console.library.console_decimal(ctypes.c_uint64(number))
    assert console.shown.decode() == str(number)


@pytest.mark.parametrize("number, digits, text", [(0, 1, "0"), (0, 8, "00000000"), (0xBEEF, 2, "beef"), (0xA, 0, "a")])
def test_hexadecimal(console, number, digits, text):
    console.shown.clear()
    console.library.console_hex(number, digits)
    assert console.shown.decode() == text
