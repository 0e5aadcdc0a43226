"""Sentences are read once, together where they wait together, and whoever asked gets the answer to that."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from auricle.search.reading import Reader


class Slow:
    """An encoder that waits to be told to go on; a sentence becomes its length and its number of words."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def __call__(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        self.read.append(list(sentences))
        self.begun.release()
        assert self.may_end.acquire(timeout=30)
        if "fault" in sentences:
            raise ValueError("a fault")
        return np.array([[len(sentence), len(sentence.split())] for sentence in sentences], np.float32)


def test_a_sentence_is_read_once() -> None:
    encoder = Slow()
    reader = Reader(encoder)
    encoder.may_end.release()
    np.testing.assert_array_equal(reader.read(["a dog", "rain", "a dog"]), [[5, 2], [4, 1], [5, 2]])
    np.testing.assert_array_equal(reader.read(["rain"]), [[4, 1]])
    assert encoder.read == [["a dog", "rain"]]


def test_what_waits_is_read_together() -> None:
    encoder = Slow()
    reader = Reader(encoder)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(reader.read, ["first"])
        assert encoder.begun.acquire(timeout=30)
        others = [pool.submit(reader.read, [f"{'word ' * number}x", "first"]) for number in range(4)]
        while len(reader._waiting) < 4:
            threading.Event().wait(0.001)
        for _ in range(2):
            encoder.may_end.release()
        np.testing.assert_array_equal(first.result(30), [[5, 1]])
        for number, other in enumerate(others):
            np.testing.assert_array_equal(other.result(30), [[5 * number + 1, number + 1], [5, 1]])
    assert encoder.read[0] == ["first"]
    assert sorted(encoder.read[1], key=len) == ["x", "word x", "word word x", "word word word x"]
    assert len(encoder.read) == 2


def test_a_fault_is_told_to_who_asked_and_forgotten() -> None:
    encoder = Slow()
    reader = Reader(encoder)
    for _ in range(3):
        encoder.may_end.release()
    with pytest.raises(ValueError, match="a fault"):
        reader.read(["fault"])
    np.testing.assert_array_equal(reader.read(["rain"]), [[4, 1]])
    with pytest.raises(ValueError, match="a fault"):
        reader.read(["fault"])


def test_only_the_last_sentences_are_remembered() -> None:
    read: list[str] = []

    def embed(sentences: Sequence[str]) -> NDArray[np.float32]:
        read.extend(sentences)
        return np.zeros((len(sentences), 1), np.float32)

    reader = Reader(embed)
    for number in range(600):
        reader.read([str(number)])
    reader.read(["599", "0"])
    assert read[600:] == ["0"]
    assert len(reader._known) == 512
