"""Sounds: what a file holds, its samples at any rate, whole or in windows, what it says of itself, and writing it.

Conventions: samples are float32 of shape (samples,), mono, nominally within [-1, 1]; rates are in Hz, durations and
places in seconds. Channels are averaged. Resampling is soxr's high-quality converter. Two libraries read files,
libsndfile and FFmpeg; `formats` says which reads what, and nothing outside this package needs to know.
"""

from auricle.audio.formats import SUFFIXES
from auricle.audio.reading import AudioInfo, decode, excerpt, probe
from auricle.audio.samples import Samples, from_array, resample
from auricle.audio.tags import read_tags
from auricle.audio.windows import Window, window_places, windows
from auricle.audio.writing import write

__all__ = [
    "SUFFIXES",
    "AudioInfo",
    "Samples",
    "Window",
    "decode",
    "excerpt",
    "from_array",
    "probe",
    "read_tags",
    "resample",
    "window_places",
    "windows",
    "write",
]
