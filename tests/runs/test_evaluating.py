"""Evaluating a run: files and measures, checked against sums done here by hand."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import load
from auricle.evaluation import own_clip, read_submission, score_ranking

Command = Callable[..., Any]


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(run, tmp_path / "copy"))


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened))


def pairs_of(collection: Path, split: str) -> list[tuple[str, str]]:
    """Return file name and caption of every pair of a split."""
    rows = rows_of(collection / f"clotho_captions_{split}.csv")[1:]
    return [(name, caption) for name, *captions in rows for caption in captions]


def average_precision(relevant: list[bool], denominator: str) -> float:
    """Return AP at 10 of one ranking, written out: precision at each hit among the first ten."""
    hits = [sum(relevant[: place + 1]) / (place + 1) for place in range(min(10, len(relevant))) if relevant[place]]
    total = sum(relevant)
    return sum(hits) / (total if denominator == "all" else min(total, 10))


def measures_of(auricle: Command, pretrained: Path, run: Path, *arguments: object) -> dict[str, Any]:
    outcome = auricle("evaluate", run, *arguments, "--json", cache=pretrained)
    assert outcome.status == 0, outcome.err
    measures: dict[str, Any] = json.loads(outcome.out)
    return measures


def test_the_submission_is_dcases_and_scores_the_same(
    copy: Path, captioned: Path, auricle: Command, pretrained: Path
) -> None:
    measures = measures_of(auricle, pretrained, copy)
    assert measures["split"] == "evaluation"
    folder = copy / "evaluation" / "evaluation"
    assert {path.name for path in folder.iterdir()} == {
        "measures.json",
        "ranks-audio_to_text.csv",
        "ranks-text_to_audio.csv",
        "submission.csv",
    }
    header, *rows = rows_of(folder / "submission.csv")
    assert ",".join(header) == (
        "caption,fname_1,fname_2,fname_3,fname_4,fname_5,fname_6,fname_7,fname_8,fname_9,fname_10"
    )
    pairs = pairs_of(captioned, "evaluation")
    assert [row[0] for row in rows] == [caption for _, caption in pairs]
    names = [name for name, _ in pairs]
    assert all(row[6:] == [""] * 5 and set(row[1:6]) == set(names) for row in rows)
    by_hand = np.mean([1 / row.index(name) for row, name in zip(rows, names, strict=True)])
    assert measures["text_to_audio"]["mAP@10"] == pytest.approx(by_hand)

    captions, clips = [caption for _, caption in pairs], [f"evaluation/{name}" for name in dict.fromkeys(names)]
    ranking = read_submission(folder / "submission.csv", captions=captions, clips=clips)
    result = score_ranking(ranking, own_clip([f"evaluation/{name}" for name in names], clips), n_items=5)
    assert result.measures()["mAP@10"] == pytest.approx(by_hand)


def test_ranks_per_query_average_to_the_measures(copy: Path, auricle: Command, pretrained: Path) -> None:
    measures = measures_of(auricle, pretrained, copy, "--split", "validation")
    folder = copy / "evaluation" / "validation"
    for direction, queries in (("text_to_audio", 25), ("audio_to_text", 5)):
        header, *rows = rows_of(folder / f"ranks-{direction}.csv")
        assert header == ["query", "clip", "best_rank", "ap", "R@1", "R@5", "R@10"]
        assert len(rows) == queries
        ranks = np.array([int(row[2]) for row in rows])
        assert measures[direction]["R@1"] == pytest.approx(np.mean(ranks <= 1))
        assert measures[direction]["R@5"] == pytest.approx(np.mean(ranks <= 5))
        assert measures[direction]["MRR"] == pytest.approx(np.mean(1 / ranks))
        assert measures[direction]["median rank"] == np.median(ranks)
        assert measures[direction]["mAP@10"] == pytest.approx(np.mean([float(row[3]) for row in rows]))
    kept = json.loads((folder / "measures.json").read_text(encoding="utf-8"))
    assert {name: kept[name] for name in measures} == measures
    assert kept["checkpoint"] == "best"
    assert kept["items"] == {"text_to_audio": 5, "audio_to_text": 25}


def test_the_validation_of_training_is_the_evaluation_of_that_split(
    copy: Path, auricle: Command, pretrained: Path
) -> None:
    best = json.loads((copy / "finished.json").read_text(encoding="utf-8"))["best"]
    measures = measures_of(auricle, pretrained, copy, "--split", "validation")
    for direction in ("text_to_audio", "audio_to_text"):
        for name, value in measures[direction].items():
            assert best[f"validation/{direction}/{name}"] == pytest.approx(value)


def test_relevance_by_label(
    copy: Path,
    captioned: Path,
    auricle: Command,
    pretrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    pairs = pairs_of(captioned, "evaluation")
    names = list(dict.fromkeys(name for name, _ in pairs))
    label = {name: "ABAAB"[place] for place, name in enumerate(names)}
    table = tmp_path / "labels.csv"
    table.write_text("file_name,kind\n" + "".join(f"{n},{k}\n" for n, k in label.items()), encoding="utf-8")
    model = load(copy, device="cpu")
    texts = model.embed_text([caption for _, caption in pairs])
    sounds = model.embed_audio([captioned / "evaluation" / name for name in names])
    to_audio = [
        [label[names[place]] == label[own] for place in np.argsort(-row)]
        for row, (own, _) in zip(texts @ sounds.T, pairs, strict=True)
    ]
    to_text = [
        [label[pairs[place][0]] == label[own] for place in np.argsort(-row)]
        for row, own in zip(sounds @ texts.T, names, strict=True)
    ]
    assert {sum(relevant) for relevant in to_text} == {10, 15}  # where 15 are relevant, the denominators differ
    for denominator in ("all", "capped"):
        arguments = ("--labels", table, "--label-column", "kind", "--ap-denominator", denominator)
        measures = measures_of(auricle, pretrained, copy, *arguments)
        for direction, rankings in (("text_to_audio", to_audio), ("audio_to_text", to_text)):
            by_hand = np.mean([average_precision(relevant, denominator) for relevant in rankings])
            assert measures[direction]["mAP@10"] == pytest.approx(by_hand)


def test_the_classes_of_the_embedded_collection_are_labels(
    copy: Path, captioned: Path, auricle: Command, pretrained: Path
) -> None:
    arguments = ("--labels", captioned / "classes.csv", "--ap-denominator", "capped")
    measures = measures_of(auricle, pretrained, copy, *arguments)
    assert 0 < measures["text_to_audio"]["mAP@10"] <= 1
    scoring = json.loads((copy / "evaluation/evaluation/measures.json").read_text(encoding="utf-8"))["scoring"]
    assert scoring["labels"] == str(captioned / "classes.csv")
    assert scoring["ap_denominator"] == "capped"


def test_a_table_for_people(copy: Path, auricle: Command, pretrained: Path) -> None:
    outcome = auricle("evaluate", copy, cache=pretrained)
    assert outcome.out.startswith(f"{copy}, best checkpoint, split evaluation\n")
    assert [line.split()[0] for line in outcome.out.splitlines() if "->" in line] == ["text", "audio"]
    assert outcome.said[-1] == f"Ranks per query and submission: {copy / 'evaluation' / 'evaluation'}"


def test_a_folder_without_an_evaluation_split_is_evaluated_on_validation(
    copy: Path, captioned: Path, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    part = shutil.copytree(captioned, tmp_path / "part", ignore=shutil.ignore_patterns("*evaluation*", "*.parquet"))
    assert measures_of(auricle, pretrained, copy, "--collection", part)["split"] == "validation"
    assert (copy / "evaluation" / "validation-of-part" / "submission.csv").is_file()


def test_moving_run_and_collection_changes_nothing(
    copy: Path, captioned: Path, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    before = measures_of(auricle, pretrained, copy)
    sounds = shutil.copytree(captioned, tmp_path / "elsewhere" / "sounds")
    moved = copy.rename(tmp_path / "elsewhere" / "moved")
    assert measures_of(auricle, pretrained, moved, "--collection", sounds) == before
    old, new = moved / "evaluation" / "evaluation", moved / "evaluation" / "evaluation-of-sounds"
    for name in ("submission.csv", "ranks-text_to_audio.csv", "ranks-audio_to_text.csv"):
        assert (new / name).read_bytes() == (old / name).read_bytes()
    here = auricle("evaluate", moved, "--collection", ".", cwd=sounds, cache=pretrained)
    assert here.said[-1].endswith("evaluation-of-sounds")


def test_a_collection_that_has_moved_is_asked_for(
    noises: Path, train: Command, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    assert train(noises, tmp_path, "training.max_epochs=1").status == 0
    noises.rename(tmp_path / "moved")
    sentence = f"The run's collection {noises} is not there. Say where it is now with --collection PATH."
    assert auricle("evaluate", tmp_path / "run", cache=pretrained).refused(2) == sentence
    assert auricle("retrieve", tmp_path / "run", "a dog", cache=pretrained).refused(2) == sentence


def test_a_moved_collection_is_read_and_drawn_as_in_training(
    noises: Path, train: Command, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    table = noises / "captions.csv"
    rows = [row.split(",") for row in table.read_text(encoding="utf-8").splitlines()]
    text = "\n".join(f"{row[0]},{row[2].replace('machines', 'motor é')}" for row in rows)
    table.write_text(text, encoding="latin-1")  # no splits: they are drawn
    shares = ("data.validation_share=0.3", "data.evaluation_share=0.3", "data.split_seed=5", "data.encoding=latin-1")
    assert train(noises, tmp_path, "training.max_epochs=1", *shares).status == 0
    before = measures_of(auricle, pretrained, tmp_path / "run")
    noises.rename(tmp_path / "moved")
    assert measures_of(auricle, pretrained, tmp_path / "run", "--collection", tmp_path / "moved") == before


def test_sounds_without_captions_cannot_be_scored(copy: Path, noises: Path, auricle: Command, pretrained: Path) -> None:
    (noises / "captions.csv").unlink()
    outcome = auricle("evaluate", copy, "--collection", noises, cache=pretrained)
    assert outcome.status == 2
    assert "has no split 'validation'. It has: sounds." in outcome.said[-1]
    outcome = auricle("evaluate", copy, "--collection", noises, "--split", "sounds", cache=pretrained)
    assert outcome.status == 1
    assert outcome.said[-1].startswith("auricle: No captioned clip of the split 'sounds'")
