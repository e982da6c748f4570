"""SentencePiece's unigram model: the likeliest of all ways to cut a text, as T5 and XLM-R use it."""

from host.text.tokenizer.charsmap import Charsmap
from host.text.tokenizer.pieces import SPACE, find_unknown, piece_bytes, without_repeats
from host.text.tokenizer.prefixes import Prefixes
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.vocabulary import TokenType, Vocabulary
from host.text.tokenizer.word_cuts import word_cuts

__all__ = ["UnigramTokenizer"]

_EOS, _UNKNOWN = 1, 2
"""Ids that such vocabularies have where no key names them."""

_CHARSMAP = "tokenizer.ggml.precompiled_charsmap"
_PENALTY = 10.0
"""How much less likely than the least likely token an unknown character is; of its logarithm."""


class UnigramTokenizer(Tokenizer):
    """Cuts a normalised text so that the scores of its tokens, logarithms of probabilities, add up to the most.

    A character that no token stands for is the unknown token, and several in a row are one. Of equal sums the one that
    is found first counts, as in SentencePiece. Normalisation is what the file's table of replacements says
    (`host.text.tokenizer.charsmap`), and what its keys say about spaces: `add_space_prefix`, and
    `remove_extra_whitespaces`, which leaves one before each word and none at the end.

    Parameters
    ----------
    metadata : host.gguf.metadata.Metadata

    Raises
    ------
    CelosiaError
        If the table of replacements is none.
    """

    def __init__(self, metadata):
        vocabulary = Vocabulary(metadata, eos=_EOS)
        merge_spaces = metadata.flag("tokenizer.ggml.remove_extra_whitespaces", False)
        super().__init__(vocabulary, [*map(piece_bytes, vocabulary.tokens, vocabulary.types)],
                         add_bos=metadata.flag("tokenizer.ggml.add_bos_token", False),
                         add_eos=metadata.flag("tokenizer.ggml.add_eos_token", True),
                         add_space=metadata.flag("tokenizer.ggml.add_space_prefix", False) or merge_spaces)
        self._metadata, self._merge_spaces = metadata, merge_spaces
        self.unknown = find_unknown(vocabulary)
        if self.unknown is None:
            self.unknown = vocabulary.named("unknown", _UNKNOWN)
        scores = metadata.numbers("tokenizer.ggml.scores", len(vocabulary.tokens), 0.0)
        words = vocabulary.of_type(TokenType.NORMAL, TokenType.USER_DEFINED, TokenType.UNUSED)
        user_defined = {id for _token, id in vocabulary.of_type(TokenType.USER_DEFINED)}
        self._scores = [0.0 if id in user_defined else score for id, score in enumerate(scores)]
        least = min((scores[id] for _token, id in vocabulary.of_type(TokenType.NORMAL)), default=0.0)
        self._unknown_score = least - _PENALTY
        self._tokens = Prefixes(words)
        self._charsmap = self._read_charsmap()
        self._cut = word_cuts(token for token, _id in words)
        self._known = {}

    def _read_charsmap(self):
        table = self._metadata.get(_CHARSMAP, b"")
        if len(table) == 0:
            return None
        try:
            return Charsmap(table.astype("u1").tobytes())
        except (AttributeError, ValueError):
            self._fail_charsmap(table)

    def _fail_charsmap(self, table):
        self._metadata.fail(_CHARSMAP, "a table of replacements as sentencepiece compiles it", table)

    def _encode_text(self, text, first):
        ids = []
        for word in self._cut.split(self._normalised(text, first)):
            if word not in self._known:
                self._known[word] = self._encode_word(word) if word else []
            ids += self._known[word]
        return without_repeats(ids, self.unknown)

    def _normalised(self, text, first):
        if self._charsmap:
            text = self._replaced(text)
        if self._merge_spaces:
            words = [word for word in text.split(" ") if word]
            return "".join(SPACE + word for word in words) if first or text.startswith(" ") else SPACE.join(words)
        text = text.replace(" ", SPACE)
        return SPACE + text if self._add_space and first and text.strip(SPACE) else text

    def _replaced(self, text):
        data, done, at = text.encode(), bytearray(), 0
        try:
            while at < len(data):
                found, length = self._charsmap.replacement(data, at)
                if not length:
                    # As it is, with the bytes that belong to it.
                    length = 1
                    while at + length < len(data) and data[at + length] & 0xC0 == 0x80:
                        length += 1
                    found = data[at:at + length]
                done += found
                at += length
        except ValueError:
            self._fail_charsmap(self._metadata.get(_CHARSMAP))
        return done.decode(errors="replace")

    def _encode_word(self, word):
        # Of each place: the best sum up to there, where its last token begins, and that token.
        best = [(0.0, 0, self.unknown)] + [(-float("inf"), 0, self.unknown)] * len(word)
        for start in range(len(word)):
            so_far, single = best[start][0], False
            for end, id in self._tokens.at(word, start):
                single |= end == start + 1
                if so_far + self._scores[id] > best[end][0]:
                    best[end] = so_far + self._scores[id], start, id
            if not single and so_far + self._unknown_score > best[start + 1][0]:
                best[start + 1] = so_far + self._unknown_score, start, self.unknown
        ids, at = [], len(word)
        while at:
            _sum, at, id = best[at]
            ids.append(id)
        return ids[::-1]
