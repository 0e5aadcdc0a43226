"""Which queries are shown: the best and the worst answered, and those that changed most against the baseline.

Conventions: the rank of a query is that of its best relevant item, averaged over the seeds of an arm. Ranks are
compared by their ratio: from 10 to 1 is as much as from 100 to 10. Of a clip at most one query is shown in each group.
Those that are equal come in an order that follows from their text and nothing else, so that what is shown is a sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from auricle.evaluation import Ranks
from auricle.experiments.report.analysis import Analysis
from auricle.experiments.report.wording import split_measure
from auricle.experiments.story import Arm, Story
from auricle.storage import digest_bytes

SHOWN = 4
"""So many queries at most are shown in each group."""


@dataclass(frozen=True)
class Answer:
    """One query.

    Attributes:
        query: Its text, or the clip that asks.
        clip: What it describes or is.
        before: Rank of the best relevant item in the baseline, 1 = best.
        after: In the other arm; as `before` where there is none.
    """

    query: str
    clip: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """The logarithm of the ratio of both ranks; below 0 is better."""
        return float(np.log(self.after / self.before))


@dataclass(frozen=True)
class Examples:
    """Queries to be looked at.

    Attributes:
        baseline: Name of the arm.
        other: Of the best other arm; empty where there is none.
        groups: Title of each, and its queries.
    """

    baseline: str
    other: str
    groups: tuple[tuple[str, tuple[Answer, ...]], ...]


def choose_examples(story: Story, analysis: Analysis) -> Examples:
    """Choose queries of the direction of the deciding measure."""
    other = analysis.best_other
    baseline = story.arm(story.baseline)
    answers = _answers(baseline, story.arm(other) if other else baseline, split_measure(story.measure)[0])
    groups = [
        ("Answered best", _first(answers, lambda answer: answer.before * answer.after)),
        ("Answered worst", _first(answers, lambda answer: -answer.before * answer.after)),
    ]
    if other:
        rose = [answer for answer in answers if answer.change < 0]
        fell = [answer for answer in answers if answer.change > 0]
        groups.append((f"Rose most from {baseline.name} to {other}", _first(rose, lambda answer: answer.change)))
        groups.append((f"Fell most from {baseline.name} to {other}", _first(fell, lambda answer: -answer.change)))
    return Examples(baseline.name, other, tuple((title, chosen) for title, chosen in groups if chosen))


def _answers(baseline: Arm, other: Arm, direction: str) -> list[Answer]:
    before, after = _mean_ranks(baseline, direction), _mean_ranks(other, direction)
    ranks = baseline.results[0].ranks[direction]
    return [
        Answer(ranks.queries[place], ranks.clips[place], one, two)
        for place, one, two in zip(_order(ranks), before, after, strict=True)
    ]


def _mean_ranks(arm: Arm, direction: str) -> list[float]:
    """Return the mean rank of each query, by clip and text."""
    ranks = [result.ranks[direction] for result in arm.results]
    means: list[float] = np.mean([one.best_rank[_order(one)] for one in ranks], axis=0).tolist()
    return means


def _order(ranks: Ranks) -> list[int]:
    return sorted(range(len(ranks.queries)), key=lambda place: (ranks.clips[place], ranks.queries[place]))


def _first(answers: Sequence[Answer], key: Callable[[Answer], float]) -> tuple[Answer, ...]:
    chosen: dict[str, Answer] = {}
    for answer in sorted(
        answers, key=lambda answer: (key(answer), digest_bytes(f"{answer.clip}#{answer.query}".encode()))
    ):
        chosen.setdefault(answer.clip, answer)
    return tuple(chosen.values())[:SHOWN]
