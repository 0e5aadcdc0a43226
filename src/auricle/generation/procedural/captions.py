"""Captions for a scene: five sentences from a small grammar, as five people might write them.

Every caption names every sound of the scene and how they stand to each other (while, then, in the background). What
else was varied, the details, each come up in one to three of the five: nobody mentions everything, but together they
do. What nobody would mention is no detail: a medium level, or that a sound is near where nothing is far.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from auricle.generation.procedural.scenes import Event, Layout, Scene
from auricle.generation.procedural.sounds import KINDS

N_CAPTIONS = 5

Aspect = Literal["level", "repetition", "distance"]

_ADVERBS = {
    "loud": ("loudly",),
    "soft": ("softly", "quietly", "faintly"),
    "far": ("in the distance", "far away", "far off"),
    "near": ("nearby", "close by"),
    "once": ("once", "a single time"),
    "twice": ("twice", "two times"),
    "several times": ("several times", "repeatedly", "again and again"),
}
_ADJECTIVES = {
    "loud": ("loud",),
    "soft": ("faint", "soft", "quiet"),
    "far": ("distant", "faraway"),
    "near": ("nearby",),
}

_PATTERNS: dict[Layout, tuple[str, ...]] = {
    "alone": (
        "{a.clause} and nothing else is heard",
        "the sound of {a.nominal}",
        "{a.nominal} can be heard",
        "there is nothing but {a.nominal}",
        "nothing is heard except {a.nominal}",
        "a short recording of {a.nominal}",
        "all that can be heard is {a.nominal}",
    ),
    "together": (
        "{a.clause} while {b.clause}",
        "{a.clause} as {b.clause}",
        "as {a.clause}, {b.clause}",
        "{a.clause} at the same time as {b.nominal}",
        "{a.nominal} together with {b.nominal}",
        "the sound of {a.nominal} mixes with {b.nominal}",
        "{a.nominal} can be heard along with {b.nominal}",
        "{a.clause} amid {b.nominal}",
    ),
    "in turn": (
        "{a.clause}, then {b.clause}",
        "{a.clause} and then {b.clause}",
        "{a.clause}, followed by {b.nominal}",
        "{a.nominal}, followed by {b.nominal}",
        "first {a.clause}, then {b.clause}",
        "after {a.nominal}, {b.clause}",
        "{a.clause} before {b.clause}",
        "at first {a.clause}, and later {b.clause}",
    ),
    "behind": (
        "{a.clause} while {b.clause}",
        "as {a.clause}, {b.clause}",
        "{b.clause}, and all the while {a.clause}",
        "with {a.nominal} in the background, {b.clause}",
        "{b.clause}, with {a.nominal} in the background",
        "{a.clause} throughout as {b.clause}",
    ),
}


@dataclass(frozen=True)
class _Phrase:
    """A sound, or two, as a sentence of its own and as something that can follow a preposition."""

    clause: str
    nominal: str


def write(scene: Scene, rng: np.random.Generator) -> tuple[str, ...]:
    """Return five different captions for a scene, each naming all of its sounds.

    Example:
        >>> from auricle.randomness import stream
        >>> dog = Event("dog", 0.1, 0.8, level="loud", distance="near", repetitions=2)
        >>> write(Scene(2.0, "alone", (dog,)), stream(0, "captions", 1))[0]
        'All that can be heard is a hound barking loudly twice.'
    """
    mentioned: list[set[tuple[int, Aspect]]] = [set() for _ in range(N_CAPTIONS)]
    for number, aspect in details(scene):
        unremarkable = aspect == "distance" and scene.events[number].distance == "near"
        for i in rng.choice(N_CAPTIONS, 1 if unremarkable else rng.integers(2, 4), replace=False):
            mentioned[i].add((number, aspect))
    captions: list[str] = []
    patterns = rng.permutation(_PATTERNS[scene.layout])
    while len(captions) < N_CAPTIONS:
        caption = _sentence(scene, str(patterns[len(captions)]), mentioned[len(captions)], rng)
        if caption not in captions:
            captions.append(caption)
    return tuple(captions)


def details(scene: Scene) -> list[tuple[int, Aspect]]:
    """Return what is worth mentioning: the number of an event in the scene, and what about it."""
    something_is_far = any(event.distance == "far" for event in scene.events)
    worth: list[tuple[int, Aspect]] = []
    for i, event in enumerate(scene.events):
        if event.level != "medium":
            worth.append((i, "level"))
        if KINDS.get(event.kind).interval_s is not None:
            worth.append((i, "repetition"))
        if something_is_far:
            worth.append((i, "distance"))
    return worth


def _sentence(scene: Scene, pattern: str, mentioned: set[tuple[int, Aspect]], rng: np.random.Generator) -> str:
    phrases = [
        _phrase(event, {aspect for number, aspect in mentioned if number == i}, rng)
        for i, event in enumerate(scene.events)
    ]
    if scene.layout == "together":
        phrases = [phrases[i] for i in rng.permutation(len(phrases))]
    first, *rest = phrases
    link = " and " if scene.layout == "together" else _any((" and then ", " and finally "), rng)
    other = _Phrase(link.join(p.clause for p in rest), link.join(p.nominal for p in rest))
    text = pattern.format(a=first, b=other)
    return text[0].upper() + text[1:] + ("." if rng.random() < 0.9 else "")


def _phrase(event: Event, aspects: set[Aspect], rng: np.random.Generator) -> _Phrase:
    kind = KINDS.get(event.kind)
    times = "once" if event.repetitions == 1 else "twice" if event.repetitions == 2 else "several times"
    said = {"level": event.level, "repetition": times, "distance": event.distance}
    values = [value for aspect, value in said.items() if aspect in aspects]
    subject, verb, participle = kind.clauses[rng.integers(len(kind.clauses))]
    adverbs = " ".join(["", *(_any(_ADVERBS[value], rng) for value in values)])
    clause, nominal = f"{subject} {verb}{adverbs}", f"{subject} {participle}{adverbs}"
    if "repetition" not in aspects and rng.random() < 0.5:
        nominal = _any(kind.nouns, rng)
        for value in reversed(values):
            nominal = _with_adjective(nominal, _any(_ADJECTIVES[value], rng))
    return _Phrase(clause, nominal)


def _with_adjective(noun: str, adjective: str) -> str:
    """Put an adjective, which begins with a consonant, before a noun and after its article if it has one."""
    article, _, rest = noun.partition(" ")
    if article in ("a", "an"):
        return f"a {adjective} {rest}"
    return f"the {adjective} {rest}" if article == "the" else f"{adjective} {noun}"


def _any(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[rng.integers(len(choices))]
