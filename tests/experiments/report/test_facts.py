"""What the runs were made of and with, against what their files say."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from auricle.experiments import Arm, Story
from auricle.experiments.report import facts
from auricle.experiments.report.generators import Generator, read_generators
from auricle.runs import RunResult

Tell = Callable[..., Story]
Answer = Callable[..., RunResult]


def one_arm(*results: RunResult, **changes: Any) -> Story:
    given = {"title": "T", "about": "", "split": "evaluation", "arms": (Arm("only", {}, results),), "baseline": "only"}
    return Story(**{**given, **changes})


def test_clips_per_arm(tell: Tell) -> None:
    story = tell({"original": (0.0, {"copies": 0}), "twice": (0.0, {"copies": 2})}, seeds=1)
    table = facts.data_table(story)
    assert table.header == (
        *("arm", "originals", "copies", "hours of copies", "captions", "validation clips", "hours in all"),
    )
    assert table.rows == (
        ("original", "8", "0", "0", "16", "4", "0.015"),
        ("twice", "8", "16", "0.02", "32", "4", "0.035"),
    )


def test_seeds_that_took_different_clips(answer: Answer) -> None:
    few, many = answer([1, 2]), answer([1, 2], seed=1, copies=1)
    assert facts.data_table(one_arm(few, many)).rows == (
        ("only", "8", "0 to 8", "0 to 0.01", "16 to 24", "4", "0.015 to 0.025"),
    )


def test_licences_of_sounds_are_not_those_of_their_copies(answer: Answer) -> None:
    original, mixed = answer([1, 2]), answer([1, 2], seed=1, copies=1)
    mixed = replace(mixed, collection={**mixed.collection, "licences": ["CC-BY-4.0", "CC0-1.0"]})
    made = (Generator("made", ("CC-BY-4.0",), "audiogen-medium", "c0ffee", "CC-BY-NC-4.0"),)
    assert facts.licence_table(one_arm(original, mixed), made).rows == (
        ("sounds of sounds", "CC0-1.0", "–"),
        ("audio encoder yamnet", "Apache-2.0", "Google"),
        ("text encoder minilm", "unknown", "minilm"),
        ("copies of made", "CC-BY-NC-4.0", "audiogen-medium c0ffee"),
    )
    first, *_ = facts.licence_table(one_arm(mixed), (Generator("made", ()),)).rows
    assert first == ("sounds of sounds and copies", "CC-BY-4.0, CC0-1.0", "–")


def test_generators_by_what_their_folders_say(answer: Answer, tmp_path: Path) -> None:
    made, gone = tmp_path / "made", tmp_path / "gone"
    made.mkdir()
    about = {"model": str(tmp_path / "weights" / "audiogen"), "revision": "1", "licence": "CC-BY-NC-4.0"}
    (made / "parameters.json").write_text(json.dumps({"parameters": {"about": about}}))
    result = answer([1, 2], copies=1, settings={"training": {"synthetic": {"sources": [made, gone], "copies": 1}}})
    mixing = {name: {"copies": 8, "licences": ["CC0-1.0"]} for name in ("made", "gone", "renamed")}
    result = replace(result, collection={**result.collection, "mixing": {"sources": mixing}})
    known = Generator("made", ("CC0-1.0",), "audiogen", "1", "CC-BY-NC-4.0")
    assert read_generators(one_arm(result)) == (
        Generator("gone", ("CC0-1.0",)),
        known,
        Generator("renamed", ("CC0-1.0",)),
    )
    for damaged in ("{", "[]", "{}", '{"parameters": null}'):
        (made / "parameters.json").write_text(damaged)
        assert read_generators(one_arm(result))[1] == Generator("made", ("CC0-1.0",))


def test_settings_of_arms_and_of_all(answer: Answer) -> None:
    arms = tuple(
        Arm(f"{size}", {}, (answer([1, 2], settings={"training": {"batch_size": size}, "models": {"dim": 256}}),))
        for size in (16, 64)
    )
    story = Story("T", "", "evaluation", arms, baseline="16")
    table = facts.settings_table(story)
    assert table
    assert (table.header, table.rows) == (("arm", "batch_size"), (("16", "16"), ("64", "64")))
    shared = facts.shared_settings_table(story)
    assert shared
    assert shared.rows == (("data.collection", "sounds", "none"), ("models.dim", "256", "300"))
    assert facts.settings_table(one_arm(answer([1, 2]))) is None
    assert facts.shared_settings_table(one_arm(answer([1, 2], settings={"data": {}}))) is None


def test_the_environment_says_who_had_what(answer: Answer) -> None:
    one, two, three = (answer([1, 2], seed=seed) for seed in range(3))
    changes = {"python": "3.12.1", "device": "cuda", "git": {"commit": "abc", "changed": True}, "file": "/home/me/x.py"}
    two = replace(two, environment={**two.environment, **changes, "begun": "2024-01-01", "id": "a1"})
    rows = facts.environment_table(one_arm(one, two, three)).rows
    assert rows == (
        ("auricle", "0.1.0"),
        ("python", "3.11.7 (2 of 3 runs); 3.12.1 (1 of 3 runs)"),
        ("device", "cpu (2 of 3 runs); cuda (1 of 3 runs)"),
        ("torch", "2.13.0"),
        ("git commit", "abc (1 of 3 runs)"),
        ("git changed", "yes (1 of 3 runs)"),
        ("file", "x.py (1 of 3 runs)"),
    )
    many = [replace(one, environment={"host": f"node-{number}"}) for number in range(6)]
    ((_, hosts),) = facts.environment_table(one_arm(*many)).rows
    assert hosts.endswith("node-3 (1 of 6 runs); 2 others")


def test_runs_are_named_relative_to_what_holds_them_all(answer: Answer) -> None:
    one = answer([1, 2], folder=Path("/home/me/runs/a"), name="x")
    other = answer([4, 4], seed=7, folder=Path("/home/me/runs"), name="x")
    table = facts.runs_table(one_arm(one, other))
    assert table.rows == (
        ("a/x", "0", "2", "20", "2", "61", "0.750", "only"),
        ("x", "7", "2", "20", "2", "61", "0.250", "only"),
    )
    assert table.data[1] == ("a/x", 0, 2, 20, 2, 61.4, 0.75, "only")


def test_reasons_name_no_place_of_this_machine(answer: Answer) -> None:
    story = one_arm(answer([1, 2], folder=Path("/home/me/runs")), missing=(("b", "/home/me/runs/b is not finished."),))
    table = facts.missing_table(story)
    assert table
    assert table.rows == (("b", "b is not finished."),)
    assert facts.missing_table(one_arm(answer([1, 2]))) is None


def test_definitions_are_those_of_the_scoring(answer: Answer) -> None:
    said = facts.scoring_sentences(one_arm(answer([1, 2])))
    assert said[0] == "mAP@10 divides by the number of relevant clips, as DCASE does."
    assert "A caption's own clip is relevant to it." in said
    other = {"ap_denominator": "capped", "recall": "share", "labels": "/home/me/labels.csv", "relevance": None}
    said = facts.scoring_sentences(one_arm(replace(answer([1, 2]), scoring=other)))
    assert said[:2] == [
        "mAP@10 divides by the number of relevant clips, at most 10.",
        "R@k counts how many of the relevant clips are among the first k.",
    ]
    assert said[2] == "Every clip with the label of a caption's own clip is relevant to it (labels.csv)."
    by_file = {**other, "labels": None, "relevance": "/home/me/pairs.csv"}
    said = facts.scoring_sentences(one_arm(replace(answer([1, 2]), scoring=by_file)))
    assert said[2] == "What is relevant to a caption stands in pairs.csv."
