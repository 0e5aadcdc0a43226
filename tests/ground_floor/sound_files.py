"""What the tests of sounds share: files in formats that only FFmpeg writes, and an MP3 without a header."""

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 44100
SINE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def encode(
    path: Path,
    samples: np.ndarray,
    sample_rate: int,
    codec: str,
    container: str,
    *,
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write mono samples with FFmpeg: ``encode(path, samples, 44100, "aac", "ipod")``; return the path."""
    with av.open(f"file:{path}", "w", format=container, options=dict(options or {})) as file:
        stream = file.add_stream(codec, rate=sample_rate)
        assert isinstance(stream, av.AudioStream)
        context = stream.codec_context
        assert context.codec.audio_formats is not None
        context.layout = "mono"
        context.format = context.codec.audio_formats[0]
        context.bit_rate = 12_200 if codec == "libopencore_amrnb" else 64_000
        context.open()
        file.metadata.update(tags or {})
        whole = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        whole.sample_rate, whole.pts = sample_rate, 0
        converter = av.AudioResampler(format=context.format, layout="mono", frame_size=context.frame_size or 1024)
        for frame in [*converter.resample(whole), *converter.resample(None), None]:
            file.mux(stream.encode(frame))
    return path


def mp3_without_length(path: Path, samples: np.ndarray) -> None:
    """Write an MP3 that does not say how long it is, by cutting off the frame that does."""
    soundfile.write(path, samples, RATE, bitrate_mode="VARIABLE")
    content = path.read_bytes()
    assert b"Xing" in content[:200]
    path.write_bytes(content[content.index(content[:2], 4) :])
    assert b"Xing" not in path.read_bytes()
