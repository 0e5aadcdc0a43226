"""Sound files as libsndfile reads them: without compression, FLAC, Ogg Vorbis, Opus, ALAC, ADPCM.

What it announces is exact, and so is its seeking, but for Vorbis, where it lands some hundred samples off in the last
page of a file. From the page before it reads on exactly, so there it is given a run-up.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import soundfile

from auricle.audio.source import Block
from auricle.errors import AudioError

_BLOCK_VALUES = 1 << 17  # of all channels together: half a megabyte
_VORBIS_RUN_UP_S = 10.0  # longer than a page but of near silence; decoded in 15 ms
_UNKNOWN_FRAMES = 1 << 62  # libsndfile says almost 2^63 for a FLAC that was streamed


class LibsndfileSource:
    """A file that libsndfile has opened (see `auricle.audio.source.Source`).

    Raises:
        AudioError: If it cannot read the file, or its word about the length cannot be trusted.
    """

    slack = 0

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = soundfile.SoundFile(os.fsencode(path))  # any name, also one that is no text
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{path.name} cannot be read as a sound ({_reason(error)}).") from None
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self._n_samples: int = self._file.frames
        self.announced: int | None = self._n_samples
        if self._file.subtype.startswith("MPEG") or self._n_samples >= _UNKNOWN_FRAMES:
            self.close()
            raise AudioError(f"{path.name} cannot be read as a sound (it does not say how long it is).")

    def count(self) -> int:
        """Return what the header announces."""
        return self._n_samples

    def blocks(self, start: int = 0) -> Iterator[Block]:
        """Yield the samples from number `start` on."""
        n_samples = max(1, _BLOCK_VALUES // self.channels)
        run_up = round(_VORBIS_RUN_UP_S * self.sample_rate) if self._file.subtype == "VORBIS" else 0
        superfluous = min(run_up, start)
        try:
            if start:
                self._file.seek(min(start - superfluous, self._n_samples))
            while len(block := self._file.read(n_samples, dtype="float32", always_2d=True)):
                if len(block) > superfluous:
                    yield block[superfluous:]
                superfluous = max(0, superfluous - len(block))
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{self.path.name} is damaged: {_reason(error)}.") from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _reason(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".").removeprefix("Error : ")
