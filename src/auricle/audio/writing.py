"""Writing sounds, whole or not at all."""

import io
from pathlib import Path

import numpy as np
import soundfile

from auricle.audio.samples import Samples
from auricle.storage import atomic


def write(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write mono 16-bit PCM to a wav file, whole or not at all; samples beyond [-1, 1] are clipped.

    Raises:
        StorageError: If the folder cannot be written.
    """
    content = io.BytesIO()  # soundfile does not say when a disk is full
    soundfile.write(content, np.clip(samples, -1, 1), sample_rate, format="WAV", subtype="PCM_16")
    with atomic(path) as temporary:
        temporary.write_bytes(content.getbuffer())
