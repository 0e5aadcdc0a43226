"""Training as a person does it: what is in the run's folder, and what the same command does a second time."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from auricle.training.loop import Loop

Command = Callable[..., Any]

FILES = {
    ".lock",
    "best.safetensors",
    "collection.json",
    "config.yaml",
    "environment.json",
    "finished.json",
    "last.safetensors",
    "learning-curve.png",
    "metrics.csv",
    "metrics.jsonl",
    "set-aside.csv",
    "validation",
}


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, named alike."""
    return Path(shutil.copytree(run, tmp_path / "runs" / "run", ignore=shutil.ignore_patterns("evaluation")))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_folder_holds_these_files_and_no_others(copy: Path) -> None:
    assert {path.name for path in copy.iterdir()} == FILES
    assert {path.name for path in (copy / "validation").iterdir()} == {
        "ranks-audio_to_text.csv",
        "ranks-text_to_audio.csv",
    }
    assert (copy / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    assert (copy / "set-aside.csv").read_text(encoding="utf-8") == "what,reason\n"


def test_the_whole_configuration_is_kept(run: Path, captioned: Path) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    assert config["data"]["collection"] == str(captioned)
    assert config["training"]["max_epochs"] == 3
    assert config["training"]["temperature"] == 0.1  # a default
    assert config["models"]["audio"]["encoder"] == "yamnet"


def test_the_collection_is_described_without_its_evaluation_split(run: Path, captioned: Path) -> None:
    facts = read_json(run / "collection.json")
    assert facts["folder"] == str(captioned)
    assert facts["clips"] == {"development": 15, "validation": 5}
    assert facts["captions"] == {"development": 75, "validation": 25}


def test_the_environment_names_versions_seed_and_models_with_licences(
    train: Command, noises: Path, tmp_path: Path
) -> None:
    assert train(noises, tmp_path, "training.max_epochs=1", "models.text.encoder=minilm").status == 0
    environment = read_json(tmp_path / "run" / "environment.json")
    assert environment["seed"] == 0
    assert re.fullmatch(r"[0-9a-f]{8}", environment["id"])
    assert datetime.fromisoformat(environment["begun"]) <= datetime.now(UTC)
    assert environment["packages"]["torch"][0].isdigit()
    assert {side: about["name"] for side, about in environment["encoders"].items()} == {
        "audio": "yamnet",
        "text": "minilm",
    }
    for about in environment["encoders"].values():
        assert re.fullmatch(r"[0-9a-f]{64}", about["sha256"])
        assert about["licence"]
        assert about["source"]


def test_metrics_are_the_same_as_lines_as_a_table_and_in_the_summary(run: Path) -> None:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 4), (2, 8), (3, 12)]
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as opened:
        table = [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(opened)]
    assert table == rows
    summary = read_json(run / "finished.json")
    selected = [row[summary["selected_by"]] for row in rows]
    assert summary["best_epoch"] == 1 + selected.index(max(selected))
    assert summary["best"] == rows[summary["best_epoch"] - 1]
    assert (summary["epochs"], summary["steps"], summary["stopped"]) == (3, 12, "at max_epochs")


def test_the_ranks_of_the_best_epoch_average_to_its_measures(run: Path) -> None:
    best = read_json(run / "finished.json")["best"]
    for direction, n_queries in (("text_to_audio", 25), ("audio_to_text", 5)):
        with (run / "validation" / f"ranks-{direction}.csv").open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened))
        assert len(rows) == n_queries
        assert np.mean([float(row["ap"]) for row in rows]) == pytest.approx(best[f"validation/{direction}/mAP@10"])
        ranks = np.array([int(row["best_rank"]) for row in rows])
        assert np.mean(1 / ranks) == pytest.approx(best[f"validation/{direction}/MRR"])
        assert np.mean(ranks <= 5) == pytest.approx(best[f"validation/{direction}/R@5"])


def test_standard_output_is_the_folder_alone(train: Command, noises: Path, tmp_path: Path) -> None:
    outcome = train(noises, tmp_path, "training.max_epochs=1")
    assert outcome.out == f"{tmp_path / 'run'}\n"
    assert outcome.said[-1] == f"Next: auricle evaluate {tmp_path / 'run'}"


def test_the_same_command_trains_nothing_again(copy: Path, train: Command, captioned: Path) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.glob("*.*t*")}
    outcome = train(captioned, copy.parent)
    assert outcome.status == 0
    assert outcome.out == f"{copy}\n"
    assert f"{copy} is finished already; nothing is trained." in outcome.said
    assert before["best.safetensors"] == (
        (copy / "best.safetensors").read_bytes(),
        (copy / "best.safetensors").stat().st_mtime_ns,
    )
    assert {path.name for path in copy.iterdir()} == FILES


def test_another_configuration_under_the_same_name_is_refused(copy: Path, train: Command, captioned: Path) -> None:
    refusal = train(captioned, copy.parent, "training.learning_rate=0.01", "models.dim=100", "seed=7").refused(2)
    assert refusal == (
        f"{copy} was begun with another configuration (models.dim: 300 -> 100; seed: 0 -> 7; "
        "training.learning_rate: 0.001 -> 0.01). Give the new run another name with --name."
    )


@pytest.mark.parametrize("setting", ["features.folder={}/elsewhere", "features.threads=1", "tracking.to=[wandb]"])
def test_where_features_are_kept_and_who_reads_along_is_no_other_configuration(
    copy: Path, train: Command, captioned: Path, tmp_path: Path, setting: str
) -> None:
    outcome = train(captioned, copy.parent, setting.format(tmp_path))
    assert outcome.status == 0, outcome.err
    assert "nothing is trained" in outcome.err


def test_features_of_another_precision_are_another_run(copy: Path, train: Command, captioned: Path) -> None:
    refusal = train(captioned, copy.parent, "features.precision=float16").refused(2)
    assert "features.precision: float32 -> float16" in refusal


def test_a_run_does_not_go_on_with_other_encoders(copy: Path, train: Command, captioned: Path) -> None:
    (copy / "finished.json").unlink()
    (copy / "resume.pt").write_bytes(b"")
    environment = read_json(copy / "environment.json")
    environment["encoders"]["text"]["sha256"] = "0" * 64
    (copy / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    refused = train(captioned, copy.parent)
    assert refused.status == 1
    name = environment["encoders"]["text"]["name"]
    assert f"{copy} was begun with other weights of {name} (000000000000; here" in refused.said[-1]
    assert read_json(copy / "environment.json") == environment


def test_a_moved_collection_goes_on_with_its_run(copy: Path, train: Command, captioned: Path, tmp_path: Path) -> None:
    shutil.copytree(captioned, tmp_path / "moved")
    outcome = train(tmp_path / "moved", copy.parent)
    assert outcome.status == 0, outcome.err
    assert "nothing is trained" in outcome.err
    config = yaml.safe_load((copy / "config.yaml").read_text(encoding="utf-8"))
    assert config["data"]["collection"] == str(tmp_path / "moved")


def test_a_run_without_a_name_is_named_after_file_and_settings(
    auricle: Command, pretrained: Path, noises: Path, tmp_path: Path
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(f"data: {{collection: {noises}}}\ntraining: {{max_epochs: 1}}\n", encoding="utf-8")
    names = [
        Path(auricle("train", config, *settings, "--runs", tmp_path, cache=pretrained).out.strip()).name
        for settings in ([], ["features.threads=1"], ["tracking.project=other"], ["seed=1"])
    ]
    assert all(re.fullmatch(r"mine-[0-9a-f]{6}", name) for name in names)
    assert names[0] == names[1] == names[2] != names[3]


def test_mixed_precision(train: Command, noises: Path, tmp_path: Path) -> None:
    outcome = train(
        noises, tmp_path, "training.max_epochs=1", "trainer.precision=bf16-mixed", "trainer.accelerator=cpu"
    )
    assert outcome.status == 0, outcome.err


def test_another_seed_gives_another_model(run: Path, train: Command, captioned: Path, tmp_path: Path) -> None:
    assert train(captioned, tmp_path, "seed=1").status == 0
    assert (tmp_path / "run" / "best.safetensors").read_bytes() != (run / "best.safetensors").read_bytes()


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """Two generators' copies of the four `noises` of development, three each; and clips for other splits."""
    for seed, origin in enumerate(("audiogen", "ezaudio")):
        folder = tmp_path / "generated" / origin
        for split in ("development", "validation", "evaluation"):
            (folder / split).mkdir(parents=True)
            rows = ["fname,raw_text,origin,parent,licence"]
            for number, copy in np.ndindex(4, 3):
                name = f"noise-{number}_cap_{copy + 1}.wav"
                samples = np.random.default_rng([seed, number, copy, len(split)]).normal(0, 0.1, 4000)
                soundfile.write(folder / split / name, samples, 8000)
                rows.append(f"{name},A noise that {origin} made.,{origin},development/noise-{number}.wav,CC0")
            (folder / f"{split}_captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / "generated"


def mixing(generated: Path, **settings: object) -> list[str]:
    given = {"sources": f"[{generated / 'audiogen'}, {generated / 'ezaudio'}]", "copies": 2, **settings}
    return ["training.max_epochs=2", *(f"training.synthetic.{key}={value}" for key, value in given.items())]


def test_copies_are_mixed_into_development_alone(train: Command, noises: Path, generated: Path, tmp_path: Path) -> None:
    outcome = train(noises, tmp_path, *mixing(generated))
    assert outcome.status == 0, outcome.err
    facts = read_json(tmp_path / "run" / "collection.json")
    assert facts["clips"] == {"development": 12, "validation": 2}
    taken = {name: facts["mixing"]["sources"][name]["copies"] for name in ("audiogen", "ezaudio")}
    assert sum(taken.values()) == 8
    assert facts["mixing"] == {
        "originals": {"clips": 4, "hours": 0.001},
        "copies": {"clips": 8, "hours": 0.001},
        "sources": {name: {"copies": count, "licences": ["CC0"]} for name, count in taken.items()},
    }
    said = ", ".join(f"{name} ({count})" for name, count in taken.items())
    assert f"development: 4 originals (0.001 h), 8 copies (0.001 h) from {said}." in outcome.said
    assert read_json(tmp_path / "run" / "finished.json")["steps"] == 6


def test_a_mixed_run_goes_on_wherever_its_sources_lie(
    train: Command, noises: Path, generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(noises, tmp_path, *mixing(generated), name="whole")

    def interrupted(loop: Loop) -> None:
        save(loop)
        raise KeyboardInterrupt

    save = Loop.save
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "save", interrupted)
        assert train(noises, tmp_path, *mixing(generated), "training.save_every_s=0").status == 1
    moved = generated.rename(tmp_path / "moved")
    outcome = train(noises, tmp_path, *mixing(moved), "training.save_every_s=0")
    assert outcome.status == 0, outcome.err
    assert "going on at epoch 1, step 1" in outcome.err
    whole, resumed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "run"))
    assert resumed == whole


def test_another_mixture_is_another_run(train: Command, noises: Path, generated: Path, tmp_path: Path) -> None:
    assert train(noises, tmp_path, *mixing(generated)).status == 0
    refusal = train(noises, tmp_path, *mixing(generated, copies=3, seed=1)).refused(2)
    assert "(training.synthetic.copies: 2 -> 3; training.synthetic.seed: 0 -> 1)" in refusal
    refusal = train(noises, tmp_path, *mixing(generated, sources=generated / "audiogen")).refused(1)
    assert refusal.startswith(
        f"The collection or what is mixed into it has changed since {tmp_path / 'run'} was begun (14 clips with 14 "
    )
    other = np.random.default_rng(7).normal(0, 0.1, 4000)
    for path in generated.glob("*/development/*"):
        soundfile.write(path, other, 8000)
    refusal = train(noises, tmp_path, *mixing(generated)).refused(1)
    assert "what is mixed into it has changed since" in refusal


def test_scores_and_a_source_that_is_not_there(train: Command, noises: Path, generated: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.csv"
    rows = [f"noise-{number}_cap_{copy + 1}.wav,{copy}" for number, copy in np.ndindex(4, 3)]
    scores.write_text("\n".join(["file_name,score", *rows]) + "\n", encoding="utf-8")
    chosen = {"sources": generated / "audiogen", "scores": scores, "min_score": 1, "only": "true", "copies": 5}
    outcome = train(noises, tmp_path, *mixing(generated, **chosen))
    assert outcome.status == 0, outcome.err
    assert "development: 0 originals (0 h), 8 copies (0.001 h) from audiogen (8)." in outcome.said
    assert "4 of 4 originals have fewer copies than asked for; all of theirs are taken." in outcome.said
    refusal = train(noises, tmp_path, *mixing(tmp_path / "nowhere"), name="other").refused(1)
    assert f"The collection {tmp_path / 'nowhere' / 'audiogen'} is not there." in refusal
