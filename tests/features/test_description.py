"""Computing a description over many items: once each, in bounded memory, without the bad ones."""

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from auricle.engines import Share
from auricle.errors import AudioError, AuricleError
from auricle.features import FRONT_ENDS, AudioEmbeddings, LogMelSpectrograms, compute, open_store, pad_batch
from auricle.features.description import Array


class Squares:
    """Describes the text of a number by a large array of its square; negative ones cannot be described."""

    name = "squares"
    unit = "number"
    network = False

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.asked: list[str] = []

    def settings(self) -> dict[str, int]:
        return {"size": self.size}

    def within(self, share: Share) -> "Squares":
        return self

    def key(self, item: str) -> str:
        return item.strip()

    def describe(self, items: Sequence[str]) -> Iterator[Array | AuricleError]:
        for item in items:
            self.asked.append(item)
            if item.startswith("-"):
                yield AudioError(f"{item} is negative.")
            else:
                yield np.full(self.size, int(item) ** 2, np.float32)


def test_only_what_is_missing_is_computed_and_equal_content_once(tmp_path: Path) -> None:
    squares = Squares()
    store = open_store(tmp_path, squares)
    assert compute(store, squares, ["1", "2", " 2", "3"]) == []
    assert len(squares.asked) == 3
    again = Squares()
    assert compute(open_store(tmp_path, again), again, ["3", "4"]) == []
    assert again.asked == ["4"]
    assert {key: float(open_store(tmp_path, squares)[key][0]) for key in "1234"} == {"1": 1, "2": 4, "3": 9, "4": 16}


def test_bad_items_are_returned_with_their_reason_and_the_others_are_kept(tmp_path: Path) -> None:
    squares = Squares()
    store = open_store(tmp_path, squares)
    unusable = compute(store, squares, ["5", "-1", "6", "-2"])
    assert sorted((bad.item, bad.reason) for bad in unusable) == [("-1", "-1 is negative."), ("-2", "-2 is negative.")]
    assert set(store) == {"5", "6"}


def test_memory_does_not_grow_with_the_collection(tmp_path: Path) -> None:
    large = Squares(size=1_000_000)  # 4 MB each, 400 MB in all
    store = open_store(tmp_path, large)
    tracemalloc.start()
    compute(store, large, [str(number) for number in range(100)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store) == 100
    assert peak < 250e6


def test_two_processes_share_the_work_of_one_store(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for number in range(12):
        soundfile.write(sounds / f"{number}.wav", np.random.default_rng(number).uniform(-1, 1, 8000), 16000)
    script = (
        "import sys; from auricle.cli import main; sys.argv[1:] = ['features', 'log-mel', sys.argv[1], '--front-end', "
        "'yamnet', '--features', sys.argv[2]]; main()"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script, str(sounds), str(tmp_path / "stores")], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert all(b"12 clips" in process.communicate(timeout=120)[0] for process in both)
    store = open_store(tmp_path / "stores", LogMelSpectrograms(FRONT_ENDS.get("yamnet")))
    assert len(store) == 12


@dataclass(frozen=True)
class Sound:
    """A file on disk."""

    path: Path
    content: str


@pytest.fixture
def sounds(tmp_path: Path) -> list[Sound]:
    found = []
    for number, seconds in enumerate((0.05, 3.0, 1.0, 2.0)):
        path = tmp_path / f"{number}.wav"
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, int(44100 * seconds))
        soundfile.write(path, noise, 44100, subtype="FLOAT")
        found.append(Sound(path, str(number)))
    (tmp_path / "bad.wav").write_text("not a sound, but long enough to be looked at as one")
    found.insert(2, Sound(tmp_path / "bad.wav", "bad"))
    return found


def _mean_over_frames(features: torch.Tensor, n_frames: torch.Tensor) -> torch.Tensor:
    """Stand in for a network: its embedding can be worked out with numpy."""
    rows = [row[:length].mean(dim=0) for row, length in zip(features, n_frames.tolist(), strict=True)]
    return torch.stack(rows)


@pytest.mark.parametrize("name", list(FRONT_ENDS))
def test_embeddings_follow_the_order_of_sounds_and_ignore_padding(sounds: list[Sound], name: str) -> None:
    front_end = FRONT_ENDS.get(name)
    description = AudioEmbeddings(_mean_over_frames, front_end=front_end, name="mean", weights="")
    described = list(description.describe(sounds))
    log_mels = list(LogMelSpectrograms(front_end).describe(sounds))
    assert isinstance(described[2], AudioError)
    assert "bad.wav" in str(described[2])
    for embedded, log_mel in zip(described, log_mels, strict=True):
        if not isinstance(embedded, AuricleError):
            assert isinstance(log_mel, np.ndarray)
            assert len(log_mel) >= front_end.min_frames
            np.testing.assert_allclose(embedded, log_mel.mean(axis=0), rtol=1e-4, atol=1e-4)


def test_the_number_of_threads_does_not_matter(sounds: list[Sound]) -> None:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.ReLU(), torch.nn.Linear(512, 64))

    def network(features: torch.Tensor, n_frames: torch.Tensor) -> torch.Tensor:
        assert torch.get_num_threads() == 1
        embedded: torch.Tensor = layers(features).mean(dim=1)
        return embedded

    def described(threads: int) -> list[bytes]:
        embeddings = AudioEmbeddings(network, front_end=FRONT_ENDS.get("panns"), name="n", weights="w", threads=threads)
        return [array.tobytes() for array in embeddings.describe(sounds) if not isinstance(array, AuricleError)]

    expected = described(1)
    assert len(expected) == len(sounds) - 1  # one is no sound
    assert described(3) == expected


def test_half_precision_is_an_option_with_the_stated_error(sounds: list[Sound]) -> None:
    front_end = FRONT_ENDS.get("clotho-baseline")
    whole, half = (
        list(LogMelSpectrograms(front_end, precision=p).describe(sounds[:1])) for p in ("float32", "float16")
    )
    assert isinstance(whole[0], np.ndarray)
    assert isinstance(half[0], np.ndarray)
    assert half[0].dtype == np.float16
    assert np.abs(whole[0] - half[0].astype(np.float32)).max() < 0.016


def test_a_batch_is_filled_up_with_zeros() -> None:
    arrays: list[NDArray[np.float32]] = [np.full((length, 2), length, np.float32) for length in (3, 1, 2)]
    features, n_frames = pad_batch(arrays)
    assert n_frames.tolist() == [3, 1, 2]
    assert features[:, :, 0].tolist() == [[3, 3, 3], [1, 0, 0], [2, 2, 0]]
