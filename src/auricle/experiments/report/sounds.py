"""The clips of a report, to be listened to inside the page: the first seconds of each, as MP3.

The only part of a report that opens a collection. Where the sounds are not, the report says so and does without: a
report of runs from another machine is one as well.

Conventions: mono, 32 kHz, at most `LONGEST_S` seconds.
"""

import io
from collections.abc import Iterable

import numpy as np
import soundfile

from auricle.audio import Samples, decode
from auricle.data import Clip, Collection, DataConfig, Purpose, open_collection
from auricle.errors import AudioError, AuricleError
from auricle.experiments.report.document import Sound
from auricle.experiments.story import Story

LONGEST_S = 10.0
SAMPLE_RATE = 32_000

_FADE_S = 0.05
_QUALITY = 0.6  # of libsndfile's scale from 0, the largest file, to 1: about 50 kbit/s here


def load_sounds(story: Story, clips: Iterable[str]) -> dict[str, Sound]:
    """Return a sound, or why there is none, for each identity ``split/file name``."""
    configs = {result.config.data.model_dump_json(): result.config.data for arm in story.arms for result in arm.results}
    known: dict[str, Clip] = {}
    faults = ["No player: the clip is not in the collection any more."]
    for config in configs.values():
        opened = _open(config, story.split)
        if isinstance(opened, str):
            faults.insert(0, opened)
        else:
            known = {clip.id: clip for clip in opened.clips} | known
    return {clip: _listen(known[clip]) if clip in known else Sound(clip, fault=faults[0]) for clip in clips}


def as_mp3(samples: Samples, sample_rate: int) -> bytes:
    """Return samples as an MP3 file.

    Args:
        samples: Mono, shape (samples,); beyond [-1, 1] they are clipped.
        sample_rate: In Hz, one that MP3 has.

    Raises:
        AudioError: If this machine's libsndfile writes no MP3.
    """
    content = io.BytesIO()
    try:
        soundfile.write(
            content,
            np.clip(samples, -1, 1),
            sample_rate,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=_QUALITY,
        )
    except (soundfile.LibsndfileError, ValueError):
        raise AudioError("libsndfile of this machine is too old to write MP3; 1.1 or later is needed.") from None
    return content.getvalue()


def _open(config: DataConfig, split: str) -> Collection | str:
    """Return the split, or a sentence; it names no place, which is of no use to whoever reads the report elsewhere."""
    name = config.collection.name if config.collection else ""
    if config.collection is None or not config.collection.is_dir():
        return f"No player: the collection {name!r} is not where it was when the runs were made."
    try:
        opened = open_collection(config, purpose=Purpose.REPORTING)
    except AuricleError:
        return f"No player: the collection {name!r} cannot be opened any more."
    if split not in opened.splits:  # scored on another collection than the runs' own
        return f"No player: the collection {name!r} of the runs has no split {split!r}."
    return opened.split(split)


def _listen(clip: Clip) -> Sound:
    length = f"{clip.duration_s:.1f} s"
    if clip.duration_s > LONGEST_S:
        length = f"the first {LONGEST_S:.0f} s of {length}"
    about = " · ".join([length, clip.origin or "origin unknown", clip.licence or "licence unknown"])
    if not clip.path.is_file():
        return Sound(clip.id, about=about, fault="No player: the file is not there.")
    try:
        mp3 = as_mp3(_beginning(decode(clip.path, sample_rate=SAMPLE_RATE)), SAMPLE_RATE)
    except AudioError as error:
        return Sound(clip.id, about=about, fault=f"No player: {error}")
    return Sound(clip.id, mp3, about)


def _beginning(samples: Samples) -> Samples:
    """Return the first seconds, faded out where more follows."""
    longest, fade = round(LONGEST_S * SAMPLE_RATE), round(_FADE_S * SAMPLE_RATE)
    if len(samples) <= longest:
        return samples
    first = samples[:longest].copy()
    first[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return first
