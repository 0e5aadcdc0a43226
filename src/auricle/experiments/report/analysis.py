"""What a story says in numbers: every arm by every measure, and what is sure about it. No words, no pictures.

Two sources of chance are kept apart. Other *clips* would have shown something else: intervals and p-values against the
baseline hold the runs as they are and weigh the clips anew (`auricle.evaluation.significance`). Other *seeds* would
have, too: mean, standard deviation and interval over the runs of an arm (`auricle.evaluation.samples`). A difference is
called real when the first says so, and sure across seeds when the second does not object.

Families of comparisons: all arms by the deciding measure are one, all arms by all other measures of both directions the
other; p-values are adjusted inside each (`holm`). Where samples are compared, arms are not compared one by one.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from auricle import progress
from auricle.errors import ConfigError
from auricle.evaluation import (
    Association,
    Difference,
    Interval,
    SamplesComparison,
    Summary,
    associate,
    compare_ranks,
    compare_samples,
    holm,
    interval,
    summarise,
)
from auricle.experiments.report.curves import VALIDATION_LOSS, DoseCurve, dose_curves, groups
from auricle.experiments.report.wording import lower_is_better, split_measure
from auricle.experiments.story import Arm, Story
from auricle.registry import did_you_mean

CONFIDENCE = 0.95
POWER = 0.8
"""The smallest detectable difference is what would be found in this share of repetitions."""

FEWEST_RUNS = 3
"""Of so many runs on, loss and measure are set against each other."""

_PERMUTATIONS, _PERMUTATIONS_PER_COMPARISON = 10_000, 100
"""So many, or the smallest p-value there is could not pass in a large family: each is multiplied by its size."""

Verdict = Literal["better", "worse", "no real difference", ""]


@dataclass(frozen=True)
class Outcome:
    """One measure of one arm.

    Attributes:
        measure: ``text_to_audio/mAP@10``.
        values: Of each run.
        across: Of the values.
        interval: On other clips; the runs as they are.
        difference: From the baseline to this arm; None for the baseline, and where arms are not compared.
        adjusted_p: Its p-value inside the family; nan without a difference.
    """

    measure: str
    values: tuple[float, ...]
    across: Summary
    interval: Interval
    difference: Difference | None = None
    adjusted_p: float = math.nan

    @property
    def verdict(self) -> Verdict:
        """What the comparison with the baseline says; empty where there is none."""
        if self.difference is None:
            return ""
        if not self.adjusted_p < 1 - CONFIDENCE:
            return "no real difference"
        return "better" if (self.difference.difference > 0) != lower_is_better(self.measure) else "worse"


@dataclass(frozen=True)
class ArmAnalysis:
    """One arm.

    Attributes:
        name: Of the arm.
        seeds: Of its runs.
        outcomes: By measure.
        seed_difference: The deciding measure across seeds, baseline and arm as independent samples; None for the
            baseline, where one of them has a single seed, and where arms are not compared.
    """

    name: str
    seeds: tuple[int, ...]
    outcomes: Mapping[str, Outcome]
    seed_difference: SamplesComparison | None = None


@dataclass(frozen=True)
class Samples:
    """The levels of a factor, each a sample of runs.

    Attributes:
        factor: Whose levels are compared.
        paired_by: What pairs their values; empty if nothing does.
        levels: Values of each level, by its name; in the order of `paired_by`.
        pairs: Of each pair that is whole the values, in the order of the levels.
        comparisons: Of each two levels: their names, the comparison as independent samples, and as pairs.
    """

    factor: str
    paired_by: str
    levels: Mapping[str, tuple[float, ...]]
    pairs: tuple[tuple[float, ...], ...]
    comparisons: tuple[tuple[str, str, SamplesComparison, SamplesComparison | None], ...]


@dataclass(frozen=True)
class Relation:
    """What a quantity of the training says about the deciding measure, over all runs.

    Attributes:
        quantity: A key of ``metrics.jsonl``, at the best epoch of each run.
        runs: Arm or level, quantity and measure of each run.
        association: Of both.
    """

    quantity: str
    runs: tuple[tuple[str, float, float], ...]
    association: Association


@dataclass(frozen=True)
class Analysis:
    """All numbers of a report.

    Attributes:
        measure: The deciding one.
        baseline: Name of the arm.
        arms: In their order.
        queries: Number of queries and of clips, by direction.
        dose: The dose-response curves.
        samples: What is compared as samples, if anything is.
        relations: Of loss and measure; empty for fewer than three runs.
    """

    measure: str
    baseline: str
    arms: tuple[ArmAnalysis, ...]
    queries: Mapping[str, tuple[int, int]]
    dose: tuple[DoseCurve, ...] = ()
    samples: Samples | None = None
    relations: tuple[Relation, ...] = ()

    def arm(self, name: str) -> ArmAnalysis:
        """Return an arm by its name."""
        return next(arm for arm in self.arms if arm.name == name)

    def outcome(self, name: str) -> Outcome:
        """Return the deciding measure of an arm."""
        return self.arm(name).outcomes[self.measure]

    @property
    def compared(self) -> tuple[Outcome, ...]:
        """The deciding measure of every arm that is compared with the baseline."""
        return tuple(arm.outcomes[self.measure] for arm in self.arms if arm.outcomes[self.measure].difference)

    @property
    def best_other(self) -> str:
        """Name of the arm other than the baseline with the best mean; empty if there is none."""
        sign = -1 if lower_is_better(self.measure) else 1
        others = [arm for arm in self.arms if arm.name != self.baseline]
        return max(others, key=lambda arm: sign * arm.outcomes[self.measure].across.mean).name if others else ""

    def detectable(self, outcome: Outcome) -> float:
        """Return the smallest difference that would have been found with the power of `POWER`, nan if unknown.

        Normal theory: the standard error follows from the bootstrap interval, the level is that of the smallest of the
        family's p-values.
        """
        if outcome.difference is None:
            return math.nan
        normal = NormalDist()
        width = outcome.difference.high - outcome.difference.low
        standard_error = width / (2 * normal.inv_cdf((1 + CONFIDENCE) / 2))
        level = (1 - CONFIDENCE) / len(self.compared)
        return standard_error * (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(POWER))


def analyse(story: Story) -> Analysis:
    """Compute every number of a report.

    Raises:
        ConfigError: If the deciding measure is not known.
        DataError: If the runs did not answer the same queries.
    """
    measures = _measures(story)
    analysed = progress.track(_arms(story, measures), label="Comparing", unit="arm", total=len(story.arms))
    arms = _adjusted(list(analysed), story.measure)
    first = story.arm(story.baseline).results[0]
    return Analysis(
        measure=story.measure,
        baseline=story.baseline,
        arms=tuple(arms),
        queries={name: (len(ranks.queries), len(set(ranks.clips))) for name, ranks in first.ranks.items()},
        dose=dose_curves(story) if story.dose else (),
        samples=_samples(story) if story.between else None,
        relations=tuple(_relations(story)),
    )


def _measures(story: Story) -> list[str]:
    """Return the measures that all runs have."""
    first, *others = (set(result.measures()) for arm in story.arms for result in arm.results)
    shared = first.intersection(*others)
    known = [name for name in story.arms[0].results[0].measures() if name in shared]
    if story.measure not in known:
        near = did_you_mean(story.measure, known)
        raise ConfigError(f"There is no measure {story.measure!r}.{near} Measures: {', '.join(known)}.")
    return known


def _arms(story: Story, measures: Sequence[str]) -> Iterator[ArmAnalysis]:
    baseline = story.arm(story.baseline)
    n_comparisons = (len(story.arms) - 1) * len(measures)
    for arm in story.arms:
        against = None if arm.name == story.baseline or story.between else baseline
        outcomes = {
            outcome.measure: outcome
            for direction in arm.results[0].ranks
            for outcome in _outcomes(arm, against, direction, measures, n_comparisons)
        }
        across = None
        if against and len(against.results) > 1 and len(arm.results) > 1:
            before = [result.measures()[story.measure] for result in against.results]
            across = compare_samples(before, outcomes[story.measure].values, paired=False)
        yield ArmAnalysis(arm.name, arm.seeds, outcomes, across)


def _outcomes(
    arm: Arm, against: Arm | None, direction: str, measures: Sequence[str], n_comparisons: int
) -> Iterator[Outcome]:
    names = {name: measure for measure in measures for at, name in [split_measure(measure)] if at == direction}
    ranks = [result.ranks[direction] for result in arm.results]
    values = [result.measures() for result in arm.results]
    intervals = interval(ranks, measures=list(names), confidence=CONFIDENCE)
    differences: Mapping[str, Difference] = {}
    if against:
        differences = compare_ranks(
            [result.ranks[direction] for result in against.results],
            ranks,
            measures=list(names),
            permutations=max(_PERMUTATIONS, _PERMUTATIONS_PER_COMPARISON * n_comparisons),
            confidence=CONFIDENCE,
        )
    for name, measure in names.items():
        found = tuple(run[measure] for run in values)
        yield Outcome(measure, found, summarise(found), intervals[name], differences.get(name))


def _adjusted(arms: Sequence[ArmAnalysis], deciding: str) -> list[ArmAnalysis]:
    """Return the arms with p-values adjusted inside both families."""
    places = [(place, name) for place, arm in enumerate(arms) for name in arm.outcomes]
    adjusted = [dict(arm.outcomes) for arm in arms]
    for is_deciding in (True, False):
        family = [
            (place, name)
            for place, name in places
            if (name == deciding) == is_deciding and adjusted[place][name].difference is not None
        ]
        raw = [difference.p_value for place, name in family if (difference := adjusted[place][name].difference)]
        for (place, name), p_value in zip(family, holm(raw).tolist() if raw else [], strict=True):
            adjusted[place][name] = replace(adjusted[place][name], adjusted_p=p_value)
    return [replace(arm, outcomes=outcomes) for arm, outcomes in zip(arms, adjusted, strict=True)]


def _samples(story: Story) -> Samples:
    arms = [arm for arm in story.arms if story.between in arm.factors]
    by_level: dict[str, dict[str, list[float]]] = {
        str(arm.factors[story.between]): {} for arm in _sorted(arms, story.between)
    }
    for arm in _sorted(arms, story.paired_by):
        pair = str(arm.factors.get(story.paired_by, arm.name))
        values = by_level[str(arm.factors[story.between])].setdefault(pair, [])
        values.extend(result.measures()[story.measure] for result in arm.results)
    means = {
        level: {pair: sum(found) / len(found) for pair, found in pairs.items()} for level, pairs in by_level.items()
    }
    whole = [pair for pair in next(iter(means.values()), {}) if all(pair in level for level in means.values())]
    comparisons = []
    for (one, first), (other, second) in itertools.combinations(means.items(), 2):
        alone = compare_samples(list(first.values()), list(second.values()), paired=False)
        both = [pair for pair in first if pair in second]
        pairs = None
        if story.paired_by and len(both) > 1:
            pairs = compare_samples([first[pair] for pair in both], [second[pair] for pair in both], paired=True)
        comparisons.append((one, other, alone, pairs))
    return Samples(
        factor=story.between,
        paired_by=story.paired_by,
        levels={level: tuple(pairs.values()) for level, pairs in means.items()},
        pairs=tuple(tuple(level[pair] for level in means.values()) for pair in whole) if story.paired_by else (),
        comparisons=tuple(comparisons),
    )


def _sorted(arms: Iterable[Arm], factor: str) -> list[Arm]:
    """Return arms in the order of a factor, numbers before words; those that lack it come last."""

    def place(arm: Arm) -> tuple[bool, bool, float, str]:
        value = arm.factors.get(factor, "")
        return factor not in arm.factors, isinstance(value, str), 0 if isinstance(value, str) else value, str(value)

    return sorted(arms, key=place)


def _relations(story: Story) -> Iterator[Relation]:
    quantities = [VALIDATION_LOSS]
    if story.split != story.arms[0].results[0].config.training.validation_split:
        quantities.append(f"validation/{story.measure}")
    for quantity in quantities:
        runs = tuple(
            (name, float(result.summary["best"][quantity]), result.measures()[story.measure])
            for name, results in groups(story).items()
            for result in results
            if math.isfinite(result.summary["best"].get(quantity, math.nan))
        )
        if len(runs) >= FEWEST_RUNS:
            yield Relation(quantity, runs, associate([run[1] for run in runs], [run[2] for run in runs]))
