"""What both libraries that read sound files are made to look like.

A source is one opened file, read once: its frames come in blocks of (samples, channels), float32 within [-1, 1].
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Consecutive samples of all channels, (samples, channels)."""


class Source(Protocol):
    """One opened sound file.

    Attributes:
        path: Of the file.
        sample_rate: In Hz.
        channels: How many there are where it begins.
        announced: Samples per channel by the header; None if it does not say, or only by a guess.
        slack: So many samples fewer may be decoded; some headers count what belongs to the encoding.
    """

    path: Path
    sample_rate: int
    channels: int
    announced: int | None
    slack: int

    def count(self) -> int:
        """Return the samples per channel without decoding: as announced, or from the sizes of all packets.

        Raises:
            AudioError: If the file is damaged.
        """

    def blocks(self, start: int = 0) -> Iterator[Block]:
        """Yield the samples from number `start` on; none if the file is shorter.

        Raises:
            AudioError: If the file is damaged.
        """

    def close(self) -> None:
        """Let go of the file."""
