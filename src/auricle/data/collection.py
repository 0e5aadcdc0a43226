"""The nouns of the room: clip, caption, collection, and what was set aside.

All are values: nothing here reads a file. A clip is identified by ``split/file name``, a caption by its clip and its
number, as in ``development/rain.wav#2``. File names may hold folders, spaces, ``#`` and entities; split names hold no
slash, so the split of an identity is everything before its first one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from auricle.data.policy import Purpose
from auricle.errors import ConfigError
from auricle.registry import did_you_mean

SPLITS = ("development", "validation", "evaluation")
"""Clotho's splits in the order in which they are listed; others follow in alphabetical order."""


def split_order(names: Iterable[str]) -> list[str]:
    """Return each split once: Clotho's in their order, then others in alphabetical order."""
    present = set(names)
    return [*(name for name in SPLITS if name in present), *sorted(present - set(SPLITS))]


@dataclass(frozen=True)
class Provenance:
    """Where a sound came from; every part is empty when it is not known.

    Attributes:
        origin: Who or what made it: a site, a library, a generator.
        parent: Identity of the clip that it was made from; empty for originals.
        licence: Under which it may be used.
        mixed_with: Identity of another clip that is heard in it.
    """

    origin: str = ""
    parent: str = ""
    licence: str = ""
    mixed_with: str = ""

    def over(self, other: "Provenance") -> "Provenance":
        """Return what is known here, and from `other` what is not.

        Example:
            >>> Provenance(licence="CC0").over(Provenance(origin="Freesound", licence="unknown"))
            Provenance(origin='Freesound', parent='', licence='CC0', mixed_with='')
        """
        return Provenance(
            self.origin or other.origin,
            self.parent or other.parent,
            self.licence or other.licence,
            self.mixed_with or other.mixed_with,
        )


@dataclass(frozen=True)
class Clip:
    """One sound.

    Attributes:
        split: The part of the collection that it belongs to.
        file_name: Its name inside the split, as written; may hold folders.
        path: Where the file is on this machine now.
        duration_s: Length in seconds, by its header.
        sample_rate: In Hz.
        channels: Number of channels.
        content: Identity of the file's bytes (`auricle.storage.digest_file`); features are keyed by it.
        origin: Who or what made it, empty when unknown.
        parent: Identity of the clip that it was made from, empty for originals.
        licence: Empty when unknown.
        mixed_with: Identity of another clip that is heard in it, empty for all but mixtures.
    """

    split: str
    file_name: str
    path: Path
    duration_s: float
    sample_rate: int
    channels: int
    content: str
    origin: str
    parent: str
    licence: str
    mixed_with: str = ""

    @property
    def id(self) -> str:
        """``split/file name``."""
        return f"{self.split}/{self.file_name}"


@dataclass(frozen=True)
class Caption:
    """One sentence about one clip.

    Attributes:
        clip_id: Identity of its clip.
        number: Its place among the clip's captions as written, from 1; what is set aside leaves a gap.
        text: As written.
    """

    clip_id: str
    number: int
    text: str

    @property
    def id(self) -> str:
        """``split/file name#number``."""
        return f"{self.clip_id}#{self.number}"


@dataclass(frozen=True)
class SetAside:
    """A sound or a caption that cannot be used.

    Attributes:
        what: The file, or the line of a caption file.
        reason: A sentence that says why, and what to do where that is not plain.
    """

    what: str
    reason: str


@dataclass(frozen=True)
class Collection:
    """Clips and their captions, in the order in which they were written down.

    Attributes:
        folder: Where the collection was opened.
        clips: Each identity occurs once.
        captions: Each belongs to one of `clips`.
        set_aside: What was found unusable when the collection was opened; parts of it keep the whole list.
        closed: Names of the splits that were left out because of what the collection is opened for.

    Example:
        >>> rain = Clip("development", "rain.wav", Path("rain.wav"), 2.0, 44100, 1, "c0ffee", "", "", "CC0")
        >>> sounds = Collection(Path("."), (rain,), (Caption(rain.id, 1, "It rains."),), ())
        >>> sounds.splits, [caption.text for caption in sounds.captions_of("development/rain.wav")]
        (('development',), ['It rains.'])
        >>> sounds.split("develop")
        Traceback (most recent call last):
        auricle.errors.ConfigError: . has no split 'develop'. Did you mean 'development'? It has: development.
    """

    folder: Path
    clips: tuple[Clip, ...]
    captions: tuple[Caption, ...]
    set_aside: tuple[SetAside, ...]
    closed: tuple[str, ...] = ()

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits that have clips."""
        return tuple(split_order(clip.split for clip in self.clips))

    @cached_property
    def _captions_by_clip(self) -> dict[str, tuple[Caption, ...]]:
        found: dict[str, list[Caption]] = {}
        for caption in self.captions:
            found.setdefault(caption.clip_id, []).append(caption)
        return {clip_id: tuple(captions) for clip_id, captions in found.items()}

    def captions_of(self, clip_id: str) -> tuple[Caption, ...]:
        """Return the captions of one clip, by number; none for a clip without captions or from elsewhere."""
        return self._captions_by_clip.get(clip_id, ())

    def split(self, name: str) -> "Collection":
        """Return the part of the collection in one split.

        Raises:
            ConfigError: If there is no such split, or it is closed.
        """
        if name in self.closed:
            raise ConfigError(
                f"The split {name!r} of {self.folder} is for reporting: `auricle evaluate` and reports read it, and "
                f"nothing that learns or chooses. Take another of its splits: {', '.join(self.splits)}."
            )
        if name not in self.splits:
            raise ConfigError(
                f"{self.folder} has no split {name!r}.{did_you_mean(name, list(self.splits))} "
                f"It has: {', '.join(self.splits)}."
            )
        return self._keep({clip.id for clip in self.clips if clip.split == name})

    def closed_to(self, purpose: Purpose) -> "Collection":
        """Return the collection less the splits that are closed to a purpose."""
        closed = tuple(name for name in self.splits if name in purpose.closed_splits)
        return replace(self._keep({clip.id for clip in self.clips if clip.split not in closed}), closed=closed)

    def without(self, clip_ids: Iterable[str]) -> "Collection":
        """Return the collection less some clips and their captions; identities it does not have are ignored."""
        return self._keep({clip.id for clip in self.clips} - set(clip_ids))

    def _keep(self, clip_ids: set[str]) -> "Collection":
        clips = tuple(clip for clip in self.clips if clip.id in clip_ids)
        return replace(self, clips=clips, captions=tuple(c for c in self.captions if c.clip_id in clip_ids))
