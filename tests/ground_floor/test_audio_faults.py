"""Files that are no sounds, or not whole, and headers that lie: one sentence each, and nothing else said."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError
from tests.ground_floor.sound_files import RATE, SINE, encode, mp3_without_length

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 5 * RATE).astype(np.float32)


def test_what_is_no_sound_is_said(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, SINE, RATE, subtype="PCM_16")
    files = {
        "missing.wav": (None, "missing.wav is not there"),
        "empty.wav": (b"", r"empty.wav is empty \(0 bytes\)"),
        "text.wav": (b"these are words\n" * 20, r"^text.wav cannot be read as a sound \(.*Invalid data.*\)\.$"),
        "short.wav": (whole.read_bytes()[:30000], "short.wav is cut short: its header announces 88244 bytes, 30000"),
        "header.wav": (whole.read_bytes()[:44], "header.wav is cut short"),
    }
    for name, (content, sentence) in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(AudioError, match=sentence):
            audio.decode(tmp_path / name)


@pytest.mark.parametrize("suffix", [*sorted(audio.SUFFIXES), ".mp4", ""])
def test_prose_and_noise_are_no_sounds(tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    for content in (b"these are words\n" * 5000, np.random.default_rng(1).bytes(100_000), b"\0" * 100_000):
        path.write_bytes(content)
        with pytest.raises(AudioError, match=rf"^a{suffix} (cannot be read as a sound|is encoded in a way|is damaged)"):
            audio.decode(path)
        assert audio.read_tags(path) == {}
    assert capfd.readouterr() == ("", "")


def test_a_play_list_leads_nowhere(tmp_path: Path) -> None:
    sound = encode(tmp_path / "sound.aac", SINE, RATE, "aac", "adts")
    segments = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{sound.as_uri()}\n#EXT-X-ENDLIST\n"
    (tmp_path / "hls.m4a").write_text(segments)
    (tmp_path / "concat.mp3").write_text("ffconcat version 1.0\nfile sound.aac\n")
    with av.open(str(tmp_path / "concat.mp3")) as container:
        assert container.streams.audio[0].rate == RATE  # FFmpeg by itself follows
    for name in ("hls.m4a", "concat.mp3"):
        with pytest.raises(AudioError, match=rf"^{name} cannot be read as a sound"):
            audio.decode(tmp_path / name)


def test_a_film_without_sound_and_an_unknown_encoding(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mka"), "w", format="matroska") as file:
        stream = file.add_stream("ffv1", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "gray"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16), np.uint8), format="gray")))
        file.mux(stream.encode(None))
    unknown = encode(tmp_path / "unknown.mka", SINE, RATE, "flac", "matroska")
    unknown.write_bytes(unknown.read_bytes().replace(b"A_FLAC", b"A_GLAC"))
    for name, sentence in {"film": "has no sound in it", "unknown": "is encoded in a way that cannot be read"}.items():
        for read in (audio.probe, audio.decode):
            with pytest.raises(AudioError, match=rf"^{name}.mka {sentence}\.$"):
                read(tmp_path / f"{name}.mka")


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.aac", "a.amr", "a.mka", "a.wv", "a.tta"])
def test_half_a_file_is_damaged_or_cut_short(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    path = tmp_path / name
    if name in ("a.flac", "a.mp3"):
        soundfile.write(path, NOISE, RATE)
    else:
        codecs = {"m4a": ("aac", "ipod"), "aac": ("aac", "adts"), "amr": ("libopencore_amrnb", "amr")}
        codecs |= {"mka": ("flac", "matroska"), "wv": ("wavpack", "wv"), "tta": ("tta", "tta")}
        # The index of an MP4 file stands at its end, unless it is asked to the front.
        options = {"movflags": "faststart"} if name == "a.m4a" else None
        rate = 8000 if name == "a.amr" else RATE
        encode(tmp_path / name, NOISE[: 5 * rate], rate, *codecs[path.suffix[1:]], options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 5])
    with pytest.raises(AudioError, match=rf"^{name} is (damaged|cut short)"):
        audio.decode(path)
    with pytest.raises(AudioError, match=rf"^{name} is (damaged|cut short)"):
        list(audio.windows(path, window_s=1, hop_s=1))
    assert capfd.readouterr() == ("", "")


def test_an_mp3_that_does_not_say_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    quiet = np.concatenate([NOISE, np.zeros(10 * RATE, np.float32)])  # the bit rate of the beginning is not the mean
    mp3_without_length(path, quiet)
    assert soundfile.info(str(path)).duration < 10  # libsndfile's guess
    assert audio.probe(path).duration_s == pytest.approx(15, abs=0.1)
    assert len(audio.decode(path)) / RATE == pytest.approx(15, abs=0.1)
    assert list(audio.windows(path))[-1].end_s == pytest.approx(15, abs=0.1)
    path.write_bytes(path.read_bytes() + b"TAG" + b"word" * 31 + b"\0")  # ID3v1
    assert len(audio.decode(path)) / RATE == pytest.approx(15, abs=0.1)


def test_streams_announce_nothing_and_are_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SINE, RATE, subtype="PCM_16")
    content = bytearray((tmp_path / "a.wav").read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(content)

    soundfile.write(tmp_path / "a.flac", SINE, RATE, subtype="PCM_16")
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0  # the 36 bits of the number of samples
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)

    live = encode(tmp_path / "a.mka", SINE, RATE, "flac", "matroska", options={"live": "1"})
    with av.open(str(live)) as container:
        assert container.duration is None
    for name in ("a.wav", "a.flac", "a.mka"):
        assert len(audio.decode(tmp_path / name)) == RATE
        assert audio.probe(tmp_path / name).duration_s == pytest.approx(1.0, abs=0.001)


def test_a_change_of_the_rate_is_refused(tmp_path: Path) -> None:
    parts = [
        encode(tmp_path / "1.aac", SINE, RATE, "aac", "adts"),
        encode(tmp_path / "2.aac", SINE, RATE // 2, "aac", "adts"),
    ]
    path = tmp_path / "both.aac"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(AudioError, match=r"^both.aac changes its rate from 44100 to 22050 Hz after 1\.\d\d s\.$"):
        audio.decode(path)


def test_samples_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    samples = SINE.copy()
    samples[30000] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    encode(tmp_path / "nan.mka", samples, RATE, "pcm_f32le", "matroska")
    for name in ("nan.wav", "nan.mka"):
        with pytest.raises(AudioError, match=rf"^{name}: Some samples are not finite"):
            audio.decode(tmp_path / name)
        with pytest.raises(AudioError, match=rf"^{name}: Some samples are not finite"):
            list(audio.windows(tmp_path / name))
    with pytest.raises(AudioError, match="no samples"):
        audio.from_array(np.zeros(0, np.float32), RATE, sample_rate=RATE)
    with pytest.raises(ValueError, match="floating point"):
        audio.from_array(np.zeros(10, np.int16), RATE, sample_rate=RATE)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    soundfile.write(tmp_path / "a.wav", SINE, RATE)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match=r"^a.wav cannot be read: Permission denied\.$"):
        audio.probe(tmp_path / "a.wav")
