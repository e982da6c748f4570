"""The firmware's tokenizer on this machine, with a vocabulary as a board has it."""

import ctypes

from host.image.board_vocabulary import pack_vocabulary
from soc.cpu.board_file import BoardWork, NOTHING, TEXT_BYTES
from testing.native_firmware import native_library

__all__ = ["NativeTokenizer"]

_PUT = ctypes.CFUNCTYPE(None, ctypes.c_uint8)


class _Tokenizer(ctypes.Structure):
    _fields_ = [("vocabulary", ctypes.c_void_p), ("work", ctypes.c_void_p)]


class NativeTokenizer:
    """``tokenizer.c``.

    Parameters
    ----------
    tokenizer : host.text.tokenizer.Tokenizer
        The host's, whose vocabulary is packed.
    path : pathlib.Path
        Of the model, for messages.
    """

    def __init__(self, tokenizer, path):
        self._library = native_library()
        self._content = ctypes.create_string_buffer(pack_vocabulary(tokenizer, path))
        # What nobody has initialised is not zero.
        self._work = BoardWork.from_buffer_copy(b"\xa5" * ctypes.sizeof(BoardWork))
        self._tokenizer = _Tokenizer(ctypes.addressof(self._content), ctypes.addressof(self._work))

    def encode(self, text, *, special=False, begins=True):
        """Ids of a text (bytes), BOS left out: list of int; None if there are no tokens for some of it."""
        assert len(text) <= TEXT_BYTES
        self._work.text[:len(text)] = text
        count = self._library.tokenizer_encode(ctypes.byref(self._tokenizer), len(text), int(special), int(begins))
        return None if count & 0xFFFFFFFF == NOTHING else self._work.ids[:count]

    def decode(self, ids, *, strips):
        """What each of some tokens makes certain, and at last the end of the text: list of bytes."""
        shown = bytearray()
        put = _PUT(shown.append)
        decoder = ctypes.create_string_buffer(b"\xa5" * 64, 64)
        self._library.decoder_start(decoder, int(strips), put)
        pieces = []
        for id in ids:
            self._library.decoder_push(decoder, ctypes.byref(self._tokenizer), ctypes.c_uint32(id))
            pieces.append(bytes(shown))
            shown.clear()
        self._library.decoder_end(decoder)
        return [*pieces, bytes(shown)]
