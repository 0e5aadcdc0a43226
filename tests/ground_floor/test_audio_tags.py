"""What files say of themselves. Oracle: what was written into them; hostile tags by hand."""

import contextlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError
from tests.ground_floor.sound_files import RATE, SINE, encode

WRITTEN = {"title": "Hund im Regen – weit weg", "artist": "Zoë", "comment": "a dog\nbarks", "copyright": "CC0"}
READ = WRITTEN | {"comment": "a dog barks"}


def wav_with(chunk: bytes) -> bytes:
    """Return a wav file with one more chunk."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = struct.pack("<4sI", b"data", 200) + bytes(200)
    body = b"WAVE" + form + chunk + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def info_chunk(**entries: bytes) -> bytes:
    """Return a LIST INFO chunk; the values of an even length, with their zero."""
    body = b"INFO" + b"".join(struct.pack("<4sI", key.encode(), len(text)) + text for key, text in entries.items())
    return struct.pack("<4sI", b"LIST", len(body)) + body


def id3(*frames: tuple[bytes, bytes]) -> bytes:
    """Return an ID3v2.4 tag."""

    def size(number: int) -> bytes:
        return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))

    body = b"".join(name + size(len(content)) + b"\0\0" + content for name, content in frames)
    return b"ID3\4\0\0" + size(len(body)) + body


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.wav", "pcm_s16le", "wav"),
        ("a.flac", "flac", "flac"),
        ("a.ogg", "libopus", "ogg"),
        ("a.mp3", "libmp3lame", "mp3"),
        ("a.m4a", "aac", "ipod"),
        ("a.mka", "flac", "matroska"),
        ("a.wma", "wmav2", "asf"),
        ("a.caf", "pcm_s16le", "caf"),
        ("a.wv", "wavpack", "wv"),
    ],
)
def test_what_was_written_is_read(tmp_path: Path, name: str, codec: str, container: str) -> None:
    rate = 48000 if codec == "libopus" else RATE
    path = encode(tmp_path / name, SINE, rate, codec, container, tags=WRITTEN)
    tags = audio.read_tags(path)
    assert {key: tags.get(key) for key in WRITTEN} == READ


def test_soundfiles_tags_are_read(tmp_path: Path) -> None:
    for name in ("a.flac", "a.ogg", "a.aiff"):
        with soundfile.SoundFile(tmp_path / name, "w", RATE, channels=1) as file:
            file.title = "far away"
            file.copyright = "somebody"
            file.write(SINE)
        tags = audio.read_tags(tmp_path / name)
        assert (tags["title"], tags["copyright"]) == ("far away", "somebody")


def test_chunks_of_wav_files(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(
        wav_with(info_chunk(INAM=b"Caf\xe9s\0", IKEY=b"rain;dog\0\0", ICMT="größer".encode() + b"\0\0", ICOP=b"\0\0"))
    )
    assert audio.read_tags(path) == {"title": "Cafés", "keywords": "rain;dog", "comment": "größer"}
    bext = b"thunder over Hove".ljust(256, b"\0") + b"A. Person".ljust(32, b"\0") + bytes(602 - 288)
    path.write_bytes(wav_with(struct.pack("<4sI", b"bext", len(bext)) + bext))
    assert audio.read_tags(path)["comment"] == "thunder over Hove"


def test_nothing_to_say(tmp_path: Path) -> None:
    audio.write(tmp_path / "a.wav", SINE, RATE)
    (tmp_path / "text.wav").write_text("these are words " * 100)
    (tmp_path / "empty.mp3").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("a.wav", "text.wav", "empty.mp3", "missing.flac", "pipe.wav", "."):
        assert audio.read_tags(tmp_path / name) == {}


def test_hostile_tags_are_cut_and_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, SINE, RATE)
    sound = path.read_bytes()
    frames = [
        (b"TIT2", b"\3" + b"x" * 5_000_000),
        (b"TPE1", b"\3" + b"a\x1b[31mb\x07\xff\xfec"),  # escape sequences, a bell, what is no UTF-8
        (b"TALB", b"\3one\0two"),
        (b"TCOP", b"\3" + "\u202egnp.exe\u2028 <b>".encode()),
        (b"TCON", b"\3 \t\r\n "),
        (b"TXXX", b"\3" + b"k" * 10_000 + b"\0value"),
        *((b"TXXX", b"\3" + f"key {number}".encode() + b"\0v") for number in range(5000)),
    ]
    path.write_bytes(id3(*frames) + sound)
    tags = audio.read_tags(path)
    assert tags["title"] == "x" * 2000
    assert tags["artist"] == "a [31mb ÿþc"
    assert tags["album"].startswith("one")
    assert tags["copyright"] == "gnp.exe <b>"
    assert "genre" not in tags
    assert len(tags) == 64
    assert max(map(len, tags)) <= 64
    assert all(text.isprintable() and text == text.strip() for text in (*tags, *tags.values()))
    assert abs(len(audio.decode(path)) - RATE) < 2500


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.m4a", "a.mka", "a.wma", "a.wv", "a.aac"])
def test_damage_anywhere_is_an_error_of_one_kind(tmp_path: Path, name: str) -> None:
    codecs = {"wav": ("pcm_s16le", "wav"), "flac": ("flac", "flac"), "ogg": ("libopus", "ogg"), "wv": ("wavpack", "wv")}
    codecs |= {"mp3": ("libmp3lame", "mp3"), "m4a": ("aac", "ipod"), "mka": ("flac", "matroska")}
    codecs |= {"wma": ("wmav2", "asf"), "aac": ("aac", "adts")}
    rate = 48000 if name == "a.ogg" else RATE
    path = encode(tmp_path / name, SINE[:9000], rate, *codecs[name[2:]], tags=WRITTEN)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for number in range(40):
        content = bytearray(whole)
        for place in random.integers(0, len(content) if number % 2 else 200, 5):
            content[place] = random.integers(256)
        path.write_bytes(content[: random.integers(len(content)) if number % 5 == 0 else None])
        assert isinstance(audio.read_tags(path), dict)
        with contextlib.suppress(AudioError):
            assert np.isfinite(audio.decode(path)).all()
        with contextlib.suppress(AudioError):
            list(audio.windows(path, window_s=0.1, hop_s=0.1))
        with contextlib.suppress(AudioError):
            audio.excerpt(path, 0.05, 0.1)
