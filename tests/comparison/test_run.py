"""Whole comparisons: what is computed once, what is noted, and what two clips that are one give."""

import csv
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.comparison import page
from auricle.comparison.result import Comparison
from auricle.comparison.run import MEASURES, compare
from auricle.comparison.settings import ComparisonConfig
from auricle.data import Collection
from auricle.errors import ConfigError
from auricle.features import FeaturesConfig

Opened = Callable[[Path], Collection]
Command = Callable[..., Any]
PAIR = ("dtw", "wcc", "prior_dtw", "prior_wcc")


def compared(
    originals: Path, sources: list[Path], opened: Opened, features: FeaturesConfig, **settings: Any
) -> Comparison:
    config = ComparisonConfig(**{"measures": PAIR, "workers": 1, **settings})
    return compare(opened(originals), {path.name: opened(path) for path in sources}, config, features=features)


def test_every_pair_has_a_row_and_every_gap_a_reason(
    captioned: Path, synthetic: list[Path], opened: Opened, features: FeaturesConfig
) -> None:
    found = compared(captioned, synthetic, opened, features, against_chance=True)
    assert len(found.pairs) == 30
    assert {pair.group: 0 for pair in found.pairs} == {("procedural", 1): 0, ("procedural", 2): 0}
    for pair in found.pairs:
        assert pair.parent.rpartition(".")[0] == pair.clip.rpartition("_cap_")[0]
        for name in PAIR:
            assert math.isnan(pair.values[name]) == bool(pair.notes.get(name))
        assert pair.facts["duration_s"] > 0
    assert found.chance["dtw"].auc > 0.5
    assert [len(found.chance[name].mismatched) for name in ("dtw", "wcc")] == [30, 30]


def test_several_processes_and_a_second_time_give_the_same(
    captioned: Path, synthetic: list[Path], opened: Opened, features: FeaturesConfig, tmp_path: Path
) -> None:
    one = compared(captioned, synthetic, opened, features)
    assert compared(captioned, synthetic, opened, FeaturesConfig(folder=tmp_path), workers=2) == one
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert compared(captioned, synthetic, opened, FeaturesConfig(folder=tmp_path), workers=2) == one
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_clip_beside_itself_and_hidden_in_a_longer_one(
    opened: Opened, features: FeaturesConfig, tmp_path: Path
) -> None:
    """Equal, hidden after 1.5 s, of another rate, silent, very short and a minute long."""
    rng = np.random.default_rng(0)
    rate = 44_100
    sound = (0.1 * rng.standard_normal(2 * rate) * np.linspace(0.1, 1, 2 * rate)).astype(np.float32)
    around = 0.1 * rng.standard_normal(3 * rate).astype(np.float32)
    lead = 75 * 882  # whole frames of 20 ms
    kinds = {
        "same": (sound, rate),
        "hidden": (np.concatenate([np.zeros(lead), sound, np.zeros(rate)]), rate),
        "other_rate": (0.1 * rng.standard_normal(2 * 16_000), 16_000),
        "silent": (np.zeros(2 * rate), rate),
        "short": (sound[:200], rate),
        "long": (np.tile(around, 20), rate),
    }
    for folder in ("originals/development", "made/development"):
        (tmp_path / folder).mkdir(parents=True)
    rows, made = ["fname,raw_text"], ["fname,raw_text,parent"]
    for name, (samples, its_rate) in kinds.items():
        soundfile.write(tmp_path / "originals/development" / f"{name}.wav", sound, rate, subtype="FLOAT")
        soundfile.write(tmp_path / "made/development" / f"{name}_cap_1.wav", samples, its_rate, subtype="FLOAT")
        rows.append(f"{name}.wav,A noise.")
        made.append(f"{name}_cap_1.wav,A noise.,development/{name}.wav")
    (tmp_path / "originals/development_captions.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "made/development_captions.csv").write_text("\n".join(made), encoding="utf-8")
    found = compared(tmp_path / "originals", [tmp_path / "made"], opened, features)
    by_name = {Path(pair.parent).stem: pair for pair in found.pairs}
    for measure in PAIR[2:]:  # the shorter slides inside the longer, as in the prior work, whichever it is
        assert not math.isnan(by_name["long"].values[measure])
        assert not math.isnan(by_name["short"].values[measure]) or "window" in by_name["short"].notes[measure]
    for measure in PAIR[:2]:
        assert by_name["same"].values[measure] == pytest.approx(0, abs=1e-6)
        assert by_name["hidden"].values[measure] < 0.01
        assert by_name["long"].values[measure] > by_name["same"].values[measure]
        assert by_name["other_rate"].values[measure] > 0
    assert math.isnan(by_name["silent"].values["wcc"])
    assert "constant" in by_name["silent"].notes["wcc"] or "silen" in by_name["silent"].notes["wcc"]
    for pair in found.pairs:
        for measure in PAIR:
            assert math.isnan(pair.values[measure]) == bool(pair.notes.get(measure)), (pair.parent, measure)


def test_distances_of_sets_have_intervals_and_can_be_extrapolated(
    captioned: Path, synthetic: list[Path], opened: Opened, features: FeaturesConfig, pretrained: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURICLE_CACHE", str(pretrained))
        plain, wider = (
            compared(captioned, synthetic, opened, features, measures=("embedding",), resamples=n, extrapolate=n > 0)
            for n in (0, 10)
        )
    for group in (("procedural", 1), ("procedural", 2)):
        assert plain.sets[group]["frechet"].interval is None
        low, high = wider.sets[group]["kernel"].interval or (1.0, 0.0)
        assert low <= wider.sets[group]["kernel"].value <= high
        assert wider.sets[group]["frechet"].value < plain.sets[group]["frechet"].value


def test_wrong_measures(captioned: Path, synthetic: list[Path], opened: Opened, features: FeaturesConfig) -> None:
    with pytest.raises(ConfigError, match=r"No measure named 'dtv'\. Did you mean 'dtw'\? Known: "):
        compared(captioned, synthetic, opened, features, measures=("dtv",))
    with pytest.raises(ConfigError, match="The measure text needs a model"):
        compared(captioned, synthetic, opened, features, measures=("text",))
    assert set(PAIR) < set(MEASURES)


def test_the_command_writes_a_table_that_training_takes(
    captioned: Path,
    synthetic: list[Path],
    run: Path,
    pretrained: Path,
    auricle: Command,
    train: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "SHOWN", 1)  # spectrograms take longer than all else
    command = ("compare", captioned, *synthetic, "--measures", "dtw,wcc,embedding,text", "--model", run)
    outcome = auricle(*command, "--against-chance", "--output", tmp_path / "out", cache=pretrained)
    assert outcome.status == 0, outcome.err
    header = "generator caption pairs dtw wcc embedding text frechet (set) kernel (set)"
    assert " ".join(outcome.out.splitlines()[0].split()) == header
    assert outcome.out.splitlines()[3].startswith("AUC against chance")
    out = tmp_path / "out"
    assert outcome.said[-2:] == [f"Scores: {out / 'scores.csv'}", f"Page:   {out / 'index.html'}"]
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 30
    assert list(rows[0])[:8] == ["clip", "source", "origin", "number", "parent", "caption", "dtw", "dtw_note"]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert [group["number"] for group in summary["groups"]] == [1, 2]
    assert 0 <= summary["auc"]["embedding"] <= 1
    assert summary["groups"][0]["sets"]["frechet"]["value"] > 0
    assert "fewer" in summary["groups"][0]["sets"]["frechet"]["note"]
    mixed = train(
        captioned,
        tmp_path / "runs",
        f"training.synthetic.sources=[{synthetic[0]}, {synthetic[1]}]",
        "training.synthetic.copies=2",
        f"training.synthetic.scores={tmp_path / 'out' / 'scores.csv'}",
        "training.synthetic.score_column=text",
        "training.synthetic.keep_fraction=0.5",
        "training.max_epochs=1",
    )
    assert mixed.status == 0, mixed.err
    facts = json.loads((tmp_path / "runs" / "run" / "collection.json").read_text(encoding="utf-8"))["mixing"]
    best = {path.name: sorted(float(row["text"]) for row in rows if row["source"] == path.name) for path in synthetic}
    assert {name: source["copies"] for name, source in facts["sources"].items()} == {
        name: round(len(scores) / 2) for name, scores in best.items()
    }


@pytest.fixture
def command(captioned: Path, synthetic: list[Path]) -> Callable[[Path], list[str]]:
    """Compare with two processes, in a process of its own; all that is written goes below a folder."""

    def build(where: Path) -> list[str]:
        code = "from auricle.cli import main; main()"
        settings = ("--measures", ",".join(PAIR), "--workers", 2, "--features", where / "features")
        asked = ("compare", captioned, *synthetic, "--output", where / "out", *settings)
        return [sys.executable, "-c", code, *map(str, asked)]

    return build


def once_there(stores: int, where: Path, process: subprocess.Popen[Any]) -> None:
    """Wait until a process has begun so many feature stores."""
    end = time.monotonic() + 60
    while len(list(where.glob("features/*/"))) < stores and time.monotonic() < end:
        assert process.poll() is None, f"ended with {process.returncode} before {stores} stores were there"
        time.sleep(0.002)


@pytest.mark.slow
def test_killed_five_times_it_goes_on_to_the_same_table(command: Callable[[Path], list[str]], tmp_path: Path) -> None:
    """Each kill comes at a random moment of one more store."""
    peace, killed = tmp_path / "peace", tmp_path / "killed"
    subprocess.run(command(peace), check=True, timeout=120, capture_output=True)
    moment = random.Random()
    for stores in range(1, 6):
        process = subprocess.Popen(command(killed), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        once_there(stores, killed, process)
        time.sleep(moment.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert not (killed / "out" / "scores.csv").exists()
    subprocess.run(command(killed), check=True, timeout=120, capture_output=True)
    for name in ("scores.csv", "summary.json", "set-aside.csv"):
        assert (killed / "out" / name).read_bytes() == (peace / "out" / name).read_bytes()


def test_ctrl_c_while_processes_compute_says_how_to_go_on(command: Callable[[Path], list[str]], tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path), stderr=subprocess.PIPE, text=True, start_new_session=True)
    once_there(3, tmp_path, process)
    time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all processes
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "auricle: Interrupted; what was done is kept. The same command goes on with it.\n" in said
    assert not (tmp_path / "out" / "scores.csv").exists()


def test_bad_folders(captioned: Path, synthetic: list[Path], auricle: Command, tmp_path: Path) -> None:
    twin = shutil.copytree(synthetic[0], tmp_path / "twin" / synthetic[0].name)
    refused = auricle("compare", captioned, synthetic[0], twin, "--output", tmp_path / "out")
    assert "a source is known by its name; rename one" in refused.refused(2)
    nowhere = auricle("compare", captioned, tmp_path / "nowhere", "--output", tmp_path / "out")
    assert "nowhere is not there" in nowhere.said[-1]
    stranger = auricle("compare", captioned, captioned, "--measures", "wcc", "--output", tmp_path / "out")
    assert "No synthetic clip has its original in" in stranger.said[-1]
