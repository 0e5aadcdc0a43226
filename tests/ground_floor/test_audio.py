"""Sounds as people have them. Oracle: what was written with soundfile or FFmpeg, and known sines."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.audio.formats import DEMUXERS
from tests.ground_floor.sound_files import RATE, SINE, encode

BY_FFMPEG = {
    ".aac": ("aac", "adts"),
    ".ac3": ("ac3", "ac3"),
    ".amr": ("libopencore_amrnb", "amr"),
    ".eac3": ("eac3", "eac3"),
    ".m4a": ("aac", "ipod"),
    ".m4b": ("alac", "ipod"),
    ".mka": ("flac", "matroska"),
    ".mp2": ("mp2", "mp2"),
    ".mp3": ("libmp3lame", "mp3"),
    ".tta": ("tta", "tta"),
    ".weba": ("libopus", "webm"),
    ".wma": ("wmav2", "asf"),
    ".wv": ("wavpack", "wv"),
}
BY_SOUNDFILE = {
    ".aif": ("AIFF", "PCM_24"),
    ".aifc": ("AIFF", "ULAW"),
    ".aiff": ("AIFF", "PCM_16"),
    ".au": ("AU", "PCM_16"),
    ".bwf": ("WAV", "PCM_24"),
    ".caf": ("CAF", "ALAC_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".oga": ("OGG", "VORBIS"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".rf64": ("RF64", "PCM_16"),
    ".snd": ("AU", "ALAW"),
    ".w64": ("W64", "PCM_16"),
    ".wav": ("WAV", "PCM_16"),
    ".wave": ("WAV", "IMA_ADPCM"),
}
NOBODY_WRITES = {".ape": "ape", ".mpc": "mpc7", ".spx": "speex"}  # here: FFmpeg only has their decoders
RATES = {".amr": 8000, ".weba": 48000, ".opus": 48000}


def sine(rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)


@pytest.mark.parametrize("suffix", sorted(audio.SUFFIXES - set(NOBODY_WRITES)))
def test_all_formats_decode_to_the_sine_that_was_written(tmp_path: Path, suffix: str) -> None:
    rate = RATES.get(suffix, RATE)
    path = tmp_path / f"sine{suffix}"
    if suffix in BY_SOUNDFILE:
        container, subtype = BY_SOUNDFILE[suffix]
        soundfile.write(path, sine(rate), rate, format=container, subtype=subtype)
    else:
        encode(path, sine(rate), rate, *BY_FFMPEG[suffix])
    info = audio.probe(path)
    samples = audio.decode(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - rate) < 2500  # lossy formats pad their frames
    assert (info.sample_rate, info.channels) == (rate, 1)
    assert info.duration_s == pytest.approx(len(samples) / rate, abs=0.05)  # a block of WMA
    middle = samples[rate // 4 : -rate // 4]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.2)  # AMR is for speech
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * rate / len(middle) == pytest.approx(440, abs=2)


def test_the_documentation_lists_the_endings() -> None:
    page = (Path(__file__).parents[2] / "docs" / "layout.md").read_text(encoding="utf-8")
    _, listed, _ = page[page.index("### Sounds\n") :].split("```", 2)
    assert listed.split() == sorted(audio.SUFFIXES)


def test_the_decoders_that_the_table_promises_are_there() -> None:
    assert set(BY_FFMPEG) | set(BY_SOUNDFILE) | set(NOBODY_WRITES) == audio.SUFFIXES
    for codec in NOBODY_WRITES.values():
        assert av.Codec(codec, "r").type == "audio"
    known = {name for names in av.formats_available for name in names.split(",")}
    assert known >= DEMUXERS


@pytest.mark.parametrize(
    ("codec", "step"),
    [("u8", 2**-7), ("s16le", 2**-15), ("s24le", 2**-23), ("s32le", 2**-24), ("f32le", 0), ("f64le", 0)],
)
def test_every_type_of_sample_has_the_same_scale(tmp_path: Path, codec: str, step: float) -> None:
    path = encode(tmp_path / "a.mka", SINE, RATE, f"pcm_{codec}", "matroska")
    assert np.abs(audio.decode(path) - SINE).max() <= step


def test_channels_are_averaged_and_the_rate_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "eight.wav"
    gains = np.linspace(-1, 1, 8, dtype=np.float32) + 0.25  # their mean is 0.25
    soundfile.write(path, SINE[:, None] * gains / 2, RATE, subtype="FLOAT")
    info = audio.probe(path)
    assert (info.channels, info.sample_rate, info.duration_s) == (8, RATE, 1.0)
    samples = audio.decode(path, sample_rate=8000)
    expected = 0.125 * 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.abs(samples - expected)[200:-200].max() < 1e-4


@pytest.mark.parametrize("n_channels", range(1, 10))
def test_the_mean_of_channels_is_numpys(n_channels: int) -> None:
    frames = np.random.default_rng(n_channels).uniform(-1, 1, (1000, n_channels)).astype(np.float32)
    averaged = audio.from_array(frames, RATE, sample_rate=RATE)
    assert np.abs(averaged - frames.astype(np.float64).mean(axis=1)).max() < 1e-6


def test_writing_clips_and_reads_back_within_half_a_step(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audio.write(path, 4 * SINE, RATE)
    assert np.abs(audio.decode(path) - np.clip(4 * SINE, -1, 1)).max() <= 1 / 32767


def test_content_counts_not_the_ending(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "flac", SINE, RATE, format="FLAC")
    made = {"flac": tmp_path / "flac", "mp4": encode(tmp_path / "a.m4a", SINE, RATE, "aac", "ipod")}
    for path in made.values():
        expected = audio.decode(path)
        for ending in ("wav", "mp3", "m4a", "aac", "film"):
            misnamed = Path(shutil.copy(path, tmp_path / f"misnamed.{ending}"))
            assert np.array_equal(audio.decode(misnamed), expected), (path, ending)


@pytest.mark.parametrize("codec", ["g722", "ac3", "libmp3lame"])
def test_a_wav_file_may_hold_what_libsndfile_cannot_read(tmp_path: Path, codec: str) -> None:
    rate = 16000 if codec == "g722" else RATE
    samples = audio.decode(encode(tmp_path / "a.wav", sine(rate), rate, codec, "wav"))
    assert abs(len(samples) - rate) < 2500
    assert np.sqrt(2 * np.mean(samples[rate // 4 : -rate // 4] ** 2)) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize("name", ["a:b", "http:x", "%d of 7", "two\nlines", "?#&", "b\udce9b", "-i"])
def test_any_file_name_is_a_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("a.wav", SINE, RATE)
    encode(tmp_path / "a.m4a", SINE, RATE, "alac", "ipod", tags={"title": "tone"})
    for suffix in (".wav", ".m4a"):
        path = Path(shutil.copy(f"a{suffix}", f"{name}{suffix}"))
        assert np.abs(audio.decode(path) - SINE).max() < 1e-4
        assert audio.probe(path).duration_s == 1.0
    assert audio.read_tags(path)["title"] == "tone"
