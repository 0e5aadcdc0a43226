"""`auricle config`: what is shown can be trained, what is imported is told, what is wrong is one sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auricle import config
from auricle.presets import find_config, preset_names
from auricle.training import RunConfig

Command = Callable[..., Any]

EVERY = pytest.mark.parametrize("name", preset_names())


def test_presets_are_listed_with_what_they_are_for(auricle: Command) -> None:
    listed = auricle("config", "list").out.splitlines()
    assert [line for line in listed if not line.startswith(" ")] == preset_names()
    assert all(len(line) < 100 for line in listed)


@EVERY
@pytest.mark.parametrize("options", [[], ["--differences"]], ids=["whole", "differences"])
def test_what_is_shown_is_the_same_configuration(
    name: str, options: list[str], auricle: Command, tmp_path: Path
) -> None:
    shown = auricle("config", "show", name, "seed=7", *options)
    assert (shown.status, shown.err) == (0, "")
    path = tmp_path / "shown.yaml"
    path.write_text(shown.out, encoding="utf-8")
    assert config.read(RunConfig, path) == config.read(RunConfig, find_config(name), ["seed=7"])


def test_differences_are_only_those(auricle: Command) -> None:
    assert auricle("config", "show", "embedded", "--differences").out == "{}\n"
    shown = auricle("config", "show", "embedded", "training.patience=3", "seed=0", "--differences")
    assert shown.out == "training:\n  patience: 3\n"


def test_a_preset_is_trained_by_name(auricle: Command, noises: Path, pretrained: Path, tmp_path: Path) -> None:
    given = (f"data.collection={noises}", "training.max_epochs=1", "training.batch_size=4")
    trained = auricle("train", "embedded", *given, cwd=tmp_path, cache=pretrained)
    assert trained.status == 0, trained.err
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith("embedded-")


@pytest.mark.parametrize("command", [["train"], ["config", "show"]], ids=" ".join)
def test_a_name_that_does_not_exist(command: list[str], auricle: Command) -> None:
    refusal = auricle(*command, "clotho-tunned").refused(2)
    assert "no preset 'clotho-tunned', and no file of that name. Did you mean 'clotho-tuned'? Known: " in refusal
    assert all(name in refusal for name in preset_names())


def test_a_configuration_is_imported(auricle: Command, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(
        "param_conf: {num_epoch: 80, batch_size: 16}\nDualEncoderModel: {out_norm: L2}\nmine: 3\n", encoding="utf-8"
    )
    printed = auricle("config", "import", "old.yaml", cwd=tmp_path)
    assert printed.status == 0
    written = auricle("config", "import", "old.yaml", "--output", "new.yaml", cwd=tmp_path)
    assert (written.status, written.out, written.err) == (0, "new.yaml\n", printed.err)
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == printed.out
    assert printed.out == (
        "# From 'old.yaml', a configuration of the prior work, by `auricle config import`.\n"
        "training:\n  batch_size: 16\n  max_epochs: 80\n"
    )
    assert printed.err == (
        "kept: it is always so here\n"
        '    DualEncoderModel.out_norm = "L2"\n'
        "renamed\n"
        "    param_conf.num_epoch = 80  ->  training.max_epochs = 80\n"
        "    param_conf.batch_size = 16  ->  training.batch_size = 16\n"
        "dropped: no such key is known.\n"
        "    mine = 3\n"
        "1 kept, 2 renamed, 0 changed, 1 dropped\n"
    )


def test_an_import_overwrites_nothing(auricle: Command, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text("param_conf: {batch_size: 16}\n", encoding="utf-8")
    for _ in range(2):
        assert auricle("config", "import", "old.yaml", "--output", "new.yaml", cwd=tmp_path).status == 0
    refusal = auricle("config", "import", "old.yaml", "--output", "old.yaml", cwd=tmp_path).refused(2)
    assert refusal.startswith("old.yaml is there already and says something else.")
    assert (tmp_path / "old.yaml").read_text(encoding="utf-8") == "param_conf: {batch_size: 16}\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "old.yaml holds no key of the prior work"),
        ("- a\n", "old.yaml holds list; `section:` with indented settings is needed."),
        ("a: [", "old.yaml cannot be read as YAML: "),
        (
            "param_conf: {num_epoch: soon}\n",
            "old.yaml, in auricle's words, has 1 unusable setting(s): training.",
        ),
        (None, "There is no configuration file old.yaml."),
    ],
)
def test_what_cannot_be_imported(auricle: Command, tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "old.yaml").write_text(content, encoding="utf-8")
    refused = auricle("config", "import", "old.yaml", "--output", "new.yaml", cwd=tmp_path)
    assert refused.refused(2).startswith(sentence)
    assert not (tmp_path / "new.yaml").exists()
