"""`auricle compare`: from originals and folders of synthetic clips to one row per pair.

Every original is decoded and described once, whatever it is compared with: log-mels, embeddings, distances of pairs
and facts of clips are kept by content, so a comparison goes on where it was stopped, and a second one with another
measure computes that measure alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from auricle.comparison.agreement import cosine
from auricle.comparison.chance import against_chance
from auricle.comparison.distances import Measure as SetMeasure
from auricle.comparison.distances import (
    SetDistance,
    bootstrap_interval,
    frechet_distance,
    frechet_extrapolated,
    kernel_distance,
)
from auricle.comparison.listeners import Listener, open_listener
from auricle.comparison.measures import PAIR_MEASURES
from auricle.comparison.pairs import Pair, mismatched, pair_up
from auricle.comparison.result import Chance, ComparedPair, Comparison, Scale
from auricle.comparison.settings import ComparisonConfig
from auricle.comparison.stored import FACTS, ClipFacts, PairDistances
from auricle.data import Clip, Collection
from auricle.errors import ConfigError
from auricle.features import (
    FRONT_ENDS,
    Description,
    FeaturesConfig,
    FeatureStore,
    LogMelSpectrograms,
    Unusable,
    compute,
    folders_of,
    open_store,
)
from auricle.registry import did_you_mean

EMBEDDING = Scale(
    "embedding",
    "1 - the cosine of what a network hears in both clips, pooled over time",
    0.0,
    2.0,
    lower_is_nearer=True,
    blind_to="order and number of events; what the network was not trained to tell apart",
)
TEXT = Scale(
    "text",
    "cosine of the synthetic clip and its caption in a space that a model has learned",
    -1.0,
    1.0,
    lower_is_nearer=False,
    blind_to="the original; what the model has not learned to name",
)
MEASURES = (*PAIR_MEASURES, EMBEDDING.name, TEXT.name)

T = TypeVar("T")

Embedding = NDArray[np.float32]
Values = list[tuple[float, str]]
"""Value, and note where there is none, of each pair."""


def compare(
    originals: Collection,
    sources: Mapping[str, Collection],
    config: ComparisonConfig,
    *,
    features: FeaturesConfig | None = None,
) -> Comparison:
    """Measure every synthetic clip beside its original.

    Args:
        originals: Opened for learning.
        sources: Collections of synthetic clips, by the names of their folders.
        config: What is measured.
        features: Where all that is computed is kept.

    Raises:
        ConfigError: If there is no such measure or front end, or ``text`` has no reader.
        DataError: If no synthetic clip has its original.
        ModelError: If a listener's weights are missing or damaged.
        StorageError: If what is computed cannot be kept.
    """
    for name in config.measures:
        if name not in MEASURES:
            known = ", ".join(MEASURES)
            raise ConfigError(f"No measure named {name!r}.{did_you_mean(name, list(MEASURES))} Known: {known}.")
    pairs, alone = pair_up(originals, sources)
    others = mismatched(pairs, seed=config.seed) if config.against_chance else []
    measuring = Measuring(config, features or FeaturesConfig())
    facts, unreadable = measuring.facts([pair.synthetic for pair in pairs])
    scales: list[Scale] = []
    values: dict[str, Values] = {}
    chance: dict[str, Chance] = {}
    for name in config.measures:
        scale, found, beside = measuring.measure(name, pairs, others)
        scales.append(scale)
        values[name] = found
        if config.against_chance:
            near, far = ([value for value, _ in side] for side in (found, beside))
            chance[name] = against_chance(near, far, lower_is_nearer=scale.lower_is_nearer)
    rows = tuple(
        ComparedPair(
            source=pair.source,
            origin=pair.group[0],
            number=pair.number,
            clip=pair.synthetic.id,
            parent=pair.original.id,
            caption=pair.caption,
            path=pair.synthetic.path,
            parent_path=pair.original.path,
            values={name: found[place][0] for name, found in values.items()},
            notes={name: found[place][1] for name, found in values.items() if found[place][1]},
            facts=facts.get(pair.synthetic.content, {}),
        )
        for place, pair in enumerate(pairs)
    )
    sets = measuring.sets(pairs) if EMBEDDING.name in config.measures else {}
    return Comparison(rows, tuple(scales), chance, (*alone, *unreadable), sets)


@dataclass(frozen=True)
class Measuring:
    """Computes what is not there yet of one comparison.

    Attributes:
        config: What is measured.
        features: Where all that is computed is kept.
    """

    config: ComparisonConfig
    features: FeaturesConfig

    def facts(self, clips: Sequence[Clip]) -> tuple[dict[str, dict[str, float]], list[tuple[str, str]]]:
        """Return the sanity facts of clips by content, and the clips that cannot be read."""
        store = open_store(self.features.root, ClipFacts())
        unusable = self._compute(store, ClipFacts(), clips, reads=folders_of(clips))
        there = [clip.content for clip in clips if clip.content in store]
        known = {content: dict(zip(FACTS, store[content].tolist(), strict=True)) for content in there}
        return known, [(bad.item.id, bad.reason) for bad in unusable]

    def measure(self, name: str, pairs: Sequence[Pair], others: Sequence[Pair]) -> tuple[Scale, Values, Values]:
        """Return how a measure is read, and its values of matched and mismatched pairs."""
        if name == TEXT.name:
            return self._text(pairs, others)
        if name == EMBEDDING.name:
            return self._embedding(pairs, others)
        known = PAIR_MEASURES.get(name)
        scale = Scale(name, known.summary, *known.range, lower_is_nearer=known.lower_is_nearer, blind_to=known.blind_to)
        both = self._distances(name, [*pairs, *others])
        return scale, both[: len(pairs)], both[len(pairs) :]

    def sets(self, pairs: Sequence[Pair]) -> dict[tuple[str, int], dict[str, SetDistance]]:
        """Return the distances between originals and synthetic clips as sets, per generator and caption number."""
        listener = open_listener(self.config.listener, device=self.config.device, features=self.features)
        vectors, _ = _embedded(listener, pairs)
        found: dict[tuple[str, int], dict[str, SetDistance]] = {}
        for group in sorted({pair.group for pair in pairs}):
            members = [pair for pair in pairs if pair.group == group]
            sides = [
                np.array([vectors[content] for content in dict.fromkeys(contents) if content in vectors])
                for contents in ((p.original.content for p in members), (p.synthetic.content for p in members))
            ]
            if all(len(side) for side in sides):
                found[group] = {
                    name: self._between(distance, *sides) for name, distance in self._set_distances().items()
                }
        return found

    def _set_distances(self) -> dict[str, SetMeasure]:
        frechet: SetMeasure = frechet_distance
        if self.config.extrapolate:
            frechet = partial(frechet_extrapolated, seed=self.config.seed)
        return {"frechet": frechet, "kernel": kernel_distance}

    def _between(self, distance: SetMeasure, reference: Embedding, evaluated: Embedding) -> SetDistance:
        if self.config.resamples:
            return bootstrap_interval(
                distance, reference, evaluated, seed=self.config.seed, resamples=self.config.resamples
            )
        return distance(reference, evaluated)

    def _compute(
        self, store: FeatureStore, description: Description[T], items: Sequence[T], *, reads: Sequence[Path]
    ) -> list[Unusable[T]]:
        return compute(store, description, items, engine=self.features.open_engine(), reads=reads)

    def _distances(self, name: str, pairs: Sequence[Pair]) -> Values:
        front_end = FRONT_ENDS.get(self.config.front_end)
        spectra = LogMelSpectrograms(front_end, threads=self.config.processes)
        log_mels = open_store(self.features.root, spectra)
        clips = [clip for pair in pairs for clip in (pair.original, pair.synthetic)]
        silent = {
            bad.item.content: bad.reason for bad in self._compute(log_mels, spectra, clips, reads=folders_of(clips))
        }
        description = PairDistances(
            PAIR_MEASURES.get(name), log_mels, front_end=front_end, workers=self.config.processes
        )
        store = open_store(self.features.root, description)
        ready = [pair for pair in pairs if not {pair.original.content, pair.synthetic.content} & silent.keys()]
        notes = {
            description.key(bad.item): bad.reason
            for bad in self._compute(store, description, ready, reads=[log_mels.folder])
        }
        for pair in pairs:
            for clip in (pair.original, pair.synthetic):
                if clip.content in silent:
                    notes[description.key(pair)] = silent[clip.content]
        return [
            (math.nan, notes[key]) if (key := description.key(pair)) in notes else (float(store[key][0]), "")
            for pair in pairs
        ]

    def _embedding(self, pairs: Sequence[Pair], others: Sequence[Pair]) -> tuple[Scale, Values, Values]:
        listener = open_listener(self.config.listener, device=self.config.device, features=self.features)
        vectors, notes = _embedded(listener, [*pairs, *others])
        both = [_distance(vectors, notes, pair.original.content, pair.synthetic.content) for pair in (*pairs, *others)]
        return EMBEDDING, both[: len(pairs)], both[len(pairs) :]

    def _text(self, pairs: Sequence[Pair], others: Sequence[Pair]) -> tuple[Scale, Values, Values]:
        if self.config.reader is None:
            raise ConfigError("The measure text needs a model: --model runs/NAME, or a CLAP of transformers.")
        reader = open_listener(self.config.reader, device=self.config.device, features=self.features)
        if not reader.reads:
            raise ConfigError(f"{self.config.reader} hears, but does not read captions. Name a run or a CLAP.")
        vectors, notes = _embedded(reader, [*pairs, *others])
        read = sorted({pair.caption for pair in (*pairs, *others) if pair.caption.strip()})
        captions = dict(zip(read, reader.embed_captions(read), strict=True))

        def agreement(pair: Pair) -> tuple[float, str]:
            if pair.caption not in captions:
                return math.nan, "there is no caption"
            if pair.synthetic.content not in vectors:
                return math.nan, notes[pair.synthetic.content]
            return _cosine(vectors[pair.synthetic.content], captions[pair.caption])

        return TEXT, list(map(agreement, pairs)), list(map(agreement, others))


def _embedded(listener: Listener, pairs: Iterable[Pair]) -> tuple[dict[str, Embedding], dict[str, str]]:
    """Return the embedding of every sound by content, and why others have none."""
    clips = {clip.content: clip for pair in pairs for clip in (pair.original, pair.synthetic)}
    # Identities may repeat between sources; contents do not.
    named = [replace(clip, file_name=clip.content) for clip in clips.values()]
    embeddings, unusable = listener.embed_clips(named)
    usable = [clip.content for clip in named if clip.id not in unusable]
    notes = {clip.content: unusable[clip.id] for clip in named if clip.id in unusable}
    return dict(zip(usable, embeddings, strict=True)), notes


def _distance(vectors: Mapping[str, Embedding], notes: Mapping[str, str], one: str, other: str) -> tuple[float, str]:
    for content in (one, other):
        if content not in vectors:
            return math.nan, notes[content]
    value, note = _cosine(vectors[one], vectors[other])
    return 1 - value, note


def _cosine(one: Embedding, other: Embedding) -> tuple[float, str]:
    values, notes = cosine(one[None], other[None])
    return float(values[0]), notes[0]
