"""From an analysis to a document: which sections a report has, and what stands in them.

Nothing is computed here. What does not apply is left out: there is no dose-response curve without a dose, and nothing
about seeds where every arm has one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from auricle import __version__
from auricle.experiments.report import facts, figures, tables
from auricle.experiments.report.analysis import CONFIDENCE, POWER, Analysis
from auricle.experiments.report.curves import VALIDATION_LOSS, LearningCurve, learning_curves
from auricle.experiments.report.document import (
    Block,
    Bullets,
    Document,
    Example,
    Heading,
    Paragraph,
    Picture,
    Section,
    Sound,
)
from auricle.experiments.report.examples import Examples
from auricle.experiments.report.generators import Generator
from auricle.experiments.report.headline import headline
from auricle.experiments.report.wording import (
    difference,
    direction_name,
    interval,
    listed,
    measure_name,
    percent,
    span,
    value,
)
from auricle.experiments.story import Story
from auricle.pages import count
from auricle.pictures import as_pdf, as_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LISTED = 12


def compose(
    story: Story,
    analysis: Analysis,
    examples: Examples,
    *,
    sounds: Mapping[str, Sound],
    generators: Sequence[Generator],
) -> Document:
    """Put a report together.

    Args:
        story: What is told.
        analysis: Of the story.
        examples: Queries of the story.
        sounds: Of every clip of the examples.
        generators: What made the copies.
    """
    parts: list[tuple[str, str, Iterable[Block]]] = [
        ("asked", "What was asked and what was run", _asked(story, analysis)),
        ("samples", "Samples", _samples(analysis)),
        ("results", "Results", _results(analysis)),
        ("dose", "Dose and response", _dose(story, analysis)),
        ("seeds", "Across seeds", _seeds(analysis)),
        ("learning", "How the runs learned", _learning(story)),
        ("loss", "Loss and measure", _relations(analysis)),
        ("queries", "Queries to look at", _queries(story, examples, sounds)),
        ("data", "Data", _data(story)),
        ("licences", "Licences", [facts.licence_table(story, generators)]),
        ("settings", "Settings", _settings(story)),
        ("environment", "Environment", [facts.environment_table(story)]),
        ("runs", "Runs", _runs(story)),
        ("reading", "How to read the numbers", [_reading(analysis)]),
    ]
    lead: list[Block] = [*headline(analysis)]
    if story.missing:
        missing = f"{count(len(story.missing), 'run')} of this experiment {'is' if len(story.missing) == 1 else 'are'}"
        lead.append(Paragraph(f"{missing} missing; the section Runs says which and why.", "caution"))
    n_runs = sum(len(arm.results) for arm in story.arms)
    return Document(
        title=story.title,
        lead=tuple(lead),
        sections=tuple(Section(key, title, tuple(blocks)) for key, title, blocks in parts),
        colophon=f"Written by auricle {__version__} from {count(n_runs, 'run')}.",
    )


def _asked(story: Story, analysis: Analysis) -> Iterator[Block]:
    if story.about:
        yield Paragraph(story.about)
    results = [result for arm in story.arms for result in arm.results]
    several = len(story.arms) > 1
    names = "; ".join(arm.name for arm in story.arms) if len(story.arms) <= _MOST_LISTED else "listed in the results"
    queries = [
        f"{count(number, 'query', 'queries')} {direction_name(at)}" for at, (number, _) in analysis.queries.items()
    ]
    clips = max(n_clips for _, n_clips in analysis.queries.values())
    yield Bullets(
        (
            *([f"{count(len(story.arms), 'arm')}: {names}."] if several else []),
            f"{count(len(results), 'run')}, {_seeds_of(story)}.",
            f"Optimiser steps of a run: {span([result.summary['steps'] for result in results])}.",
            *([f"Baseline: {story.baseline}."] if several and not story.between else []),
            f"Scored on the split {story.split}: {listed(queries)}, about {count(clips, 'clip')}.",
            f"The measure that decides: {measure_name(story.measure)}.",
            *facts.scoring_sentences(story),
        )
    )


def _seeds_of(story: Story) -> str:
    seeds = {arm.seeds for arm in story.arms}
    if len(seeds) > 1:
        return f"{span([len(arm.seeds) for arm in story.arms])} in each arm"
    (of_each,) = seeds
    each = " in each arm" if len(story.arms) > 1 else ""
    return f"seed{'s' if len(of_each) > 1 else ''} {listed([str(seed) for seed in of_each])}{each}"


def _results(analysis: Analysis) -> Iterator[Block]:
    if analysis.compared:
        yield _picture("differences", figures.differences(analysis), _differences_alt(analysis))
    yield tables.deciding_table(analysis)
    for direction in analysis.queries:
        yield tables.direction_table(analysis, direction)
    if analysis.compared:
        yield Paragraph(
            "Every cell has the mean of the runs ± their standard deviation, the difference to the baseline, its "
            f"{percent(CONFIDENCE)} interval on other clips, and the p-value after Holm; “↑ better” and “↓ worse” mark "
            "real differences. All arms by the deciding measure are one family of comparisons, all arms by the other "
            "measures of both directions another."
        )


def _differences_alt(analysis: Analysis) -> str:
    said = []
    for arm in analysis.arms:
        found = arm.outcomes[analysis.measure].difference
        if found:
            bounds = interval(found.low, found.high, analysis.measure, signed=True)
            verdict = arm.outcomes[analysis.measure].verdict
            said.append(f"{arm.name} {difference(found.difference, analysis.measure)} {bounds}, {verdict}")
    return f"Difference to {analysis.baseline} in {measure_name(analysis.measure)}: {'; '.join(said)}."


def _samples(analysis: Analysis) -> Iterator[Block]:
    samples, measure = analysis.samples, analysis.measure
    if samples is None or not samples.levels:
        return
    means = [f"{samples.factor} {name} {value(sum(xs) / len(xs), measure)}" for name, xs in samples.levels.items()]
    alt = f"Box plot of {measure_name(measure)}, mean of each sample: {'; '.join(means)}."
    yield _picture("samples", figures.samples(samples, measure=measure), alt)
    yield tables.levels_table(samples, measure)
    yield from tables.tests_tables(samples, measure)
    if len(samples.comparisons) > 1:
        yield Paragraph("The p-values are not adjusted for the number of comparisons.", "caution")


def _dose(story: Story, analysis: Analysis) -> Iterator[Block]:
    if not story.dose:
        return
    if not analysis.dose:
        yield Paragraph(f"No two arms differ in {story.dose} alone, so there is no curve.")
        return
    curves = []
    for curve in analysis.dose:
        points = [
            f"{value(analysis.outcome(name).across.mean, analysis.measure)} at {dose:g}" for dose, name in curve.points
        ]
        curves.append(f"{curve.name}: {', '.join(points)}")
    alt = f"{measure_name(analysis.measure)} over {story.dose}. {'. '.join(curves)}."
    yield _picture("dose-response", figures.dose_response(analysis, dose=story.dose), alt)
    yield Paragraph(
        f"Above, each value with its {percent(CONFIDENCE)} interval on other clips, and the baseline as a band. Below, "
        "the difference to the baseline with its own interval, which is the one to look at, because both answered the "
        "same queries; a filled mark is a real difference."
    )


def _seeds(analysis: Analysis) -> Iterator[Block]:
    if any(len(arm.seeds) > 1 for arm in analysis.arms):
        yield tables.seeds_table(analysis)
        yield Paragraph(
            "Here the queries stay as they are, and the seeds might have been others. Few seeds tell little: the "
            f"smallest detectable difference is what Student's t-test would find in {percent(POWER)} of repetitions."
        )


def _learning(story: Story) -> Iterator[Block]:
    losses = learning_curves(story, VALIDATION_LOSS)
    measures = learning_curves(story, f"validation/{story.measure}")
    if not (losses or measures):
        yield Paragraph("The runs kept no history of their epochs.")
        return
    alt = (
        f"Validation loss and {measure_name(story.measure)} over optimiser steps; at the end, "
        f"{'; '.join(_ends(losses, measures))}."
    )
    yield _picture("learning-curves", figures.learning(losses, measures, measure=story.measure), alt)
    yield Paragraph("Thin lines are runs, thick ones their means.")


def _ends(losses: Sequence[LearningCurve], measures: Sequence[LearningCurve]) -> Iterator[str]:
    last = {curve.name: curve.mean[1][-1] for curve in measures if curve.mean[1]}
    for curve in losses:
        if curve.mean[1]:
            yield f"{curve.name}: loss {curve.mean[1][-1]:.3f}, measure {last.get(curve.name, float('nan')):.3f}"


def _relations(analysis: Analysis) -> Iterator[Block]:
    if not analysis.relations:
        return
    found = [
        f"{figures.quantity_name(relation.quantity)}: Pearson {difference(relation.association.pearson)}, Spearman "
        f"{difference(relation.association.spearman)}"
        for relation in analysis.relations
    ]
    alt = f"{measure_name(analysis.measure)} of every run against {'; '.join(found)}."
    yield _picture("loss-and-measure", figures.relations(analysis.relations, measure=analysis.measure), alt)
    yield tables.relations_table(analysis.relations, analysis.measure)
    yield Paragraph(
        "Runs of one arm are more alike than chance, which makes these p-values too small; a correlation may be one "
        "between arms alone."
    )


def _queries(story: Story, examples: Examples, sounds: Mapping[str, Sound]) -> Iterator[Block]:
    arms = [examples.baseline, examples.other] if examples.other else [examples.baseline]
    averaged = ", mean over seeds" if any(len(story.arm(name).seeds) > 1 for name in arms) else ""
    yield Paragraph(
        f"Ranks are those of the best relevant item in {listed(arms)}, 1 being first{averaged}. Changes are ratios of "
        "ranks; of a clip at most one query is shown in each group."
    )
    for title, answers in examples.groups:
        yield Heading(title)
        for answer in answers:
            ranks = [
                f"{_rank(rank)} in {name}" for name, rank in zip(arms, (answer.before, answer.after), strict=False)
            ]
            yield Example(answer.query, f"Rank {', '.join(ranks)}", sounds[answer.clip])


def _rank(rank: float) -> str:
    return f"{rank:,.1f}".removesuffix(".0")


def _data(story: Story) -> Iterator[Block]:
    yield facts.data_table(story)
    yield Paragraph("Captions are those of originals and copies; hours in all count the validation split as well.")


def _settings(story: Story) -> Iterator[Block]:
    yield from filter(None, (facts.settings_table(story), facts.shared_settings_table(story)))


def _runs(story: Story) -> Iterator[Block]:
    yield facts.runs_table(story)
    missing = facts.missing_table(story)
    if missing:
        yield missing


def _reading(analysis: Analysis) -> Bullets:
    items = [
        "A value is the mean of the runs of an arm, ± the standard deviation of single runs.",
        f"“On other clips” is a {percent(CONFIDENCE)} bootstrap interval: 10,000 times, clips are drawn again with "
        "replacement, each with all its queries; the runs stay as they are.",
    ]
    if analysis.compared:
        items += [
            "The p-value is that of a permutation test: how often a difference at least as large comes about when it "
            "is left to a coin per clip which of both arms answered it. It is adjusted for the number of comparisons "
            f"(Holm). A difference is called real if it is below {1 - CONFIDENCE:.2g}. Intervals are not adjusted.",
            f"The smallest detectable difference would be found real in {percent(POWER)} of repetitions with other "
            "clips, by normal theory from the interval.",
        ]
    if any(len(arm.seeds) > 1 for arm in analysis.arms) or analysis.samples:
        items.append("Across seeds, intervals are those of the t distribution, one value per run.")
    return Bullets(tuple(items))


def _picture(name: str, figure: "Figure", alt: str) -> Picture:
    return Picture(name, alt, as_svg(figure), as_pdf(figure))
