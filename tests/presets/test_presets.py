"""Presets hold the published numbers and nothing that is said already; names and files are told apart."""

import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from auricle import config
from auricle.errors import ConfigError
from auricle.presets import PRESETS, find_config, preset_names
from auricle.training import RunConfig

ROOT = Path(__file__).parents[2]
WHAT_IT_IS = {"embedded": {"models.audio.encoder", "models.audio.frozen", "models.text.encoder", "models.text.frozen"}}
"""Settings that a preset repeats, although they are the defaults, because they are what it is."""

ISSUED = {
    # setting: (clotho-baseline, clotho-tuned), with as many digits as were published
    "models.dim": (300, 300),
    "models.audio.encoder": ("cnn14", "cnn14"),
    "models.audio.weights": ("panns-cnn14", "panns-cnn14"),
    "models.audio.front_end": (None, None),
    "models.audio.frozen": (False, False),
    "models.audio.trainable_from_block": (1, 4),
    "models.audio.fc_dropout": (0.5, 0.1117),
    "models.audio.conv_dropout": (0.2, 0.1335),
    "models.audio.fc_units": (None, None),
    "models.audio.hidden": (None, 1457),
    "models.text.encoder": ("mpnet", "mpnet"),
    "models.text.frozen": (True, True),
    "models.text.hidden": (None, 901),
    "training.temperature": (0.07, 0.08525),
    "training.learnable_temperature": (False, False),
    "training.learning_rate": (1e-3, 8.1467e-4),
    "training.batch_size": (32, 32),
    "training.max_epochs": (100, 100),
    "training.schedule": ("plateau", "plateau"),
    "training.plateau_factor": (0.1, 0.1),
    "training.plateau_patience": (5, 5),
    "training.plateau_threshold": (0.005, 0.005),
    "training.min_learning_rate": (1e-6, 1e-6),
    "training.patience": (10, 10),
    "training.min_improvement": (0.001, 0.001),
}


def setting(section: Any, key: str) -> Any:
    for name in key.split("."):
        section = getattr(section, name)
    return section


def leaves(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


EVERY = pytest.mark.parametrize("name", preset_names())


@EVERY
def test_a_preset_says_what_it_is_for_and_differs_from_the_defaults(name: str) -> None:
    path = find_config(name)
    assert len(PRESETS.summaries()[name]) > 20
    resolved = config.read(RunConfig, path)
    held = leaves(config.read_yaml(path))
    same = {key for key in held if setting(resolved, key) == setting(RunConfig(), key)}
    assert same == WHAT_IT_IS.get(name, set())


def test_embedded_is_the_default() -> None:
    assert config.read(RunConfig, find_config("embedded")) == RunConfig()


@pytest.mark.parametrize("key", ISSUED)
def test_clotho_presets_hold_the_published_numbers(key: str) -> None:
    for name, published in zip(("clotho-baseline", "clotho-tuned"), ISSUED[key], strict=True):
        value = setting(config.read(RunConfig, find_config(name)), key)
        if isinstance(published, float):
            assert value == pytest.approx(published, rel=5e-4)  # published with four digits or more
        else:
            assert value == published


def test_the_page_lists_every_preset() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)) == preset_names()


def test_presets_come_with_the_package(tmp_path: Path) -> None:
    names = [file.name for file in resources.files("auricle.presets").iterdir() if file.name.endswith(".yaml")]
    assert sorted(names) == [f"{name}.yaml" for name in preset_names()]
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="builds a wheel")
    (wheel,) = wheels.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    inside = zipfile.ZipFile(wheel).namelist()
    assert {f"auricle/presets/{name}" for name in names} <= set(inside)


def test_a_file_wins_over_a_preset_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("embedded").mkdir()
    assert find_config("embedded").suffix == ".yaml"
    Path("embedded").rmdir()
    Path("embedded").write_text("seed: 1\n", encoding="utf-8")
    assert find_config("embedded") == Path("embedded")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("clotho-tuend", r"no preset 'clotho-tuend', and no file of that name\. Did you mean 'clotho-tuned'\? Known: "),
        ("whisper", r"no preset 'whisper', and no file of that name\. Known: .*clotho-baseline, clotho-tuned, cnn14-"),
        ("configs/embedded.yaml", r"no file configs/embedded\.yaml\. Did you mean 'embedded'\?"),
        ("mine.yaml", r"There is no file mine\.yaml\.$"),
        ("", r"^\. is a folder, where a preset or a YAML file is needed\.$"),
    ],
)
def test_what_is_neither(name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=sentence):
        find_config(name)


def test_a_name_that_no_file_can_have_is_reported_by_the_reader() -> None:
    name = "x" * 5000
    with pytest.raises(ConfigError, match=r"cannot be read as YAML: .*too long"):
        config.read(RunConfig, find_config(name))
