"""What came out, said of made-up numbers: no more and no less than they hold."""

from dataclasses import replace

from auricle.evaluation import Difference, Interval, SamplesComparison, Summary, compare_samples
from auricle.experiments.report.analysis import Analysis, ArmAnalysis, Outcome, Samples
from auricle.experiments.report.document import Paragraph
from auricle.experiments.report.headline import headline

MEASURE = "text_to_audio/mAP@10"
STEADY = compare_samples([0.40, 0.41, 0.42], [0.50, 0.51, 0.52], paired=False)
SHAKY = compare_samples([0.40, 0.50, 0.60], [0.50, 0.60, 0.70], paired=False)


def outcome(change: float | None, p_value: float = 0.001) -> Outcome:
    across = Summary(3, 0.5, 0.01, 0.48, 0.52)
    bounds = Interval("mAP@10", 0.5, 0.45, 0.55, 0.95)
    if change is None:
        return Outcome(MEASURE, (0.5,) * 3, across, bounds)
    found = Difference("mAP@10", 0.5, 0.5 + change, change, change - 0.02, change + 0.02, 0.95, p_value)
    return Outcome(MEASURE, (0.5,) * 3, across, bounds, found, adjusted_p=p_value)


def analysis_of(
    *arms: tuple[str, float, float], seeds: tuple[int, ...] = (0, 1, 2), across: SamplesComparison | None = STEADY
) -> Analysis:
    told = [ArmAnalysis("base", seeds, {MEASURE: outcome(None)})]
    told += [ArmAnalysis(name, seeds, {MEASURE: outcome(change, p)}, across) for name, change, p in arms]
    return Analysis(MEASURE, "base", tuple(told), {"text_to_audio": (300, 60)})


def said(analysis: Analysis) -> list[str]:
    first, *others = headline(analysis)
    assert first.tone == "headline"
    return [first.text, *(paragraph.text for paragraph in others)]


def test_one_arm() -> None:
    first, spread = said(analysis_of())
    assert first == (
        "mAP@10 (text → audio) is 0.500 on 300 queries about 60 clips; other clips of the same kind might have shown "
        "[0.450, 0.550] (95 % interval)."
    )
    assert spread == "Single runs scatter around it with a standard deviation of 0.010 (3 seeds)."


def test_a_real_difference() -> None:
    first, meaning = said(analysis_of(("a", 0.1, 0.001)))
    assert (
        first
        == "By mAP@10 (text → audio), a (+0.100 [+0.080, +0.120], p 0.001) is really better than the baseline, base."
    )
    assert meaning == "“Really” means: sure on other clips, of these trained models."


def test_no_real_difference_and_what_could_have_been_missed() -> None:
    """An interval 0.04 wide has a standard error of 0.0102; 2.8016 of these are 0.0286."""
    first, second = said(analysis_of(("a", 0.01, 0.4)))
    assert first == (
        "By mAP@10 (text → audio), a (+0.010 [−0.010, +0.030], p 0.400) does not really differ from the baseline, base."
    )
    assert second.startswith(
        "A true difference of less than 0.029 could have been missed: only one of that size would be"
    )
    first, _ = said(analysis_of(("a", 0.01, 0.4), ("b", 0.0, 1.0), ("c", 0.0, 1.0)))
    assert first == "By mAP@10 (text → audio), none of 3 arms really differs from the baseline, base."


def test_all_kinds_together() -> None:
    arms = [("up", 0.1, 0.001), *((f"down {n}", -0.1 * n, 0.001) for n in (1, 3, 2)), ("even", 0.0, 1.0)]
    first, second = said(analysis_of(*arms))
    assert first == (
        "By mAP@10 (text → audio), up (+0.100 [+0.080, +0.120], p 0.001) is really better and 3 arms (most of all "
        "down 3: −0.300 [−0.320, −0.280], p 0.001) are really worse than the baseline, base."
    )
    assert second.startswith(
        "even (0.000 [−0.020, +0.020], p 1.000) shows no real difference. A true difference of less"
    )


def test_single_runs_are_told_from_settings() -> None:
    *_, caution = headline(analysis_of(("a", 0.1, 0.001), seeds=(0,), across=None))
    assert caution.tone == "caution"
    assert caution.text.startswith("Every arm has one run only. Two runs of the same settings differ as well")


def test_seeds_that_disagree_are_not_hidden() -> None:
    *_, caution = headline(analysis_of(("a", 0.1, 0.001), across=SHAKY))
    assert caution.tone == "caution"
    assert caution.text.startswith(
        "Other seeds might change that: across seeds, the difference may be 0 for a ([−0.127, +"
    )
    assert len(headline(analysis_of(("a", 0.1, 0.9), across=SHAKY))) == 2  # nothing was claimed


def of_samples(one: list[float], other: list[float], *, paired: bool = True) -> list[Paragraph]:
    alone = compare_samples(one, other, paired=False)
    pairs = compare_samples(one, other, paired=True) if paired else None
    samples = Samples(
        "choice", "part" if paired else "", {"1": tuple(one), "2": tuple(other)}, (), (("1", "2", alone, pairs),)
    )
    return headline(replace(analysis_of(), samples=samples))


def test_samples_in_pairs() -> None:
    """Differences 0.01, 0.02, 0.03: t is 2 / (1 / sqrt 3) = 3.4641, whose p with 2 degrees of freedom is 0.0742."""
    first, missed = of_samples([0.1, 0.2, 0.3], [0.11, 0.22, 0.33])
    assert first.text == (
        "From choice 1 to 2, mAP@10 (text → audio) changes by +0.020 [−0.005, +0.045] over 3 pairs by part, no real "
        "difference (paired t: p 0.074)."
    )
    assert missed.text.startswith("With so many runs, a true difference of less than 0.0")
    (first,) = of_samples([0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.41, 0.5])
    assert "a real difference (paired t: p < 0.001)" in first.text


def test_samples_that_cannot_be_tested() -> None:
    (first,) = of_samples([0.1], [0.2], paired=False)
    assert first.text.startswith(
        "From choice 1 to 2, mAP@10 (text → audio) changes by +0.100 –, which cannot be tested: "
    )


def test_a_single_sample() -> None:
    samples = Samples("choice", "", {"1": (0.1, 0.2)}, (), ())
    (first,) = headline(replace(analysis_of(), samples=samples))
    assert first.text == "There are too few levels of choice to be compared: 1."
