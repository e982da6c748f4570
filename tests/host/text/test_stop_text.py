"""Stop texts: what comes out does not depend on the pieces that go in."""

from hypothesis import given, strategies as st
import pytest

from host.errors import CelosiaError
from host.text.stop_text import StopText


def run(stops, pieces):
    stop = StopText(stops)
    text = ""
    for piece in pieces:
        text += stop.push(piece)
        # Nothing may come out that a stop text takes back.
        assert not any(whole in text for whole in stops)
    return text + stop.flush(), stop.found


@given(text=st.text("ab", max_size=20), stops=st.lists(st.text("ab", min_size=1, max_size=4), max_size=3),
       cuts=st.lists(st.integers(0, 20)))
def test_against_the_whole_text(text, stops, cuts):
    ends = [(end, -size) for end in range(len(text) + 1) for stop in stops for size in [len(stop)]
            if text[:end].endswith(stop)]
    expected = text if not ends else text[:min(ends)[0] + min(ends)[1]]
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:stop] for start, stop in zip(places, places[1:])]
    assert run(stops, pieces) == (expected, bool(ends))


def test_text_comes_out_as_soon_as_it_is_certain():
    stop = StopText(["\n\nEND"])
    assert [stop.push(piece) for piece in ("a\n", "b\n", "\n", "E", "x", "\n\nEN", "D", "more")] == [
        "a", "\nb", "", "", "\n\nEx", "", "", ""]
    assert stop.found and stop.flush() == ""


def test_no_stop_texts_hold_nothing_back():
    assert StopText().push("any text") == "any text"


def test_an_empty_stop_text_is_refused():
    with pytest.raises(CelosiaError, match="^stop text must not be empty$"):
        StopText(["a", ""])
