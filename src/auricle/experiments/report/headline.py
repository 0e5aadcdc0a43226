"""What came out, in a few sentences that claim no more than the numbers do."""

import math
from collections.abc import Iterator, Sequence

from auricle.experiments.report.analysis import CONFIDENCE, POWER, Analysis, ArmAnalysis, Outcome, Verdict
from auricle.experiments.report.document import Paragraph
from auricle.experiments.report.wording import difference, interval, listed, measure_name, p_value, percent, value
from auricle.pages import count

_MOST_NAMED = 2


def headline(analysis: Analysis) -> list[Paragraph]:
    """Return what came out, first in one sentence, then how sure that is."""
    if analysis.samples:
        first, *others = _of_samples(analysis)
        cautions: list[str] = []
    elif analysis.compared:
        first, *others = _of_arms(analysis)
        cautions = list(_across_seeds(analysis))
    else:
        first, *others = _of_one(analysis)
        cautions = []
    return [
        Paragraph(first, "headline"),
        *([Paragraph(" ".join(others))] if others else []),
        *([Paragraph(" ".join(cautions), "caution")] if cautions else []),
    ]


def _of_one(analysis: Analysis) -> Iterator[str]:
    (arm,) = analysis.arms
    outcome = arm.outcomes[analysis.measure]
    queries, clips = analysis.queries[analysis.measure.partition("/")[0]]
    bounds = interval(outcome.interval.low, outcome.interval.high, analysis.measure)
    mean = value(outcome.across.mean, analysis.measure)
    yield (
        f"{measure_name(analysis.measure)} is {mean} on {count(queries, 'query', 'queries')} about "
        f"{count(clips, 'clip')}; other clips of the same kind might have shown {bounds} ({percent(CONFIDENCE)} "
        "interval)."
    )
    if outcome.across.n == 1:
        yield "There is one run: how much another seed would change is not known."
    else:
        spread = value(outcome.across.standard_deviation, analysis.measure)
        yield f"Single runs scatter around it with a standard deviation of {spread} ({outcome.across.n} seeds)."


def _of_arms(analysis: Analysis) -> Iterator[str]:
    by_verdict: dict[Verdict, list[ArmAnalysis]] = {"better": [], "worse": [], "no real difference": [], "": []}
    for arm in analysis.arms:
        by_verdict[arm.outcomes[analysis.measure].verdict].append(arm)
    alike, measure = by_verdict["no real difference"], measure_name(analysis.measure)
    real = [
        f"{_named(arms, analysis.measure)} {'is' if len(arms) == 1 else 'are'} really {verdict}"
        for verdict in ("better", "worse")
        if (arms := by_verdict[verdict])
    ]
    if real:
        yield f"By {measure}, {listed(real)} than the baseline, {analysis.baseline}."
        if alike:
            yield f"{_named(alike, analysis.measure)} {'shows' if len(alike) == 1 else 'show'} no real difference."
    elif len(alike) == 1:
        one = _named(alike, analysis.measure)
        yield f"By {measure}, {one} does not really differ from the baseline, {analysis.baseline}."
    else:
        which = f": {_named(alike, analysis.measure)}" if len(alike) <= _MOST_NAMED else ""
        yield f"By {measure}, none of {len(alike)} arms really differs from the baseline, {analysis.baseline}{which}."
    missed = [analysis.detectable(arm.outcomes[analysis.measure]) for arm in alike]
    if missed and not any(map(math.isnan, missed)):
        yield (
            f"A true difference of less than {value(max(missed), analysis.measure)} could have been missed: only one "
            f"of that size would be found in {percent(POWER)} of repetitions with as many other clips."
        )
    yield "“Really” means: sure on other clips, of these trained models."


def _named(arms: Sequence[ArmAnalysis], measure: str) -> str:
    """Return arms with their differences; of many how many there are, and the one that differs most."""
    if len(arms) <= _MOST_NAMED:
        return listed([f"{arm.name} ({_difference(arm.outcomes[measure])})" for arm in arms])
    most = max(arms, key=lambda arm: abs(_change(arm.outcomes[measure])))
    return f"{len(arms)} arms (most of all {most.name}: {_difference(most.outcomes[measure])})"


def _change(outcome: Outcome) -> float:
    return outcome.difference.difference if outcome.difference else 0.0


def _difference(outcome: Outcome) -> str:
    found = outcome.difference
    if found is None:
        return ""
    bounds = interval(found.low, found.high, outcome.measure, signed=True)
    return f"{difference(found.difference, outcome.measure)} {bounds}, {p_value(outcome.adjusted_p)}"


def _across_seeds(analysis: Analysis) -> Iterator[str]:
    """Yield what other seeds may change about what is called real."""
    real = [arm for arm in analysis.arms if arm.outcomes[analysis.measure].verdict in ("better", "worse")]
    single = [arm for arm in analysis.arms if len(arm.seeds) == 1]
    if single:
        which = "Every arm has" if len(single) == len(analysis.arms) else f"{listed([arm.name for arm in single])} has"
        yield (
            f"{which} one run only. Two runs of the same settings differ as well, by their seed: a difference of "
            "single runs is one of these models, and may not be one of their settings."
        )
    unsure = [
        f"{arm.name} ({interval(across.low, across.high, analysis.measure, signed=True)})"
        for arm in real
        if (across := arm.seed_difference) and not (across.low > 0 or across.high < 0)
    ]
    if unsure:
        yield f"Other seeds might change that: across seeds, the difference may be 0 for {listed(unsure)}."


def _of_samples(analysis: Analysis) -> Iterator[str]:
    assert analysis.samples
    samples, measure = analysis.samples, analysis.measure
    if not samples.comparisons:
        levels = listed(list(samples.levels)) if samples.levels else "none"
        yield f"There are too few levels of {samples.factor} to be compared: {levels}."
    for one, other, alone, pairs in samples.comparisons:
        found = pairs or alone
        test = next(test for test in found.tests if test.test in ("paired t", "Welch's t"))
        bounds = interval(found.low, found.high, measure, signed=True)
        pairing = f" over {count(found.one.n, 'pair')} by {samples.paired_by}" if pairs else ""
        said = f"{difference(found.difference, measure)} {bounds}{pairing}"
        if math.isnan(test.p_value):
            verdict = f"which cannot be tested: {test.note}"
        elif test.p_value < 1 - CONFIDENCE:
            verdict = f"a real difference ({test.test}: {p_value(test.p_value)})"
        else:
            verdict = f"no real difference ({test.test}: {p_value(test.p_value)})"
        yield f"From {samples.factor} {one} to {other}, {measure_name(measure)} changes by {said}, {verdict}."
        if test.p_value >= 1 - CONFIDENCE and not math.isnan(found.detectable.difference):
            yield (
                f"With so many runs, a true difference of less than {value(found.detectable.difference, measure)} "
                f"could have been missed (power {percent(found.detectable.power)})."
            )
