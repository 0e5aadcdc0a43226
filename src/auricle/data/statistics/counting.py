"""From clips to facts: counting, and finding what is said or heard twice."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from auricle.data.collection import SPLITS, SetAside, split_order
from auricle.data.metadata import licence_kind
from auricle.data.statistics.facts import ClipFacts, Leaks, Overlap, Shared, SplitFacts, Statistics, Tagging

DEVELOPMENT = SPLITS[0]
"""The split whose words the others are compared with."""


def count(
    folder: Path,
    clips: Sequence[ClipFacts],
    *,
    top: int = 20,
    tagging: Tagging = "not asked for",
    parts_of_speech: Mapping[str, Mapping[str, int]] | None = None,
    set_aside: Sequence[SetAside] = (),
) -> Statistics:
    """Return what is known of a collection.

    Args:
        folder: Of the collection.
        clips: All of them.
        top: How many frequent words are shown, at least 0.
        tagging: Whether parts of speech were counted, and if not, why.
        parts_of_speech: Per split, if they were counted.
        set_aside: What cannot be used.

    Example:
        >>> clips = [ClipFacts("train", "a.wav", ("A dog barks.", "Rain.")), ClipFacts("train", "b.wav", ("rain",))]
        >>> counted = count(Path("Sounds"), clips)
        >>> counted.whole.captions, counted.whole.word_counts["rain"], counted.whole.hours
        (3, 2, None)
        >>> counted.shared_captions["train"]
        (Shared(what='rain', clips=('train/a.wav', 'train/b.wav')),)
    """
    by_split = {name: [clip for clip in clips if clip.split == name] for name in split_order(c.split for c in clips)}
    splits = {name: facts_of(members) for name, members in by_split.items()}
    return Statistics(
        folder=folder,
        splits=splits,
        whole=facts_of(clips),
        top=top,
        shared_captions={name: shared(members, said_of) for name, members in by_split.items()},
        out_of_vocabulary=out_of_vocabulary(splits),
        leaks=Leaks(
            recordings=overlap(by_split, lambda clip: [clip.sound_id]),
            contents=overlap(by_split, lambda clip: [clip.content]),
            captions=overlap(by_split, said_of),
        ),
        shared_file_names=overlap(by_split, lambda clip: [clip.file_name]),
        tagging=tagging,
        parts_of_speech=parts_of_speech,
        set_aside=tuple(set_aside),
    )


def facts_of(clips: Sequence[ClipFacts]) -> SplitFacts:
    """Return what is known of these clips."""
    sentences = [sentence.split() for clip in clips for sentence in clip.plain_captions]
    return SplitFacts(
        clips=len(clips),
        durations_s=tuple(clip.duration_s for clip in clips if clip.duration_s is not None),
        sample_rates=_by_value(clip.sample_rate for clip in clips if clip.sample_rate is not None),
        channels=_by_value(clip.channels for clip in clips if clip.channels is not None),
        captions_per_clip=_by_value(len(clip.captions) for clip in clips),
        words_per_caption=_by_value(map(len, sentences)),
        word_counts=_by_frequency(word for sentence in sentences for word in sentence),
        licences=_by_frequency(licence_kind(clip.licence) for clip in clips),
    )


def _by_value(values: Iterable[int]) -> dict[int, int]:
    return dict(sorted(Counter(values).items()))


def _by_frequency(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def said_of(clip: ClipFacts) -> list[str]:
    """Return what tells whether two captions are the same: their words, or if they have none, their signs."""
    return [words or text for words, text in zip(clip.plain_captions, clip.captions, strict=True)]


def shared(clips: Iterable[ClipFacts], keys: Callable[[ClipFacts], Iterable[str]]) -> tuple[Shared, ...]:
    """Return what more than one clip has, in the order of its first mention; an empty key is none.

    Args:
        clips: Among which to look.
        keys: What a clip has.
    """
    having: dict[str, dict[str, None]] = defaultdict(dict)
    for clip in clips:
        for key in keys(clip):
            having[key][clip.id] = None
    return tuple(Shared(key, tuple(found)) for key, found in having.items() if key and len(found) > 1)


def overlap(by_split: Mapping[str, Sequence[ClipFacts]], keys: Callable[[ClipFacts], Iterable[str]]) -> Overlap:
    """Return what clips of more than one split have; arguments as in `shared`."""
    splits_of: dict[str, set[str]] = defaultdict(set)
    for split, clips in by_split.items():
        for clip in clips:
            for key in keys(clip):
                splits_of[key].add(split)
    spread = {key for key, splits in splits_of.items() if len(splits) > 1}
    everything = (clip for clips in by_split.values() for clip in clips)
    return Overlap(
        known={split: sum(any(keys(clip)) for clip in clips) for split, clips in by_split.items()},
        found=shared(everything, lambda clip: [key for key in keys(clip) if key in spread]),
    )


def out_of_vocabulary(splits: Mapping[str, SplitFacts]) -> dict[str, dict[str, int]]:
    """Return the words of each other split that do not occur in development, and how often they do there."""
    if DEVELOPMENT not in splits or not splits[DEVELOPMENT].word_counts:
        return {}
    known = splits[DEVELOPMENT].word_counts
    return {
        name: {word: n for word, n in facts.word_counts.items() if word not in known}
        for name, facts in splits.items()
        if name != DEVELOPMENT and facts.captions
    }
