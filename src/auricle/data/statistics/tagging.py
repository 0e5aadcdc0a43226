"""Parts of speech, by a tagger that need not be installed.

HanTa (C. Wartena, A Probabilistic Morphology Model for German Lemmatization, KONVENS 2019) is pure Python and brings
its English model along. It writes the tags of the British National Corpus (C5): ``NN1 NN2 NP0`` are nouns, ``VVZ VBZ
VM0`` verbs with auxiliaries, ``AJ0`` adjectives, ``AV0 AVP`` adverbs with particles (``up``, ``off``); articles,
prepositions, pronouns, conjunctions, numerals and what it does not know are other. A few words in a hundred come out
wrong, such as ``is whirring`` as a noun.
"""

import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

PARTS = ("nouns", "verbs", "adjectives", "adverbs", "other")

INSTALL = "pip install 'auricle[tagger]'"
"""What brings a tagger."""

Tagger = Callable[[Sequence[str]], Sequence[str]]
"""From the words of a sentence to their tags."""

_PACKAGE = "HanTa"
_ENGLISH = "morphmodel_en.pgz"
_BEGINNINGS = {"N": "nouns", "V": "verbs", "AJ": "adjectives", "AV": "adverbs"}


def find_tagger() -> Tagger | None:
    """Return a tagger of English, or None if there is none installed."""
    if importlib.util.find_spec(_PACKAGE) is None:
        return None
    english = importlib.import_module(f"{_PACKAGE}.HanoverTagger").HanoverTagger(_ENGLISH)
    return lambda words: list(english.tag_sent(list(words), taglevel=0))


def part_of_speech(tag: str) -> str:
    """Return which of `PARTS` a tag of C5 stands for.

    Example:
        >>> [part_of_speech(tag) for tag in ("NN2", "VVZ", "AJC", "AVP", "AT0")]
        ['nouns', 'verbs', 'adjectives', 'adverbs', 'other']
    """
    return next((part for beginning, part in _BEGINNINGS.items() if tag.startswith(beginning)), "other")


def count_parts_of_speech(sentences: Iterable[Sequence[str]], *, tagger: Tagger) -> dict[str, int]:
    """Return how many words of each of `PARTS` these sentences have.

    Args:
        sentences: Words of each.
        tagger: Gives each word its tag.

    Example:
        >>> count_parts_of_speech([["dogs", "bark"], ["rain"]], tagger=lambda words: ["NN2", "VVB"][: len(words)])
        {'nouns': 2, 'verbs': 1, 'adjectives': 0, 'adverbs': 0, 'other': 0}
    """
    found = Counter(part_of_speech(tag) for words in sentences if words for tag in tagger(words))
    return {part: found[part] for part in PARTS}
