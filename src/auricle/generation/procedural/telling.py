"""From a caption to a scene: which sounds it names, and how it says they sound.

The words of `kind.Kind` name the sounds; what is said of one stands beside its name: ``a distant dog barks twice``. A
word that orders (``then``, ``followed``) lets them follow each other, otherwise they sound together. What a caption
does not say is drawn.
"""

import re
from collections.abc import Sequence

import numpy as np

from auricle.generation.procedural.kind import Kind
from auricle.generation.procedural.scenes import Distance, Event, Layout, Level, Scene
from auricle.generation.procedural.sounds import KINDS, kinds_in

MOST_SOUNDS = 5

_IN_TURN = frozenset({"then", "followed", "before", "after", "later", "finally", "first", "afterwards"})
_LEVELS: dict[str, Level] = {
    **dict.fromkeys(("loud", "loudly", "noisy", "noisily", "heavy", "heavily", "hard"), "loud"),
    **dict.fromkeys(("soft", "softly", "quiet", "quietly", "faint", "faintly", "gentle", "gently", "light"), "soft"),
}
_FAR = frozenset({"distant", "distance", "far", "faraway", "afar", "background"})
_COUNTS = {"once": 1, "single": 1, "twice": 2, "two": 2, "three": 3, "several": 4, "repeatedly": 4, "again": 4}
_LINKS = _IN_TURN | {"while", "as", "and", "with", "amid", "by", "together"}
_ADJECTIVES_BEFORE = 3  # words


def scene_of(caption: str, seconds: float, rng: np.random.Generator) -> Scene | None:
    """Return the scene that a caption describes, or None if it names no sound that is known.

    Args:
        caption: Of any length; at most five sounds are taken from it.
        seconds: Length of the scene, at least 0.1.
        rng: For what the caption does not say.

    Example:
        >>> from auricle.randomness import stream
        >>> scene = scene_of("Rain falls, then a distant dog barks twice.", 8.0, stream(0, "telling"))
        >>> scene.layout, [(event.kind, event.distance, event.repetitions) for event in scene.events]
        ('in turn', [('rain', 'near', 1), ('dog', 'far', 2)])
    """
    kinds = [KINDS.get(name) for name in kinds_in(caption)[:MOST_SOUNDS]]
    if not kinds:
        return None
    words = re.findall(r"[a-z]+", caption.lower())
    said = _said_of(kinds, words)
    layout: Layout = "alone" if len(kinds) == 1 else "in turn" if _IN_TURN & set(words) else "together"
    slot_s = seconds / len(kinds) if layout == "in turn" else seconds
    events = tuple(
        _event(kind, near, start_s=number * slot_s if layout == "in turn" else 0.0, slot_s=slot_s, rng=rng)
        for number, (kind, near) in enumerate(zip(kinds, said, strict=True))
    )
    return Scene(seconds, layout, events)


def _said_of(kinds: Sequence[Kind], words: Sequence[str]) -> list[list[str]]:
    """Return the words beside each kind's first name: a few before it, and all until those of the next."""
    places = [min(words.index(word) for word in kind.words if word in words) for kind in kinds]
    begins = []
    for place, earlier in zip(places, [-1, *places[:-1]], strict=True):
        begin = place
        while begin > max(earlier + 1, place - _ADJECTIVES_BEFORE) and words[begin - 1] not in _LINKS:
            begin -= 1
        begins.append(begin)
    return [list(words[begin:end]) for begin, end in zip(begins, [*begins[1:], len(words)], strict=True)]


def _event(kind: Kind, said: Sequence[str], *, start_s: float, slot_s: float, rng: np.random.Generator) -> Event:
    level: Level = next((_LEVELS[word] for word in said if word in _LEVELS), "medium")
    distance: Distance = "far" if _FAR & set(said) else "near"
    if kind.continuous:
        return Event(kind.name, start_s, slot_s, level, distance, repetitions=1)
    length_s, interval_s = kind.length_s or 0.0, kind.interval_s
    room = 1 if interval_s is None else 1 + max(0, int((slot_s - length_s) / interval_s))
    asked = next((_COUNTS[word] for word in said if word in _COUNTS), int(rng.integers(1, 5)))
    repetitions = min(asked, room)
    whole_s = length_s + (repetitions - 1) * (interval_s or 0.0)
    onset_s = start_s + rng.uniform(0, max(0.0, slot_s - whole_s) / 2)
    return Event(kind.name, onset_s, whole_s, level, distance, repetitions=repetitions)
