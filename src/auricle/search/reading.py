"""Sentences as vectors for many who ask at once: each is read once, and those that wait are read together.

A sentence encoder takes about as long over eight sentences as over one, which is what keeps a service up under load.
What is read together differs from what is read alone in the seventh digit.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np

from auricle.processes import one_thread
from auricle.search.records import Vectors

_REMEMBERED = 512
_TOGETHER = 16


class Reader:
    """Reads sentences, and remembers the last of them.

    Args:
        embed: Sentences, at least one -> vectors (sentences, dim).
    """

    def __init__(self, embed: Callable[[Sequence[str]], Vectors]) -> None:
        self._embed = embed
        self._known: OrderedDict[str, Future[Vectors]] = OrderedDict()
        self._waiting: list[str] = []
        self._changing = threading.Lock()
        self._reading = threading.Lock()

    def read(self, sentences: Sequence[str]) -> Vectors:
        """Return the vectors (sentences, dim) of sentences, at least one."""
        answers = [self._ask(sentence) for sentence in sentences]
        while not all(answer.done() for answer in answers):
            with self._reading:
                self._read_some()
        return np.stack([answer.result() for answer in answers])

    def _ask(self, sentence: str) -> "Future[Vectors]":
        with self._changing:
            if sentence not in self._known:
                self._known[sentence] = Future()
                self._waiting.append(sentence)
            self._known.move_to_end(sentence)
            return self._known[sentence]

    def _read_some(self) -> None:
        """Read what waits; nothing, if another has just done it."""
        with self._changing:
            together, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            answers = [self._known[sentence] for sentence in together]
        if not together:
            return
        try:
            with one_thread():  # several at a time would only wait for each other's threads
                vectors = self._embed(together)
        except BaseException as error:
            with self._changing:
                for sentence, answer in zip(together, answers, strict=True):
                    del self._known[sentence]  # it may be asked again
                    answer.set_exception(error)
            return
        for answer, vector in zip(answers, vectors, strict=True):
            answer.set_result(vector)
        with self._changing:
            while len(self._known) > _REMEMBERED and next(iter(self._known.values())).done():
                self._known.popitem(last=False)
