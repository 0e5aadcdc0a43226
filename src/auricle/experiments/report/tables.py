"""The numbers of an analysis as tables: what a person compares, rounded, and all digits for a machine."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auricle.evaluation import SamplesComparison, Tested, summarise
from auricle.experiments.report.analysis import Analysis, Outcome, Relation, Samples
from auricle.experiments.report.document import Table, Values
from auricle.experiments.report.figures import quantity_name
from auricle.experiments.report.wording import (
    NOTHING,
    difference,
    direction_name,
    interval,
    measure_name,
    p_value,
    split_measure,
    value,
    with_spread,
)

MARKS = {"better": "↑ better", "worse": "↓ worse", "no real difference": "no real difference", "": NOTHING}
"""How verdicts are said: in a word, with a mark."""

BASELINE = "baseline"

_DATA_HEADER = (
    "arm",
    "measure",
    "runs",
    "mean",
    "standard_deviation",
    "low_across_seeds",
    "high_across_seeds",
    "low_across_clips",
    "high_across_clips",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "p_value_holm",
    "verdict",
)


def deciding_table(analysis: Analysis) -> Table:
    """Return the deciding measure of every arm with all that is sure about it."""
    compared = bool(analysis.compared)
    header = ["arm", "runs", measure_name(analysis.measure), "on other clips"]
    if compared:
        header += [f"difference to {analysis.baseline}", "p (Holm)", "smallest detectable", "verdict"]
    rows, outcomes = [], []
    for arm in analysis.arms:
        outcome = arm.outcomes[analysis.measure]
        outcomes.append((arm.name, outcome))
        row = [
            arm.name,
            str(outcome.across.n),
            _mean(outcome),
            interval(outcome.interval.low, outcome.interval.high, analysis.measure),
        ]
        if compared:
            row += [*_against_baseline(outcome), value(analysis.detectable(outcome), analysis.measure)]
            row.append(BASELINE if arm.name == analysis.baseline else MARKS[outcome.verdict])
        rows.append(tuple(row))
    title = f"{measure_name(analysis.measure)} of every arm"
    return Table(
        name="deciding-measure",
        title=title,
        header=tuple(header),
        rows=tuple(rows),
        columns="words" if compared else "number",
        data=_data(outcomes),
    )


def direction_table(analysis: Analysis, direction: str) -> Table:
    """Return every measure of one direction for every arm: mean ± standard deviation, difference, interval, p."""
    measures = [name for name in analysis.arms[0].outcomes if split_measure(name)[0] == direction]
    rows, outcomes = [], []
    for arm in analysis.arms:
        of_arm = [arm.outcomes[measure] for measure in measures if measure in arm.outcomes]
        outcomes += [(arm.name, outcome) for outcome in of_arm]
        rows.append((arm.name, *map(_cell, of_arm)))
    header = ("arm", *(split_measure(measure)[1] for measure in measures))
    title = f"All measures, {direction_name(direction)}"
    return Table(f"measures-{direction.replace('_', '-')}", title, header, tuple(rows), data=_data(outcomes))


def seeds_table(analysis: Analysis) -> Table:
    """Return the deciding measure of every arm across seeds."""
    measure = analysis.measure
    header = ["arm", "seeds", "mean", "standard deviation", "95 % interval", "lowest", "highest"]
    compared = any(arm.seed_difference for arm in analysis.arms)
    if compared:
        header += ["difference to baseline", "Welch's t", "smallest detectable"]
    rows = []
    for arm in analysis.arms:
        outcome = arm.outcomes[measure]
        across = outcome.across
        row = [
            arm.name,
            ", ".join(map(str, arm.seeds)),
            value(across.mean, measure),
            value(across.standard_deviation, measure),
            interval(across.low, across.high, measure),
            value(min(outcome.values), measure),
            value(max(outcome.values), measure),
        ]
        if compared:
            row += _across(arm.seed_difference, measure) if arm.seed_difference else [NOTHING] * 3
        rows.append(tuple(row))
    return Table("seeds", f"{measure_name(measure)} across seeds", tuple(header), tuple(rows))


def levels_table(samples: Samples, measure: str) -> Table:
    """Return the samples that are compared."""
    rows = []
    for name, values in samples.levels.items():
        across = summarise(values)
        rows.append(
            (
                f"{samples.factor} {name}",
                str(across.n),
                value(across.mean, measure),
                value(across.standard_deviation, measure),
                interval(across.low, across.high, measure),
                value(min(values), measure),
                value(max(values), measure),
            )
        )
    header = ("sample", "runs", "mean", "standard deviation", "95 % interval", "lowest", "highest")
    data: list[Values] = [("sample", "place", measure)]
    data += [(f"{samples.factor} {name}", n, x) for name, xs in samples.levels.items() for n, x in enumerate(xs, 1)]
    return Table("samples", f"{measure_name(measure)} of each sample", header, tuple(rows), data=tuple(data))


def tests_tables(samples: Samples, measure: str) -> list[Table]:
    """Return every test between each two samples, as independent samples and as pairs; a table for each."""
    header = ("quantity", "value", "95 % interval", "p, or why there is none")
    tables: list[Table] = []
    for one, other, alone, pairs in samples.comparisons:
        for comparison in filter(None, (alone, pairs)):
            kind = f"pairs by {samples.paired_by}" if comparison.paired else "independent samples"
            names = {"one": f"{samples.factor} {one}", "other": f"{samples.factor} {other}"}
            found = list(_tests(comparison, measure, names))
            tables.append(
                Table(
                    name=f"tests-{len(tables) + 1}",
                    title=f"{samples.factor} {one} and {other}, as {kind}",
                    header=header,
                    rows=tuple((what, *said) for what, said, _ in found),
                    columns="words",
                    data=(
                        ("quantity", "value", "low", "high", "p_value"),
                        *((what, *numbers) for what, _, numbers in found),
                    ),
                )
            )
    return tables


def relations_table(relations: Sequence[Relation], measure: str) -> Table:
    """Return how training and measure go together over all runs."""
    rows, data = [], []
    for relation in relations:
        found = relation.association
        name = quantity_name(relation.quantity)
        bounds = interval(found.pearson_low, found.pearson_high, signed=True)
        pearson, spearman = (f"{difference(r)}\n{p_value(p)}" for r, p in _correlations(relation))
        rows.append((name, str(found.n), pearson, bounds, spearman))
        numbers = (found.pearson, found.pearson_low, found.pearson_high, found.pearson_p)
        data.append((name, found.n, *numbers, found.spearman, found.spearman_p))
    header = ("at the best epoch", "runs", "Pearson", "its 95 % interval", "Spearman")
    data_header = ("quantity", "runs", "pearson", "low", "high", "pearson_p", "spearman", "spearman_p")
    title = f"Correlation with {measure_name(measure)}"
    return Table("correlations", title, header, tuple(rows), data=(data_header, *data))


def _correlations(relation: Relation) -> tuple[tuple[float, float], tuple[float, float]]:
    found = relation.association
    return (found.pearson, found.pearson_p), (found.spearman, found.spearman_p)


def _mean(outcome: Outcome) -> str:
    return with_spread(outcome.across.mean, outcome.across.standard_deviation, outcome.measure)


def _against_baseline(outcome: Outcome) -> tuple[str, str]:
    found = outcome.difference
    if found is None:
        return NOTHING, NOTHING
    bounds = interval(found.low, found.high, outcome.measure, signed=True)
    p = p_value(outcome.adjusted_p).removeprefix("p ")
    return f"{difference(found.difference, outcome.measure)}\n{bounds}", p


def _cell(outcome: Outcome) -> str:
    lines = [_mean(outcome)]
    if outcome.difference:
        lines += _against_baseline(outcome)[0].split("\n")
        lines.append(p_value(outcome.adjusted_p))
        if outcome.verdict in ("better", "worse"):
            lines.append(MARKS[outcome.verdict])
    return "\n".join(lines)


def _across(found: SamplesComparison, measure: str) -> list[str]:
    bounds = interval(found.low, found.high, measure, signed=True)
    welch = next(test for test in found.tests if test.test.startswith("Welch"))
    return [
        f"{difference(found.difference, measure)}\n{bounds}",
        p_value(welch.p_value),
        value(found.detectable.difference, measure),
    ]


def _tests(
    found: SamplesComparison, measure: str, names: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, str, str], tuple[float, float, float, float]]]:
    """Yield of every quantity its name, how it is said, and its numbers."""
    nan = math.nan
    bounds = interval(found.low, found.high, measure, signed=True)
    said = (difference(found.difference, measure), bounds, NOTHING)
    yield "difference of means", said, (found.difference, found.low, found.high, nan)
    for test in (*found.normality, *found.tests):
        sample = f", {names[test.sample]}" if test.sample in names else ""
        yield f"{test.test}{sample}", _tested(test), (test.statistic, nan, nan, test.p_value)
    effect = found.effect
    said = (difference(effect.value), interval(effect.low, effect.high, signed=True), effect.note or NOTHING)
    yield effect.name, said, (effect.value, effect.low, effect.high, nan)
    smallest = found.detectable
    name = f"smallest detectable difference (power {smallest.power:g})"
    yield name, (value(smallest.difference, measure), NOTHING, NOTHING), (smallest.difference, nan, nan, nan)


def _tested(test: Tested) -> tuple[str, str, str]:
    p = p_value(test.p_value)
    return f"{test.statistic:.3f}" if not math.isnan(test.statistic) else NOTHING, NOTHING, test.note or p


def _data(outcomes: Iterable[tuple[str, Outcome]]) -> tuple[Values, ...]:
    rows: list[Values] = [_DATA_HEADER]
    for arm, outcome in outcomes:
        across, bounds, found = outcome.across, outcome.interval, outcome.difference
        numbers = (found.difference, found.low, found.high, found.p_value) if found else (math.nan,) * 4
        rows.append(
            (
                arm,
                outcome.measure,
                across.n,
                across.mean,
                across.standard_deviation,
                across.low,
                across.high,
                bounds.low,
                bounds.high,
                *numbers,
                outcome.adjusted_p,
                outcome.verdict,
            )
        )
    return tuple(rows)
