"""What the documents show is so: commands run, settings and files are complete, links lead somewhere."""

import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer

from auricle.cli import app
from auricle.config import describe
from auricle.config import read as read_config
from auricle.presets import find_config
from auricle.training import RunConfig

Command = Callable[..., Any]

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands_of(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, (*path, name))
        else:
            yield " ".join((*path, name))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert "://" in target or (document.parent / target).exists(), target


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `auricle ((?:[a-z-]+ ?)+?)(?: [A-Z\[].*)?` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(commands_of(typer.main.get_command(app)))


def test_every_setting_has_a_meaning_and_stands_in_the_page(auricle: Command) -> None:
    settings = describe(RunConfig)
    assert not [setting.key for setting in settings if not setting.meaning]
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert blocks(page, "")[-1] == auricle("settings").out
    assert re.findall(r"^(\S+) = ", auricle("settings", "models.text").out, re.MULTILINE) == [
        setting.key for setting in settings if setting.key.startswith("models.text.")
    ]
    assert auricle("settings", "modelz").refused(2) == "There is no setting 'modelz'. Did you mean 'models'?"


def test_the_layout_names_every_file_of_a_run(
    train: Command, noises: Path, auricle: Command, pretrained: Path, tmp_path: Path
) -> None:
    layout = (ROOT / "docs" / "layout.md").read_text(encoding="utf-8")
    settings = ("training.max_epochs=1", "models.text.encoder=minilm", f"features.folder={tmp_path / 'features'}")
    assert train(noises, tmp_path, *settings).status == 0
    assert auricle("evaluate", tmp_path / "run", cache=pretrained).status == 0
    for path in (tmp_path / "run").rglob("*"):
        assert re.search(rf"(^|[\s`]){re.escape(path.name)}[\s,`/]", layout) or path.is_dir(), path.name
    for part in (tmp_path / "features").iterdir():
        assert f"{part.name.rpartition('-')[0]}-" in layout


def test_the_architecture_shows_the_layers_that_are_kept() -> None:
    with (ROOT / "pyproject.toml").open("rb") as opened:
        layers = tomllib.load(opened)["tool"]["importlinter"]["contracts"][0]["layers"]
    kept = "\n".join(layer.replace("auricle.", "").replace(":", "|") for layer in layers)
    assert kept in [block.strip() for block in blocks(ARCHITECTURE, "")]


def test_the_architecture_names_files_that_exist() -> None:
    for name in re.findall(r"`((?:\w+/)+(?:\w+\.py)?)`", ARCHITECTURE):
        places = [ROOT / name, ROOT / "src" / "auricle" / name]
        assert any(place.exists() for place in places), name


@pytest.fixture
def home(captioned: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with ~/Sounds and ~/Clotho, and in it what the README's first commands leave behind."""
    for name in ("Sounds", "Clotho"):
        shutil.copytree(captioned, tmp_path / name)
    shutil.copytree(captioned, tmp_path / "demo" / "collection")
    shutil.copytree(run, tmp_path / "demo" / "runs" / "embedded-8706b8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AURICLE_INDEX", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return tmp_path


def expanded(word: str, folder: Path) -> list[str]:
    """Return what a shell makes of a word."""
    if "*" in word:
        return [str(path) for path in folder.glob(word)]
    return [str(Path(word).expanduser()) if word.startswith("~") else word]


def understand(words: list[str]) -> None:
    """Have a command line parsed, not run."""
    command: Any = typer.main.get_command(app)
    left = list(words)
    while hasattr(command, "commands"):
        command = command.commands[left.pop(0)]
    command.make_context(words[0], left)


def test_what_the_readme_shows_can_be_typed(
    home: Path, auricle: Command, pretrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for block in blocks(README, "sh") for line in block.replace("\\\n", "").splitlines()]
    typed = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("auricle ")]
    assert [words[0] for words in typed].count("train") == 5
    for words in typed:
        if any("cnn14" in word for word in words):  # minutes: what it would be is checked instead
            read_config(RunConfig, find_config(words[1]), [word for word in words[2:] if "=" in word])
            continue
        if any("://" in word or word == "ray" for word in words):  # a cluster: tests/engines, tests/search, tests/runs
            understand(words)
            continue
        if words[:2] == ["data", "fetch"]:  # gigabytes: that it would be understood is tested by test_help
            continue
        if words[0] == "serve":  # until it is stopped: tests/serving
            continue
        if words[0] == "experiment":  # nine runs: made in tests/experiments
            words.append("--dry-run")
        outcome = auricle(*(place for word in words for place in expanded(word, home)), cwd=home, cache=pretrained)
        assert outcome.status == 0, (words, outcome.err)
    monkeypatch.setenv("AURICLE_CACHE", str(pretrained))
    monkeypatch.chdir(home)
    for name in ("dog", "rain"):
        soundfile.write(f"{name}.wav", np.random.default_rng(len(name)).normal(0, 0.1, 16000), 16000)
    names: dict[str, Any] = {}
    for block in blocks(README, "python"):
        exec(block, names)
    assert names["similarity"].shape == (2, 2)
    assert "text -> audio" in names["table"]({"text -> audio": names["text_to_audio"]})
