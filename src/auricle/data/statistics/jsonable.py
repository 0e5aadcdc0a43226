"""The facts for a machine: plain values with keys that stay, every list whole.

Splits are keyed by name; what is not known is null. Clips are given as ``split/file name``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from auricle.data.statistics.facts import Overlap, Shared, SplitFacts, Spread, Statistics


def to_json(statistics: Statistics) -> dict[str, object]:
    """Return the facts as dictionaries, lists, strings and numbers.

    Example:
        >>> from pathlib import Path
        >>> from auricle.data.statistics import ClipFacts, count
        >>> facts = to_json(count(Path("Sounds"), [ClipFacts("train", "rain.wav", ("It rains.",))]))
        >>> facts["all"]["captions"], facts["all"]["sounds"]
        (1, None)
    """
    leaks = statistics.leaks
    return {
        "folder": str(statistics.folder),
        "splits": {name: _split(facts, statistics.top) for name, facts in statistics.splits.items()},
        "all": _split(statistics.whole, statistics.top),
        "captions_on_several_clips": {
            name: {
                "distinct": len(found),
                "occurrences": sum(len(one.clips) for one in found),
                "found": _shared(found, key="caption"),
            }
            for name, found in statistics.shared_captions.items()
        },
        "out_of_vocabulary": {
            name: {
                "distinct": len(words),
                "occurrences": sum(words.values()),
                "share_of_words": sum(words.values()) / max(1, statistics.splits[name].words),
                "words": dict(words),
            }
            for name, words in statistics.out_of_vocabulary.items()
        },
        "leaks": {
            "freesound_id": _overlap(leaks.recordings, key="sound_id"),
            "content": _overlap(leaks.contents, key="content"),
            "caption": _overlap(leaks.captions, key="caption"),
        },
        "file_names_in_several_splits": _shared(statistics.shared_file_names.found, key="file_name"),
        "tagging": statistics.tagging,
        "parts_of_speech": statistics.parts_of_speech and {n: dict(p) for n, p in statistics.parts_of_speech.items()},
        "set_aside": [asdict(one) for one in statistics.set_aside],
    }


def _split(facts: SplitFacts, top: int) -> dict[str, object]:
    return {
        "clips": facts.clips,
        "captions": facts.captions,
        "captions_per_clip": _spread(Spread.of_counts(facts.captions_per_clip)),
        "clips_by_captions": _keyed(facts.captions_per_clip),
        "sounds": _sounds(facts),
        "words_per_caption": _spread(Spread.of_counts(facts.words_per_caption)),
        "captions_by_words": _keyed(facts.words_per_caption),
        "words": facts.words,
        "vocabulary": len(facts.word_counts),
        "frequent_words": facts.frequent_words(top, function_words=True),
        "frequent_words_without_function_words": facts.frequent_words(top, function_words=False),
        "licences": dict(facts.licences),
    }


def _sounds(facts: SplitFacts) -> dict[str, object] | None:
    if not (facts.durations_s or facts.sample_rates or facts.channels):
        return None
    return {
        "clips_of_known_duration": len(facts.durations_s),
        "hours": facts.hours,
        "duration_s": _spread(Spread.of(facts.durations_s)),
        "clips_by_sample_rate": _keyed(facts.sample_rates),
        "clips_by_channels": _keyed(facts.channels),
    }


def _spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {"min": spread.minimum, "mean": spread.mean, "median": spread.median, "max": spread.maximum}


def _keyed(counts: Mapping[int, int]) -> dict[str, int]:
    """Return counts with keys as JSON has them."""
    return {str(key): count for key, count in counts.items()}


def _overlap(overlap: Overlap, *, key: str) -> dict[str, object]:
    return {
        "clips_known": dict(overlap.known),
        "splits_checked": list(overlap.checked),
        "found": _shared(overlap.found, key=key) if overlap.checked else None,
    }


def _shared(found: Iterable[Shared], *, key: str) -> list[dict[str, object]]:
    return [{key: one.what, "clips": list(one.clips)} for one in found]
