"""Sounds as people have them. Oracle: what was written with soundfile, and known sines."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError

RATE = 44100
SINE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("suffix", sorted(audio.SUFFIXES))
def test_all_formats_decode_to_the_sine_that_was_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sine{suffix}"
    soundfile.write(path, SINE, RATE)
    samples = audio.decode(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - RATE) < 2400  # mp3 pads its frames
    spectrum = np.abs(np.fft.rfft(samples[4000:-4000]))
    assert spectrum.argmax() * RATE / (len(samples) - 8000) == pytest.approx(440, abs=2)


def test_channels_are_averaged_and_the_rate_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "eight.wav"
    gains = np.linspace(-1, 1, 8, dtype=np.float32) + 0.25  # their mean is 0.25
    soundfile.write(path, SINE[:, None] * gains / 2, RATE, subtype="FLOAT")
    info = audio.probe(path)
    assert (info.channels, info.sample_rate, info.duration_s) == (8, RATE, 1.0)
    samples = audio.decode(path, sample_rate=8000)
    expected = 0.125 * 0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    assert np.abs(samples - expected)[200:-200].max() < 1e-4


def test_writing_clips_and_reads_back_within_half_a_step(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audio.write(path, 4 * SINE, RATE)
    assert np.abs(audio.decode(path) - np.clip(4 * SINE, -1, 1)).max() <= 1 / 32767


def test_what_is_no_sound_is_said(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, SINE, RATE, subtype="PCM_16")
    files = {
        "missing.wav": (None, "missing.wav is not there"),
        "empty.wav": (b"", r"empty.wav is empty \(0 bytes\)"),
        "text.wav": (b"these are words\n" * 20, "text.wav cannot be read as wav, flac, ogg or mp3"),
        "short.wav": (whole.read_bytes()[:30000], "short.wav is cut short: its header announces 88244 bytes, 30000"),
        "header.wav": (whole.read_bytes()[:44], "header.wav is cut short"),
    }
    for name, (content, sentence) in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(AudioError, match=sentence):
            audio.decode(tmp_path / name)


def test_a_truncated_flac_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, RATE), RATE)
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(AudioError, match=r"a.flac is (damaged|cut short)"):
        audio.decode(path)


def test_a_streamed_wav_announces_nothing_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "streamed.wav"
    soundfile.write(path, SINE, RATE, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))
    assert len(audio.decode(path)) == RATE


def test_samples_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    samples = SINE.copy()
    samples[100] = np.nan
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan.wav: Some samples are not finite"):
        audio.decode(path)
    with pytest.raises(AudioError, match="no samples"):
        audio.from_array(np.zeros(0, np.float32), RATE, sample_rate=RATE)
    with pytest.raises(ValueError, match="floating point"):
        audio.from_array(np.zeros(10, np.int16), RATE, sample_rate=RATE)
