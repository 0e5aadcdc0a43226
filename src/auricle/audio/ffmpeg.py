"""Sound files as FFmpeg's decoders read them: MP3, AAC, WMA, AMR, and containers with anything in them.

The first audio stream counts. FFmpeg is told by which formats it may read and that it may open nothing but files, for
a play list that is called ``.mp3`` would otherwise lead it to other files and to the network.
"""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auricle.audio.formats import DEMUXERS, GUESSED
from auricle.audio.headers import announces_mp3_length
from auricle.audio.source import Block
from auricle.errors import AudioError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

_PERMITTED = {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(DEMUXERS))}
_SLACK_S = 0.3  # headers count delays of encoders (2,112 samples of AAC at 8 kHz) that are not decoded
_RUN_UP_S = 0.3  # decoded and dropped after seeking: MP3 refers to 9 frames before, Opus wants 80 ms


def open_container(path: Path, **options: str) -> "InputContainer":
    """Open a file with FFmpeg, among the permitted formats only.

    Args:
        path: Of the file.
        **options: Of FFmpeg, in addition.

    Raises:
        av.FFmpegError: If it cannot be read.
    """
    import av

    # The prefix makes a name with a colon in it the name of a file.
    return av.open(f"file:{path}", options={**_PERMITTED, **options}, metadata_errors="surrogateescape")


class FfmpegSource:
    """A file that FFmpeg has opened (see `auricle.audio.source.Source`).

    Raises:
        AudioError: If it cannot read the file, or there is no sound in it.
    """

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        try:
            self._container = open_container(path)
        except av.FFmpegError as error:
            raise AudioError(f"{path.name} cannot be read as a sound ({_reason(error)}).") from None
        try:
            self._stream = self._first_stream()
        except AudioError:
            self.close()
            raise
        self._tick_s = self._stream.time_base or Fraction(1, av.time_base)
        self.sample_rate = self._stream.codec_context.sample_rate
        self.channels = self._stream.codec_context.channels
        self.slack = round(_SLACK_S * self.sample_rate)
        duration_s = self._announced_s()
        self.announced = None if duration_s is None else round(duration_s * self.sample_rate)

    def count(self) -> int:
        """Return what the header announces or, without its word, what the packets are worth."""
        import av

        if self.announced is not None:
            return self.announced
        start, stop = None, 0
        try:
            for packet in self._container.demux(self._stream):
                if packet.pts is not None:  # durations alone would add up their rounding
                    start = packet.pts if start is None else start
                    stop = packet.pts + (packet.duration or 0)
        except av.FFmpegError as error:
            raise self._damaged(error) from None
        return round((stop - (start or 0)) * self._tick_s * self.sample_rate)

    def blocks(self, start: int = 0) -> Iterator[Block]:
        """Yield the samples from number `start` on.

        Where the times of a format are in milliseconds, so is the precision of `start`.
        """
        import av

        try:
            place, frames = self._from(start)
            for frame in frames:
                if frame.sample_rate != self.sample_rate:
                    raise AudioError(
                        f"{self.path.name} changes its rate from {self.sample_rate} to {frame.sample_rate} Hz "
                        f"after {place / self.sample_rate:.2f} s."
                    )
                place += frame.samples
                if place > start:
                    yield _as_float(frame)[max(0, start - (place - frame.samples)) :]
        except av.FFmpegError as error:
            raise self._damaged(error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def _first_stream(self) -> "AudioStream":
        if not self._container.streams.audio:
            raise AudioError(f"{self.path.name} has no sound in it.")
        stream = self._container.streams.audio[0]
        # Without a decoder, asking for the rate would be a crash.
        if stream.codec_context is None or not stream.codec_context.sample_rate or not stream.codec_context.channels:
            raise AudioError(f"{self.path.name} is encoded in a way that cannot be read.")
        return stream

    def _announced_s(self) -> float | None:
        import av

        container = self._container
        if container.format.name in GUESSED:
            return None
        if container.format.name == "mp3":
            with self.path.open("rb") as opened:
                if not announces_mp3_length(opened):
                    return None
        if self._stream.duration is not None:
            return float(self._stream.duration * self._tick_s)
        return None if container.duration is None else container.duration / av.time_base

    def _from(self, start: int) -> tuple[int, Iterator["AudioFrame"]]:
        """Return the number of a sample at `start` or before, and decoded frames from there on."""
        before_s = start / self.sample_rate - _RUN_UP_S
        if before_s > 0 and self._container.format.name not in GUESSED:  # whose times are inexact
            landed = self._seek(before_s)
            if landed is not None and landed[0] <= start:
                return landed
            self.close()
            self._container = open_container(self.path)
            self._stream = self._container.streams.audio[0]
        return 0, self._container.decode(self._stream)

    def _seek(self, to_s: float) -> tuple[int, Iterator["AudioFrame"]] | None:
        import av

        stream = self._stream
        try:
            # Not where the stream says it starts: WMA is decoded with a delay.
            origin = next((frame.pts for frame in self._container.decode(stream)), None)
            if origin is None:
                return None
            self._container.seek(origin + int(to_s / self._tick_s), stream=stream)
            frames = self._container.decode(stream)
            first = next(frames, None)
        except av.FFmpegError:  # reading from the beginning shows whether it is the file's fault
            return None
        if first is None or first.pts is None:
            return None
        return round((first.pts - origin) * self._tick_s * self.sample_rate), itertools.chain([first], frames)

    def _damaged(self, error: Exception) -> AudioError:
        return AudioError(f"{self.path.name} is damaged: {_reason(error)}.")


def _as_float(frame: "AudioFrame") -> Block:
    """Return decoded samples, planar or not, of whatever type, as (samples, channels)."""
    values: NDArray[Any] = frame.to_ndarray()
    by_sample = values.T if frame.format.is_planar else values.reshape(frame.samples, -1)
    scaled: Block = by_sample.astype(np.float32, copy=False)
    if values.dtype == np.uint8:
        return (scaled - np.float32(128)) / np.float32(128)
    return scaled / -np.float32(np.iinfo(values.dtype).min) if values.dtype.kind == "i" else scaled


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error).rstrip(".")
