"""Any runs as a story: what is an arm, what it is called, and which runs cannot be compared."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import ConfigError, DataError, StorageError
from auricle.experiments.settings_of_runs import differing
from auricle.experiments.story_of_runs import story_of_runs
from auricle.runs import RunResult

Answer = Callable[..., RunResult]
Keep = Callable[[RunResult, Path], Path]
Made = Callable[..., Path]


@pytest.fixture
def made(answer: Answer, keep: Keep, tmp_path: Path) -> Made:
    """Write a run: ``made("name", seed=1, copies=2)``."""
    return lambda name, ranks=(1, 2, 3, 4), **options: keep(answer(list(ranks), name=name, **options), tmp_path)


def test_what_is_written_is_read_again(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    result = answer([1, 9, 12, 4], name="only", copies=1)
    story = story_of_runs([keep(result, tmp_path)])
    (arm,) = story.arms
    (read,) = arm.results
    assert (story.title, story.split, story.baseline, story.dose) == ("Report on only", "evaluation", "only", "")
    assert (arm.name, arm.factors, arm.seeds) == ("only", {}, (0,))
    assert read.config == result.config
    assert read.history == result.history
    assert read.measures() == result.measures()
    for direction, ranks in result.ranks.items():
        assert read.ranks[direction].queries == ranks.queries
        np.testing.assert_array_equal(read.ranks[direction].best_rank, ranks.best_rank)


def test_runs_that_differ_in_their_seed_are_an_arm(made: Made) -> None:
    paths = [made(f"sounds-seed-{seed}", seed=seed) for seed in (3, 1)]
    paths += [made(f"copies-{seed}", seed=seed, copies=2) for seed in (1, 3)]
    story = story_of_runs(paths)
    assert [(arm.name, arm.factors, arm.seeds) for arm in story.arms] == [
        ("copies 0", {"copies": 0}, (3, 1)),
        ("copies 2", {"copies": 2}, (1, 3)),
    ]
    assert (story.title, story.baseline, story.dose) == ("Report on 4 runs", "copies 0", "copies")
    assert story_of_runs(paths[::-1]).baseline == "copies 2"  # the first run's
    assert [arm.name for arm in story_of_runs(paths[:2]).arms] == ["sounds"]


def test_epochs_that_follow_from_copies_tell_nothing(made: Made) -> None:
    def run(name: str, copies: int, epochs: int) -> Path:
        synthetic = {"sources": ["/x/made"], "copies": copies}
        return made(name, settings={"training": {"max_epochs": epochs, "synthetic": synthetic}})

    story = story_of_runs([run("a", 0, 60), run("b", 1, 30)])
    assert [dict(arm.factors) for arm in story.arms] == [{"copies": 0}, {"copies": 1}]
    story = story_of_runs([run("a", 0, 60), run("b", 1, 30), run("c", 1, 60)])
    assert [arm.name for arm in story.arms] == [
        "max_epochs 60, copies 0",
        "max_epochs 30, copies 1",
        "max_epochs 60, copies 1",
    ]


def test_arms_with_many_differences_are_called_as_their_runs(made: Made) -> None:
    many = {"training": {"batch_size": 64, "learning_rate": 0.01}, "models": {"dim": 128}}
    paths = [made("small_seed=0"), made("small_seed=1", seed=1), made("large", settings=many)]
    assert [arm.name for arm in story_of_runs(paths).arms] == ["small", "large"]
    other = made("x", settings={"training": {"batch_size": 64}, "models": {"dim": 128}})
    assert [arm.name for arm in story_of_runs([paths[0], other]).arms] == [
        "dim 300, batch_size 32",
        "dim 128, batch_size 64",
    ]


def test_runs_of_one_name_in_two_folders(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    many = {"training": {"batch_size": 64, "learning_rate": 0.01}, "models": {"dim": 128}}
    paths = [
        keep(answer([1, 2], name="run"), tmp_path / "a"),
        keep(answer([1, 2], name="run", settings=many), tmp_path / "b"),
    ]
    assert [arm.name for arm in story_of_runs(paths).arms] == ["run (1)", "run (2)"]


def test_a_name_that_utf8_cannot_hold(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    story = story_of_runs([keep(answer([1, 2], name="run-\udcff"), tmp_path)])  # as Python names a folder run-\xff
    assert (story.title, story.arms[0].name) == ("Report on run-?", "run-?")


def test_where_the_choice_of_copies_follows_the_seed_it_is_no_difference(answer: Answer) -> None:
    def config(seed: int, choice: int) -> RunResult:
        synthetic = {"sources": ["/x/made"], "copies": 1, "seed": choice}
        return answer([1, 2], settings={"seed": seed, "training": {"synthetic": synthetic}})

    assert differing([config(seed, seed).config for seed in (0, 1)]) == [{}, {}]
    assert differing([config(seed, choice).config for seed, choice in ((0, 0), (1, 0))]) == [{}, {}]
    name = "training.synthetic.seed"
    assert differing([config(seed, choice).config for seed, choice in ((0, 0), (0, 1))]) == [{name: 0}, {name: 1}]


def test_data_that_changed_between_runs_makes_another_arm(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    one, other = answer([1, 2], name="one"), answer([1, 2], name="other", seed=1)
    other = type(other)(**{**vars(other), "collection": {**other.collection, "fingerprint": "abad1dea"}})
    story = story_of_runs([keep(one, tmp_path), keep(other, tmp_path)])
    assert [arm.name for arm in story.arms] == ["data c0ffee", "data abad1dea"]


def test_the_split_that_all_were_scored_on(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    both, one = answer([1, 2], name="both"), answer([1, 2], name="one", seed=1, split="validation")
    paths = [keep(both, tmp_path), keep(one, tmp_path)]
    keep(answer([1, 2], name="both", split="validation"), tmp_path)
    assert story_of_runs(paths).split == "validation"
    assert story_of_runs(paths[:1]).split == "evaluation"
    assert story_of_runs(paths[:1], split="validation").split == "validation"
    with pytest.raises(DataError, match=r"one was not evaluated on 'evaluation'. `auricle evaluate .*one --split eval"):
        story_of_runs(paths, split="evaluation")


def test_a_run_that_was_not_evaluated_says_how_to(made: Made) -> None:
    path, other = made("run"), made("other", seed=1)
    shutil.rmtree(path / "evaluation")
    with pytest.raises(DataError, match=rf"`auricle evaluate {re.escape(str(path))} --split evaluation` does it"):
        story_of_runs([other, path])
    with pytest.raises(DataError, match="was not evaluated on 'evaluation'"):
        story_of_runs([path])


def test_a_run_that_is_not_finished(made: Made) -> None:
    path = made("run")
    (path / "finished.json").unlink()
    with pytest.raises(DataError, match=f"{re.escape(str(path))} is not finished"):
        story_of_runs([path])


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is no run: it has no config\.yaml"):
        story_of_runs([tmp_path])
    with pytest.raises(ConfigError, match="No run is named"):
        story_of_runs([])


def test_one_run_twice(made: Made) -> None:
    path = made("run")
    with pytest.raises(ConfigError, match=r"have the same settings and the same seed: they are one run\. Leave one"):
        story_of_runs([path, made("again")])


def test_other_queries_are_named(made: Made) -> None:
    one, other = made("one"), made("other", ranks=(1, 2, 3, 4, 5, 6), seed=1)
    with pytest.raises(DataError, match="did not answer the same queries on 'evaluation': 'caption 0 of clip 2' of"):
        story_of_runs([one, other])


def test_other_definitions_are_named(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    one, other = answer([1, 2], name="one"), answer([1, 2], name="other", seed=1)
    other = type(other)(**{**vars(other), "scoring": {**other.scoring, "recall": "share"}})
    with pytest.raises(DataError, match=r"were scored in different ways.*'share'.*`auricle evaluate` scores one of"):
        story_of_runs([keep(one, tmp_path), keep(other, tmp_path)])


def test_a_damaged_file_is_named(made: Made) -> None:
    path = made("run")
    (path / "finished.json").write_text("{")
    with pytest.raises(StorageError, match=r"finished\.json is damaged"):
        story_of_runs([path])
