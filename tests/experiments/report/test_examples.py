"""Which queries are shown, against an order worked by hand."""

from collections.abc import Callable

import numpy as np

from auricle.evaluation import Ranks
from auricle.experiments import Arm, Story
from auricle.experiments.report.analysis import analyse
from auricle.experiments.report.examples import SHOWN, Examples, choose_examples
from auricle.runs import RunResult

Answer = Callable[..., RunResult]


def chosen(*arms: tuple[str, list[RunResult]], measure: str = "text_to_audio/mAP@10") -> Examples:
    told = tuple(Arm(name, {}, tuple(results)) for name, results in arms)
    story = Story("T", "", "evaluation", told, baseline=told[0].name, measure=measure)
    return choose_examples(story, analyse(story))


def clips(examples: Examples, group: int) -> list[str]:
    return [answer.clip for answer in examples.groups[group][1]]


def test_groups_worked_by_hand(answer: Answer) -> None:
    """Of each clip two captions; ranks 1 -> 2 and 10 -> 20 change as much as each other, 30 -> 3 and 2 -> 20 more."""
    before = [1, 2, 10, 9, 30, 5, 2, 6]
    after = [2, 2, 20, 9, 3, 5, 20, 3]
    examples = chosen(("base", [answer(before)]), ("other", [answer(after)]))
    assert (examples.baseline, examples.other) == ("base", "other")
    assert [title for title, _ in examples.groups] == [
        "Answered best",
        "Answered worst",
        "Rose most from base to other",
        "Fell most from base to other",
    ]
    assert clips(examples, 0) == [f"evaluation/{clip}.wav" for clip in (0, 3, 2, 1)]  # products 2, 18, 25, 81
    assert clips(examples, 1) == [f"evaluation/{clip}.wav" for clip in (1, 2, 3, 0)]  # products 200, 90, 40, 4
    assert [(one.query, one.before, one.after) for one in examples.groups[2][1]] == [
        ("caption 0 of clip 2", 30, 3),
        ("caption 1 of clip 3", 6, 3),
    ]
    first, *others = examples.groups[3][1]
    assert (first.query, first.change) == ("caption 0 of clip 3", np.log(10))
    assert {one.clip for one in others} == {"evaluation/0.wav", "evaluation/1.wav"}


def test_ranks_are_averaged_over_seeds_whatever_the_order_of_their_queries(answer: Answer) -> None:
    run, other = answer([1, 9, 4, 4]), answer([3, 5, 4, 8], seed=1)
    ranks = other.ranks["text_to_audio"]
    turned = Ranks(
        ranks.queries[::-1],
        ranks.clips[::-1],
        ranks.best_rank[::-1],
        ranks.average_precision[::-1],
        {k: values[::-1] for k, values in ranks.recall_at.items()},
    )
    other = type(other)(**{**vars(other), "ranks": {**other.ranks, "text_to_audio": turned}})
    examples = chosen(("only", [run, other]))
    assert examples.other == ""
    assert [title for title, _ in examples.groups] == ["Answered best", "Answered worst"]
    assert [(one.query, one.before, one.after) for one in examples.groups[0][1]] == [
        ("caption 0 of clip 0", 2, 2),
        ("caption 0 of clip 1", 4, 4),
    ]


def test_what_does_not_change_is_in_no_group_of_changes(answer: Answer) -> None:
    examples = chosen(("base", [answer([1, 2, 3, 4])]), ("same", [answer([1, 2, 3, 4])]))
    assert [title for title, _ in examples.groups] == ["Answered best", "Answered worst"]


def test_a_few_of_many_that_are_equal_and_each_clip_once(answer: Answer) -> None:
    examples = chosen(("base", [answer([1] * 100)]), ("other", [answer([1] * 50 + [2] * 50)]))
    for _, answers in examples.groups:
        assert len({one.clip for one in answers}) == len(answers) <= SHOWN
    best = clips(examples, 0)
    assert best != sorted(best)  # no alphabetical order, which would show one corner of the collection
    assert best == clips(chosen(("base", [answer([1] * 100)]), ("other", [answer([1] * 50 + [2] * 50)])), 0)


def test_clips_ask_where_the_other_direction_decides(answer: Answer) -> None:
    examples = chosen(("only", [answer([1, 2, 3, 4])]), measure="audio_to_text/R@1")
    assert {one.clip for _, answers in examples.groups for one in answers} == {"evaluation/0.wav", "evaluation/1.wav"}
    assert examples.groups[0][1][0].query == "caption 0 of clip 0"
