"""Plans: what the shipped ones compare, against tables worked by hand, and what is said of a wrong one."""

from pathlib import Path
from typing import Any

import pytest

from auricle import config
from auricle.errors import ConfigError
from auricle.experiments import PLANS, Plan, default_name, read_plan
from auricle.experiments.arms import plan_arms, plan_runs, run_name
from auricle.training import RunConfig


def planned(**values: Any) -> Plan:
    return config.validate(
        Plan, {"sources": {"a": {"folders": "made/a"}, "b": None}, **values}, source="the plan of this test"
    )


def names(plan: Plan) -> list[str]:
    return [arm.name for arm in plan_arms(plan)]


@pytest.mark.parametrize(
    ("name", "arms", "runs"),
    [
        ("procedural-copies", ["original", "procedural 1x", "procedural 2x"], 9),
        (
            "synthetic-audio",
            ["original", *(f"{maker} {k}x" for maker in ("audiogen", "ezaudio") for k in (1, 2, 3, 4, 5))],
            33,
        ),
        (
            "low-data",
            [
                "original",
                *(f"original, {share} % of originals" for share in (25, 10, 5)),
                "audiogen 5x",
                *(f"audiogen 5x, {share} % of originals" for share in (25, 10, 5)),
            ],
            24,
        ),
        (
            "mixture-control",
            ["original", *(f"{maker} {k}x" for maker in ("mixture", "audiogen") for k in (1, 3, 5))],
            21,
        ),
        ("random-seeds", [f"audiogen 3x, part {p}, choice {c}" for p in range(1, 11) for c in (1, 2)], 20),
    ],
)
def test_the_shipped_plans(name: str, arms: list[str], runs: int) -> None:
    plan = read_plan(name)
    assert names(plan) == arms
    folders = {source: [Path("made") / source] for source in plan.sources}
    made = plan_runs(plan, RunConfig(), folders=folders)
    assert len(made) == runs == len({run.name for run in made})


def test_all_shipped_plans_are_tested_and_say_what_they_are_for() -> None:
    assert set(PLANS.names()) == {"procedural-copies", "synthetic-audio", "low-data", "mixture-control", "random-seeds"}
    for name, summary in PLANS.summaries().items():
        assert summary.endswith((".", "?")), name
        assert read_plan(name).title


def test_lists_multiply_out_and_equal_arms_are_one() -> None:
    plan = planned(arms=[{"generator": ["a", "b"], "copies": [0, 2], "fraction": [0.1, 1]}, {"copies": 0}])
    assert names(plan) == [
        "original, 10 % of originals",
        "original",
        "a 2x, 10 % of originals",
        "a 2x",
        "b 2x, 10 % of originals",
        "b 2x",
    ]


def test_the_configuration_of_a_run() -> None:
    plan = planned(
        seeds=[3, 4],
        filters={
            "near": {"scores": "scores.csv", "score_column": "dtw", "lower_is_better": True, "keep_fraction": 0.5}
        },
        arms=[
            {"copies": 0},
            {
                "generator": "a",
                "copies": 2,
                "filter": ["none", "near"],
                "fraction": 0.25,
                "settings": {"training": {"temperature": 0.2}},
            },
        ],
    )
    base = config.validate(RunConfig, {"training": {"temperature": 0.3, "max_epochs": 7}}, source="the base")
    runs = plan_runs(plan, base, folders={"a": [Path("made/a")]}, steps_per_epoch=11)
    assert [(run.arm, run.seed) for run in runs] == [
        (arm, seed)
        for seed in (3, 4)
        for arm in (
            "original",
            "a 2x, 25 % of originals, training.temperature=0.2",
            "a 2x, near, 25 % of originals, training.temperature=0.2",
        )
    ]
    original, copies, near = (run.config.training for run in runs[3:])
    assert [run.config.seed for run in runs] == [3, 3, 3, 4, 4, 4]
    assert {one.steps_per_epoch for one in (original, copies, near)} == {11}
    assert {one.max_epochs for one in (original, copies, near)} == {7}
    assert (original.temperature, copies.temperature) == (0.3, 0.2)
    assert not original.synthetic.in_use
    assert (copies.synthetic.copies, copies.synthetic.fraction, copies.synthetic.seed) == (2, 0.25, 4)
    assert copies.synthetic.sources == (Path("made/a"),)
    assert copies.synthetic.scores is None
    assert near.synthetic.scores == Path("scores.csv")
    assert near.synthetic.keep_fraction == 0.5


def test_a_choice_of_its_own_does_not_follow_the_seed() -> None:
    plan = planned(arms=[{"generator": "a", "copies": 1, "parts": 2, "part": [1, 2], "choice": [5, 6]}], seeds=[0, 1])
    runs = plan_runs(plan, RunConfig(), folders={"a": [Path("made/a")]})
    assert {(run.seed, run.config.training.synthetic.seed) for run in runs} == {(0, 5), (0, 6), (1, 5), (1, 6)}
    assert {run.config.training.synthetic.part for run in runs} == {1, 2}


def test_settings_of_runs_and_of_the_plan_on_the_command_line() -> None:
    plan = read_plan("procedural-copies", ["seeds=[7]", "training.max_epochs=3", "data.collection=~/Sounds"])
    assert plan.seeds == (7,)
    assert plan.settings == {"training": {"max_epochs": 3}, "data": {"collection": "~/Sounds"}}


def test_a_plan_written_whole_is_the_same_plan(tmp_path: Path) -> None:
    for name in PLANS.names():
        plan = read_plan(name)
        (tmp_path / "plan.yaml").write_text(config.dump(plan), encoding="utf-8")
        assert read_plan(str(tmp_path / "plan.yaml")) == plan


def test_names_of_folders() -> None:
    assert default_name("my/plan.yaml", read_plan("procedural-copies")).startswith("plan-")
    assert run_name("audiogen 2x, 10 % of originals", 0) == "audiogen-2x-10-of-originals-seed-0"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"arms": []}, "arms: "),
        ({"arms": [{"copies": 1}]}, "copies are asked for, but no generator; name one of the plan's sources"),
        ({"arms": [{"generator": "c", "copies": 1}]}, "no source is called 'c'; there are: a, b"),
        ({"arms": [{"generator": "a", "copies": 6}]}, "copies are 0 to 5"),
        ({"arms": [{"copis": 1}]}, "arms.0.copis: no such setting"),
        ({"arms": [{"copies": 0, "filter": "near"}]}, "no filter is called 'near'; there are: none"),
        ({"arms": [{"copies": 0}], "seeds": [1, 1]}, "each seed once; equal seeds make equal runs"),
        ({"arms": [{"copies": 0}], "seeds": []}, "seeds: "),
        ({"arms": [{"copies": 0}], "equal": "clips"}, "equal: input should be 'steps' or 'epochs'"),
        ({"arms": [{"copies": 0}], "baseline": "orignal"}, "'orignal' is no arm. Did you mean 'original'?"),
        ({"arms": [{"copies": 0}], "dose": "copes"}, "No arm has the factor 'copes'. Did you mean 'copies'?"),
        ({"arms": [{"name": "x", "copies": 0, "fraction": [0.1, 1]}]}, "The arms called 'x' are 2"),
        ({"arms": [{"name": "x"}, {"name": "x", "fraction": 0.1}]}, "The arms 'x' and 'x' have one name"),
        ({"arms": [{"name": "a, b"}, {"name": "a b", "fraction": 0.1}]}, "The arms 'a, b' and 'a b' have one name"),
    ],
)
def test_plans_that_make_no_sense(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        plan_arms(planned(**values))
    assert sentence in str(refusal.value)


def test_an_arm_whose_settings_do_not_fit_is_named() -> None:
    plan = planned(arms=[{"name": "hot", "settings": {"training": {"temprature": 1}}}])
    with pytest.raises(ConfigError, match=r"the arm 'hot' of the plan has 1 .* training.temprature: no such setting"):
        plan_runs(plan, RunConfig(), folders={})


def test_a_plan_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"no plan 'low-dat', and no file of that name. Did you mean 'low-data'\?"):
        read_plan("low-dat")
    with pytest.raises(ConfigError, match=r"There is no file my/plan\.yaml\."):
        read_plan("my/plan.yaml")
