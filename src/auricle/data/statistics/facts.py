"""The values of the room: what is known of one clip, of one split, and of the whole.

Distributions are kept as counts (how many captions have 8 words), so that every average, table and picture follows from
them. Nothing here reads a file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from auricle.data.collection import SetAside
from auricle.data.function_words import FUNCTION_WORDS
from auricle.data.words import plain

Tagging = Literal["counted", "not asked for", "not installed"]


@dataclass(frozen=True)
class ClipFacts:
    """What is known of one clip, with or without its sound.

    Attributes:
        split: The part of the collection that it belongs to.
        file_name: Its name inside the split.
        captions: As written.
        duration_s: Length in seconds; this and the next two are None when unknown.
        sample_rate: In Hz.
        channels: Number of channels.
        content: Identity of the file's bytes; this and the next two are empty when unknown.
        licence: By name or by address.
        sound_id: Number of the sound on Freesound that it is a part of.
    """

    split: str
    file_name: str
    captions: tuple[str, ...] = ()
    duration_s: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    content: str = ""
    licence: str = ""
    sound_id: str = ""

    @property
    def id(self) -> str:
        """``split/file name``."""
        return f"{self.split}/{self.file_name}"

    @cached_property
    def plain_captions(self) -> tuple[str, ...]:
        """Each caption as plain words; empty for one without a letter or digit."""
        return tuple(map(plain, self.captions))


@dataclass(frozen=True)
class Spread:
    """Where some numbers lie."""

    minimum: float
    mean: float
    median: float
    maximum: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """Return the spread of `values`, or None if there are none.

        Example:
            >>> Spread.of([1, 2, 6])
            Spread(minimum=1, mean=3.0, median=2, maximum=6)
        """
        ordered = sorted(values)
        if not ordered:
            return None
        return cls(ordered[0], fmean(ordered), median(ordered), ordered[-1])

    @classmethod
    def of_counts(cls, counts: Mapping[int, int]) -> "Spread | None":
        """Return the spread of numbers that were counted, number -> how often.

        Example:
            >>> Spread.of_counts({1: 2, 4: 1})
            Spread(minimum=1, mean=2.0, median=1, maximum=4)
        """
        return cls.of(Counter(counts).elements())


@dataclass(frozen=True)
class SplitFacts:
    """What is known of the clips of one split, or of all.

    Attributes:
        clips: Number of clips.
        durations_s: Of the clips for which it is known.
        sample_rates: Rate in Hz -> number of clips, of those for which it is known.
        channels: Number of channels -> number of clips, likewise.
        captions_per_clip: Number of captions -> number of clips.
        words_per_caption: Number of words -> number of captions.
        word_counts: Word -> occurrences, the most frequent first.
        licences: Kind of licence (`auricle.data.metadata.licence_kind`) -> number of clips, the most frequent first.
    """

    clips: int
    durations_s: tuple[float, ...]
    sample_rates: Mapping[int, int]
    channels: Mapping[int, int]
    captions_per_clip: Mapping[int, int]
    words_per_caption: Mapping[int, int]
    word_counts: Mapping[str, int]
    licences: Mapping[str, int]

    @property
    def hours(self) -> float | None:
        """Length of all clips whose duration is known, in hours; None if there are none."""
        return sum(self.durations_s) / 3600 if self.durations_s else None

    @property
    def captions(self) -> int:
        """Number of captions."""
        return sum(self.words_per_caption.values())

    @property
    def words(self) -> int:
        """Number of running words."""
        return sum(self.word_counts.values())

    def frequent_words(self, top: int, *, function_words: bool) -> dict[str, int]:
        """Return the `top` most frequent words and how often they occur.

        Args:
            top: How many, at least 0.
            function_words: Whether words such as ``a`` and ``the`` are among them.
        """
        chosen = ((w, n) for w, n in self.word_counts.items() if function_words or w not in FUNCTION_WORDS)
        return dict(islice(chosen, top))


@dataclass(frozen=True)
class Shared:
    """Something that several clips have in common.

    Attributes:
        what: A caption as plain words, the number of a sound, the digest of a file, or a file name.
        clips: Identities of the clips, at least two.
    """

    what: str
    clips: tuple[str, ...]


@dataclass(frozen=True)
class Overlap:
    """What two splits or more share.

    Attributes:
        known: Split -> number of its clips for which it is known.
        found: What occurs in several splits, with all clips that have it.
    """

    known: Mapping[str, int]
    found: tuple[Shared, ...]

    @property
    def checked(self) -> tuple[str, ...]:
        """The splits that could be compared: those of which something is known, if there are two at least."""
        known = tuple(split for split, clips in self.known.items() if clips)
        return known if len(known) > 1 else ()


@dataclass(frozen=True)
class Leaks:
    """What lets a model be tested on what it was trained on.

    Attributes:
        recordings: The same sound of Freesound in two splits, by the published metadata.
        contents: The same sound file in two splits, by its bytes.
        captions: The same caption in two splits.
    """

    recordings: Overlap
    contents: Overlap
    captions: Overlap


@dataclass(frozen=True)
class Statistics:
    """What is known of a collection.

    Attributes:
        folder: Of the collection.
        splits: Split -> facts.
        whole: Facts of all splits together.
        top: How many frequent words are shown.
        shared_captions: Split -> captions that occur on more than one of its clips.
        out_of_vocabulary: Split other than development -> word that does not occur in development -> occurrences;
            empty where development has no captions.
        leaks: What splits share and should not.
        shared_file_names: What splits share and may: names.
        tagging: Whether parts of speech were counted, and if not, why.
        parts_of_speech: Split -> `auricle.data.statistics.tagging.PARTS` -> running words; None if not counted.
        set_aside: Sounds and captions that cannot be used.
    """

    folder: Path
    splits: Mapping[str, SplitFacts]
    whole: SplitFacts
    top: int
    shared_captions: Mapping[str, tuple[Shared, ...]]
    out_of_vocabulary: Mapping[str, Mapping[str, int]]
    leaks: Leaks
    shared_file_names: Overlap
    tagging: Tagging
    parts_of_speech: Mapping[str, Mapping[str, int]] | None
    set_aside: tuple[SetAside, ...]
