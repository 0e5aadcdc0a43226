"""Windows and excerpts.

Oracles: slices of the whole file as soundfile or `decode` reads it, and the rule, checked at every place it names.
"""

import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from auricle import audio
from auricle.audio import libsndfile
from auricle.errors import AudioError
from tests.ground_floor.sound_files import RATE, SINE, encode, mp3_without_length

RANDOM = np.random.default_rng(0)
NOISE = (RANDOM.uniform(-0.5, 0.5, 7 * RATE) * np.linspace(0.1, 1, 7 * RATE)).astype(np.float32)
SWEEP = np.sin(2 * np.pi * np.cumsum(np.linspace(100, 2000, 20 * RATE)) / RATE).astype(np.float32)


def written(folder: Path, name: str, samples: np.ndarray = NOISE) -> Path:
    """Write a sound in the format its name says."""
    path = folder / name
    by_ffmpeg = {"m4a": ("aac", "ipod"), "aac": ("aac", "adts"), "mka": ("libopus", "webm"), "wv": ("wavpack", "wv")}
    by_ffmpeg |= {"ac3": ("ac3", "ac3"), "wma": ("wmav2", "asf"), "tta": ("tta", "tta")}
    kind = path.suffix[1:]
    if kind in by_ffmpeg:
        rate = 48000 if kind == "mka" else RATE
        return encode(path, samples, rate, *by_ffmpeg[kind])
    if name.startswith("silent-length"):
        mp3_without_length(path, samples)
        return path
    with soundfile.SoundFile(
        path,
        "w",
        48000 if kind == "opus" else RATE,
        channels=1,
        format={"opus": "OGG"}.get(kind),
        subtype={"opus": "OPUS"}.get(kind),
    ) as file:
        for start in range(0, len(samples), RATE):  # libvorbis does not survive long blocks
            file.write(samples[start : start + RATE])
    return path


@given(
    st.integers(1, 5000),
    st.integers(20, 300),
    st.floats(1, 20),
    st.floats(0.05, 1),
)
def test_places_follow_the_rule(n_samples: int, rate: int, window_s: float, overlap: float) -> None:
    hop_s = window_s * overlap
    places = audio.window_places(n_samples, rate, window_s=window_s, hop_s=hop_s)
    heard = np.zeros(n_samples, bool)
    for start, stop in places:
        assert 0 <= start < stop <= n_samples
        heard[start:stop] = True
    assert heard.all()
    assert [stop == n_samples for _, stop in places] == [False] * (len(places) - 1) + [True]
    for number, (start, stop) in enumerate(places):
        assert abs(start - number * hop_s * rate) <= 1
        if number < len(places) - 1:
            assert abs(stop - start - window_s * rate) <= 1.5
    if len(places) > 1:
        assert places[-1][1] - places[-1][0] > (window_s - hop_s) * rate - 2


def test_the_ends_of_the_rule() -> None:
    assert audio.window_places(10 * RATE, RATE) == [(0, 10 * RATE)]
    assert audio.window_places(10 * RATE + 1, RATE) == [(0, 10 * RATE), (5 * RATE, 10 * RATE + 1)]
    assert audio.window_places(1, RATE) == [(0, 1)]
    touching = audio.window_places(3 * RATE, RATE, window_s=0.7, hop_s=0.7)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(touching))


@pytest.mark.parametrize("times", [(0, 0), (10, 0), (10, -1), (5, 5.1), (np.nan, 1), (5, np.nan), (np.inf, 1)])
def test_impossible_windows_are_refused_at_once(times: tuple[float, float]) -> None:
    window_s, hop_s = times
    with pytest.raises(ValueError, match=r"windows need 0 < hop_s <= window_s"):
        audio.windows(Path("nothing.wav"), window_s=window_s, hop_s=hop_s)
    with pytest.raises(ValueError, match=r"windows need 0 < hop_s <= window_s"):
        audio.window_places(10, 1, window_s=window_s, hop_s=hop_s)
    with pytest.raises(ValueError, match=r"needs samples and a rate, not 0 at 1 Hz"):
        audio.window_places(0, 1)


@pytest.mark.parametrize(
    "name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "silent-length.mp3", "a.m4a", "a.aac", "a.mka", "a.wma"]
)
def test_windows_are_slices_of_the_whole(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    rate = audio.probe(path).sample_rate
    if path.suffix in (".wav", ".flac", ".ogg", ".opus"):
        whole = soundfile.read(path, dtype="float32")[0]
    else:
        whole = audio.decode(path)
    cut = list(audio.windows(path, window_s=1.5, hop_s=0.4))
    places = audio.window_places(len(whole), rate, window_s=1.5, hop_s=0.4)
    assert [(round(one.start_s * rate), round(one.end_s * rate)) for one in cut] == places
    for one, (start, stop) in zip(cut, places, strict=True):
        assert one.sample_rate == rate
        assert one.samples.dtype == np.float32
        assert np.array_equal(one.samples, whole[start:stop])


def test_windows_do_not_depend_on_how_the_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([NOISE[:9999], NOISE[9999:19998]], 1), 999, subtype="FLOAT")
    expected = list(audio.windows(path, window_s=0.777, hop_s=0.5))
    monkeypatch.setattr(libsndfile, "_BLOCK_VALUES", 14)
    for one, other in zip(audio.windows(path, window_s=0.777, hop_s=0.5), expected, strict=True):
        assert (one.start_s, one.end_s) == (other.start_s, other.end_s)
        assert np.array_equal(one.samples, other.samples)


def test_a_short_file_is_one_window(tmp_path: Path) -> None:
    for n_samples in (1, 100, RATE):
        audio.write(tmp_path / "a.wav", SINE[:n_samples], RATE)
        (one,) = audio.windows(tmp_path / "a.wav", window_s=1, hop_s=0.5)
        assert (one.start_s, one.end_s, len(one.samples)) == (0, n_samples / RATE, n_samples)


def test_a_fault_is_found_where_it_is(tmp_path: Path) -> None:
    samples = NOISE.copy()
    samples[5 * RATE] = np.inf
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    cut = audio.windows(path, window_s=1, hop_s=1)
    before = list(itertools.islice(cut, 2))
    assert np.array_equal(np.concatenate([one.samples for one in before]), NOISE[: 2 * RATE])
    with pytest.raises(AudioError, match=r"^a.wav: Some samples are not finite"):
        list(cut)
    with pytest.raises(AudioError, match=r"^none.wav is not there"):
        next(audio.windows(tmp_path / "none.wav"))


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    rate, minute = 8000, np.tile(NOISE, 2)[: 60 * 8000]
    peaks = []
    for minutes in (1, 60):
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", rate, channels=1) as file:
            for _ in range(minutes):
                file.write(minute)
        tracemalloc.start()
        n_windows = sum(1 for _ in audio.windows(path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert n_windows == minutes * 12 - 1
    assert peaks[1] < 1.1 * peaks[0] < 4e6  # the whole hour would be 115 MB


@pytest.mark.parametrize(
    ("name", "within"),
    [
        *((f"a.{suffix}", 0) for suffix in ("wav", "flac", "ogg", "opus", "wv", "tta", "aac", "ac3")),
        ("silent-length.mp3", 1e-6),
        ("a.mp3", 1e-6),
        ("a.m4a", 0.02),  # noise is replaced by other noise; a shift by one sample would give 0.2
    ],
)
def test_an_excerpt_is_a_slice_of_the_whole(tmp_path: Path, name: str, within: float) -> None:
    path = written(tmp_path, name, SWEEP if name == "a.m4a" else np.tile(NOISE, 3))
    whole = audio.decode(path)
    rate = audio.probe(path).sample_rate
    for start in (0, 1, 2000, 3 * rate, 10 * rate + 7, 17 * rate, len(whole) - 9000, len(whole) - 1):
        for length in (1, 1000, 3 * rate):
            samples, given_rate = audio.excerpt(path, start / rate, (start + length) / rate)
            expected = whole[start : start + length]
            assert given_rate == rate
            assert samples.shape == expected.shape
            assert np.abs(samples - expected).max() <= within, (start, length)


@pytest.mark.parametrize(("name", "codec", "container"), [("a.mka", "aac", "matroska"), ("a.wma", "wmav2", "asf")])
def test_times_in_milliseconds_give_excerpts_within_one(tmp_path: Path, name: str, codec: str, container: str) -> None:
    path = encode(tmp_path / name, SWEEP, RATE, codec, container)
    whole = audio.decode(path)
    for start_s in (5.0, 11.11111, 17.7):
        samples, _ = audio.excerpt(path, start_s, start_s + 0.5)
        first = round(start_s * RATE)
        apart = [np.abs(samples - whole[first + lag :][: len(samples)]).mean() for lag in range(-44, 45)]
        assert min(apart) < 1e-4 < 0.01 < apart[0] + apart[-1]


def test_an_excerpt_is_clipped_to_the_file(tmp_path: Path) -> None:
    for name in ("a.wav", "a.mp3", "a.aac"):
        path = written(tmp_path, name)
        whole = audio.decode(path)
        samples, rate = audio.excerpt(path, 6.9, 1e6)
        assert np.abs(samples - whole[round(6.9 * rate) :]).max() < 1e-6
        with pytest.raises(AudioError, match=rf"^{name} ends before 7\.50 s\.$"):
            audio.excerpt(path, 7.5, 8)
        for start_s, end_s in ((-1, 1), (2, 2), (2, 1), (np.nan, 1), (0, np.inf)):
            with pytest.raises(ValueError, match=r"an excerpt needs finite times"):
                audio.excerpt(path, start_s, end_s)


def test_a_window_is_the_excerpt_between_its_times(tmp_path: Path) -> None:
    path = written(tmp_path, "a.flac")
    for one in audio.windows(path, window_s=1.2345, hop_s=0.567):
        assert np.array_equal(audio.excerpt(path, one.start_s, one.end_s)[0], one.samples)
