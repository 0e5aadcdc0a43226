"""The files of a report: what is in them, that equal stories give equal bytes, and that nothing of a user's is lost."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle.errors import StorageError
from auricle.experiments import Arm, Story
from auricle.experiments.report import write_report
from auricle.experiments.report.analysis import analyse
from auricle.runs import RunResult
from tests.page import Page

Tell = Callable[..., Story]
Answer = Callable[..., RunResult]
Keep = Callable[[RunResult, Path], Path]

COPIES = {f"{copies} copies": (0.3 * copies, {"copies": copies}) for copies in (0, 1, 2)}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    return tell(COPIES, dose="copies", missing=(("2-copies-seed-2", "/nowhere/runs/2-copies-seed-2 is not finished."),))


@pytest.fixture(scope="module")
def written(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of `story`. Not to be changed."""
    return write_report(story, tmp_path_factory.mktemp("story") / "report").parent


def test_every_number_of_the_analysis_is_in_a_table(story: Story, written: Path) -> None:
    analysis = analyse(story)
    rows = rows_of(written / "tables" / "measures-text-to-audio.csv")
    assert len(rows) == 3 * 6
    for row in rows:
        outcome = analysis.arm(row["arm"]).outcomes[row["measure"]]
        assert (int(row["runs"]), float(row["mean"])) == (outcome.across.n, outcome.across.mean)
        assert float(row["low_across_clips"]) == outcome.interval.low
        if outcome.difference is None:
            assert (row["difference"], row["p_value"], row["verdict"]) == ("", "", "")
        else:
            assert float(row["difference"]) == outcome.difference.difference
            assert float(row["p_value_holm"]) == outcome.adjusted_p
            assert row["verdict"] == outcome.verdict
    assert [row["arm"] for row in rows_of(written / "tables" / "runs.csv")] == [
        arm.name for arm in story.arms for _ in arm.results
    ]


def test_page_and_markdown_say_the_same(story: Story, written: Path) -> None:
    page = Page((written / "report.html").read_text(encoding="utf-8"))
    markdown = re.sub(r"\\(.)", r"\1", (written / "report.md").read_text(encoding="utf-8"))
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert [" ".join(row) for row in page.rows] == [
        " ".join(row.strip("| ").replace("<br>", " ").split(" | ")) for row in rows
    ]
    outcome = analyse(story).outcome("2 copies")
    cell = next(row for row in page.rows if row[0] == "2 copies")
    assert f"{outcome.across.mean:.3f}" in cell[2]
    assert cell[-1] == "↑ better"
    for heading in ("Dose and response", "Across seeds", "How the runs learned", "Queries to look at", "Licences"):
        assert heading in page.text
        assert f"## {heading}" in markdown


def test_pictures_tell_what_is_to_be_seen_and_stand_beside_the_page(story: Story, written: Path) -> None:
    page = Page((written / "report.html").read_text(encoding="utf-8"))
    names = ["differences", "dose-response", "learning-curves", "loss-and-measure"]
    assert sorted(path.name for path in (written / "figures").iterdir()) == sorted(
        f"{name}{suffix}" for name in names for suffix in (".svg", ".pdf")
    )
    inside = [b64decode((image["src"] or "").partition("base64,")[2]) for image in page.all("img")]
    assert inside == [(written / "figures" / f"{name}.svg").read_bytes() for name in names]
    for name in names:
        assert (written / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    analysis = analyse(story)
    differences, dose, *_ = [image["alt"] or "" for image in page.all("img")]
    for name in ("1 copies", "2 copies"):
        outcome = analysis.outcome(name)
        assert outcome.difference
        assert f"{name} +{outcome.difference.difference:.3f} [" in differences
        assert f"{outcome.across.mean:.3f} at {name[0]}" in dose


def test_no_path_of_this_machine_is_told(written: Path) -> None:
    for name, content in contents(written).items():
        assert b"/nowhere" not in content, name
        assert str(written.parent).encode() not in content, name


def test_equal_stories_give_equal_bytes_and_what_does_not_apply_is_removed(
    story: Story, written: Path, tell: Tell, tmp_path: Path
) -> None:
    write_report(story, tmp_path / "one")
    first = contents(tmp_path / "one")
    assert first == contents(written)
    alone = tell({"only": (0.0, {})}, seeds=1)
    own = tmp_path / "one" / "figures" / "mine.svg"
    own.write_text("mine")
    write_report(alone, tmp_path / "one")
    write_report(alone, tmp_path / "new")
    now = contents(tmp_path / "one")
    assert now.pop("figures/mine.svg") == b"mine"
    assert now == contents(tmp_path / "new")
    assert "tables/missing.csv" in first
    assert "tables/missing.csv" not in now


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("arms", "seeds", "changes"),
    [
        ({"only": (0.0, {})}, 1, {}),
        ({"only": (0.0, {})}, 3, {}),
        ({"one": (0.0, {}), "other": (0.1, {})}, 1, {}),
        ({"one": (0.0, {}), "other": (0.1, {})}, 2, {"measure": "audio_to_text/median rank"}),
        ({"one": (0.0, {"filter": "a"}), "other": (0.1, {"filter": "b"})}, 1, {"dose": "filter"}),
        ({"one": (0.0, {"copies": 0})}, 2, {"dose": "copies"}),
        (
            {f"{p}{c}": (0.1 * p, {"p": p, "c": c}) for p in (1, 2, 3) for c in "ab"},
            1,
            {"between": "c", "paired_by": "p"},
        ),
        ({f"{p}{c}": (0.1 * p, {"p": p, "c": c}) for p in (1, 2) for c in "abc"}, 2, {"between": "c"}),
        ({"one": (0.0, {"c": 1})}, 1, {"between": "c", "paired_by": "p"}),
        ({"<&> % $": (0.0, {"c": "_{}"}), "ü|\\": (0.0, {"c": "^~"})}, 2, {"about": "\udcff <b>", "dose": "c"}),
        ({f"arm {n}": (0.1 * n, {"copies": n}) for n in range(14)}, 1, {"dose": "copies"}),
    ],
)
def test_every_kind_of_story_can_be_told(
    arms: dict[str, Any], seeds: int, changes: dict[str, Any], tell: Tell, tmp_path: Path
) -> None:
    told = tell({name: (gain, {}) for name, (gain, _) in arms.items()}, seeds=seeds)
    arms_with_factors = tuple(
        type(arm)(arm.name, factors, arm.results) for arm, (_, factors) in zip(told.arms, arms.values(), strict=True)
    )
    told = type(told)(**{**vars(told), "arms": arms_with_factors, **changes})
    page = Page(write_report(told, tmp_path).read_text(encoding="utf-8"))
    assert "nan" not in re.sub(r"[A-Za-z]nan|nan[A-Za-z]", "", page.text)
    for row in page.rows:
        assert all(row), row
    assert page.text.count("How to read the numbers") == 2


@pytest.mark.usefixtures("quick")
def test_one_clip_has_no_intervals(answer: Answer, tmp_path: Path) -> None:
    arms = (Arm("one", {"copies": 0}, (answer([1, 4]),)), Arm("other", {"copies": 1}, (answer([2, 2]),)))
    told = Story("T", "", "evaluation", arms, baseline="one", dose="copies")
    page = Page(write_report(told, tmp_path).read_text(encoding="utf-8"))
    assert "nan" not in page.text
    assert ["other", "1", "0.500", "–", "−0.125 –", "1.000", "–", "no real difference"] in page.rows


@pytest.mark.usefixtures("quick")
def test_a_run_without_history(answer: Answer, tmp_path: Path) -> None:
    result = answer([1, 2, 3, 4])
    result = type(result)(**{**vars(result), "history": ()})
    told = Story("T", "", "evaluation", (Arm("only", {}, (result,)),), baseline="only")
    assert "The runs kept no history of their epochs." in Page(write_report(told, tmp_path).read_text()).text


@pytest.mark.usefixtures("quick")
def test_a_folder_that_may_not_be_written(tell: Tell, tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(StorageError, match=r"a part of the path is a file|a file of this name is in the way"):
        write_report(tell({"only": (0.0, {})}, seeds=1), tmp_path / "report")


@pytest.mark.slow
def test_killed_at_any_moment_and_written_by_two_at_once(answer: Answer, keep: Keep, tmp_path: Path) -> None:
    """Whatever is there is whole: every file equals that of a report that was not interrupted."""
    runs = [
        keep(answer([1 + (place + seed) % 9 for place in range(24)], name=f"run-{seed}", seed=seed), tmp_path / "runs")
        for seed in range(2)
    ]

    def start(output: str) -> "subprocess.Popen[bytes]":
        code = "from auricle.cli import main; main()"
        command = [sys.executable, "-c", code, "report", *map(str, runs), "--output", str(tmp_path / output)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    whole = start("whole")
    assert whole.communicate()[1].count(b"Error") == 0
    assert whole.returncode == 0
    expected = contents(tmp_path / "whole")
    assert "report.html" in expected
    for n_files in (1, 4, 9, 15):
        process = start("killed")
        while process.poll() is None and len(list((tmp_path / "killed").rglob("*.*"))) < n_files:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        for name, content in contents(tmp_path / "killed").items():
            assert name.endswith(".tmp") or content == expected[name]
    both = [start("killed"), start("killed")]
    for process in both:
        assert (process.communicate()[1].count(b"Traceback"), process.returncode) == (0, 0)
    assert contents(tmp_path / "killed") == expected
