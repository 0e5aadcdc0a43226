"""Words as sparse vectors, so that Qdrant ranks files by BM25.

BM25 is a sum over the words of a question: how rare the word is among all files, times how much of it the file has.
The first factor Qdrant knows and multiplies with (its modifier IDF); the second is written here, with every file
compared to one usual length, since the mean length changes with each file. Words are lower case, without accents,
English ones by their stems (Porter's, as SQLite's full-text search has them); words that hold sentences together are
left out. A word is a number by its digest: among 100,000 words about one pair has the same.

Sources: S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009; M. Porter, An
algorithm for suffix stripping, Program 14, 1980.
"""

import re
import sqlite3
import threading
from collections import Counter

from auricle.data.function_words import FUNCTION_WORDS
from auricle.storage import digest_bytes

USUAL_LENGTH = 12
"""Words of a file's name, tags and caption, where nothing more is known."""

_K1, _B = 1.2, 0.75
_WORD = re.compile(r"[^\W_]+")
_TERMS = "CREATE VIRTUAL TABLE texts USING fts5(words, tokenize='porter unicode61 remove_diacritics 2')"


class Stems:
    """Takes texts apart; may be asked by several threads."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._texts = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._texts.execute(_TERMS)
        self._texts.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, 'instance')")

    def of(self, text: str) -> Counter[str]:
        """Return how often each stem stands in a text.

        Example:
            >>> sorted(Stems().of("It rains, and the Schönbrunn rain barks").items())
            [('bark', 1), ('rain', 2), ('schonbrunn', 1)]
        """
        words = " ".join(word for word in _WORD.findall(text.lower()) if word not in FUNCTION_WORDS)
        with self._asking:
            self._texts.execute("DELETE FROM texts")
            self._texts.execute("INSERT INTO texts VALUES (?)", (words,))
            return Counter(term for (term,) in self._texts.execute("SELECT term FROM terms"))

    def of_file(self, words: str) -> tuple[list[int], list[float]]:
        """Return the numbers of a file's words, and how much the file has of each."""
        counts = self.of(words)
        length = _K1 * (1 - _B + _B * counts.total() / USUAL_LENGTH)
        weights: dict[int, float] = {}
        for stem, count in counts.items():
            weights[number_of(stem)] = count * (_K1 + 1) / (count + length)
        return list(weights), list(weights.values())

    def of_question(self, words: str) -> tuple[list[int], list[float]]:
        """Return the numbers of a question's words; each counts once."""
        numbers = sorted({number_of(stem) for stem in self.of(words)})
        return numbers, [1.0] * len(numbers)


def number_of(stem: str) -> int:
    """Return the number of a stem, below 2**32."""
    return int(digest_bytes(stem.encode())[:8], 16)
