"""Pairs of clip and caption, and the batches of an epoch.

The plan of an epoch is a pure function of (seed, epoch): which caption each clip gets, which pairs share a batch, and
the order of batches. A run that is resumed in the middle of an epoch therefore sees the batches it had not seen.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from auricle.data import Collection
from auricle.data.families import founders
from auricle.features import pad_batch
from auricle.randomness import derive_seed, stream
from auricle.storage import digest_bytes

_POOL_BATCHES = 16  # batches among which clips are sorted by length: long enough to pad little, short enough to mix

Pair = tuple[int, int]
"""Number of the clip, number of its caption, both from 0 in the order of the collection."""

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Part:
    """Which rows of every batch a process takes, of several that train together.

    Every so many rows, since batches may be sorted by length: all processes then wait for each other equally little.

    Attributes:
        rank: Of the process, from 0.
        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    def divides(self, n_rows: int) -> bool:
        """Whether a batch is shared out; one with fewer rows than processes is computed by each of them as a whole."""
        return 1 < self.size <= n_rows

    def rows(self, n_rows: int) -> slice:
        """Return this process's rows of a batch, at least one.

        Example:
            >>> [[0, 1, 2, 3, 4][Part(rank, 3).rows(5)] for rank in range(3)]
            [[0, 3], [1, 4], [2]]
        """
        return slice(self.rank, None, self.size) if self.divides(n_rows) else slice(None)


WHOLE = Part()
"""A process that trains alone takes all rows."""


@dataclass  # not frozen: Fabric casts its tensors in place
class Batch:
    """What one step sees; of several processes, each its own rows of `audio`, `n_frames` and `text`.

    Attributes:
        audio: What a frozen encoder says of each clip (batch, encoder's dim), or log-mels (batch, frames, mels).
        n_frames: Valid frames of log-mels (batch,); None for vectors.
        text: What a frozen encoder says of each caption (batch, encoder's dim), or the captions themselves.
        related: Booleans (batch, batch) of the whole batch: clips that share a sound or a caption, and each clip with
            itself.
    """

    audio: Tensor
    n_frames: Tensor | None
    text: Tensor | list[str]
    related: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return this batch with its tensors on `device`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{name: v.to(device) if isinstance(v, Tensor) else v for name, v in values.items()})


class CaptionedClips(Dataset[Pair]):
    """The clips of one split with their captions and descriptions.

    Args:
        collection: One split; clips without captions are left out.
        audio: Vectors (encoder's dim,) or log-mels (frames, mels) by clip content.
        text: Vectors (encoder's dim,) by caption digest; None when the text encoder learns and wants the captions.
    """

    def __init__(self, collection: Collection, *, audio: Mapping[str, Array], text: Mapping[str, Array] | None) -> None:
        self.clips = [clip for clip in collection.clips if collection.captions_of(clip.id)]
        self.captions = [[caption.text for caption in collection.captions_of(clip.id)] for clip in self.clips]
        self.audio = audio
        self.text = text
        sounds = founders({clip.id: (clip.parent, clip.mixed_with) for clip in self.clips})
        self._ties = _numbered(
            [
                [*(("sound", name) for name in sounds[clip.id]), *(("caption", text) for text in texts)]
                for clip, texts in zip(self.clips, self.captions, strict=True)
            ]
        )

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, pair: Pair) -> Pair:
        return pair

    @property
    def durations_s(self) -> list[float]:
        """Length of each clip in seconds."""
        return [clip.duration_s for clip in self.clips]

    def audio_of(self, clips: Sequence[int]) -> tuple[Tensor, Tensor | None]:
        """Return what the audio tower takes for these clips: vectors, or log-mels and their valid frames."""
        arrays = [self.audio[self.clips[clip].content] for clip in clips]
        if arrays[0].ndim == 1:
            return torch.from_numpy(np.stack(arrays)), None
        features, n_frames = pad_batch(arrays)
        return torch.from_numpy(features), torch.from_numpy(n_frames)

    def text_of(self, captions: Sequence[str]) -> Tensor | list[str]:
        """Return what the text tower takes for these captions: vectors, or themselves."""
        if self.text is None:
            return list(captions)
        return torch.from_numpy(np.stack([self.text[digest_bytes(caption.encode())] for caption in captions]))

    def related(self, clips: Sequence[int]) -> Tensor:
        """Return which of these clips are no negatives of each other, booleans (clips, clips); true on the diagonal.

        Two share a sound if the one was made from the other, if both were made from a third, or if one of these is
        heard in a mixture (`auricle.data.families`).
        """
        rows_of: dict[int, list[int]] = {}
        for row, clip in enumerate(clips):
            for tie in self._ties[clip]:
                rows_of.setdefault(tie, []).append(row)
        related = np.eye(len(clips), dtype=bool)
        for rows in rows_of.values():
            if len(rows) > 1:
                related[np.ix_(rows, rows)] = True
        return torch.from_numpy(related)

    def collate(self, pairs: Sequence[Pair], *, part: Part = WHOLE) -> Batch:
        """Gather a batch, or a process's part of it."""
        own = pairs[part.rows(len(pairs))]
        audio, n_frames = self.audio_of([clip for clip, _ in own])
        text = self.text_of([self.captions[clip][caption] for clip, caption in own])
        return Batch(audio, n_frames, text, self.related([clip for clip, _ in pairs]))


def plan_epoch(clips: CaptionedClips, *, seed: int, epoch: int, batch_size: int, by_length: bool) -> list[list[Pair]]:
    """Return the batches of one epoch: every clip once, with one of its captions drawn at random.

    Args:
        clips: What there is.
        seed: The run's seed.
        epoch: From 0.
        batch_size: Pairs per batch; a rest of one is left out, since it would have no negative.
        by_length: Put clips of similar length into the same batch, for inputs that are padded.
    """
    pairs = [
        (number, derive_seed(seed, "caption", epoch, clip.id) % len(clips.captions[number]))
        for number, clip in enumerate(clips.clips)
    ]
    order = stream(seed, "order", epoch)
    pairs = [pairs[place] for place in order.permutation(len(pairs))]
    if by_length:
        duration = clips.durations_s
        pool = batch_size * _POOL_BATCHES
        pools = [pairs[start : start + pool] for start in range(0, len(pairs), pool)]
        pairs = [pair for part in pools for pair in sorted(part, key=lambda pair: duration[pair[0]])]
    batches = [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
    batches = [batch for batch in batches if len(batch) > 1]
    return [batches[place] for place in order.permutation(len(batches))]


def steps_of_a_pass(n_clips: int, *, batch_size: int) -> int:
    """Return how many batches `plan_epoch` makes of `n_clips` clips.

    Example:
        >>> steps_of_a_pass(65, batch_size=32), steps_of_a_pass(66, batch_size=32)
        (2, 3)
    """
    full, rest = divmod(n_clips, batch_size)
    return full + (rest > 1)


def _numbered(named: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """Return what each item is called as numbers, each once; they are quicker to compare than long names."""
    number: dict[Hashable, int] = {}
    return [list(dict.fromkeys(number.setdefault(name, len(number)) for name in names)) for names in named]
