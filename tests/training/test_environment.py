"""Where a run was made: the commit that auricle runs from, and null wherever there is none to be told."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from auricle.training import environment
from auricle.training.environment import checkout


def git(folder: Path, *arguments: str) -> str:
    names = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env={**os.environ, **names}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with one package and one document."""
    folder = tmp_path / "repository"
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "code.py").write_text("one = 1\n")
    (folder / "README.md").write_text("One.\n")
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "One")
    return folder


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """Let nothing be remembered of another test's folder."""
    checkout.cache_clear()


def test_the_commit_and_whether_the_package_was_changed(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "README.md").write_text("Two.\n")
    assert checkout(repository / "package") == {"commit": commit, "changed": False}
    checkout.cache_clear()
    (repository / "package" / "new.py").write_text("two = 2\n")
    assert checkout(repository / "package") == {"commit": commit, "changed": True}


def test_a_package_that_merely_lies_inside_a_checkout_has_none(repository: Path) -> None:
    (repository / ".venv").mkdir()
    (repository / ".venv" / "code.py").write_text("")
    assert checkout(repository / ".venv") is None


def test_no_checkout_no_commit_and_no_git(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").mkdir()
    assert checkout(tmp_path / "plain") is None
    git(tmp_path / "plain", "init")
    checkout.cache_clear()
    assert checkout(tmp_path / "plain") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(repository) is None


def test_variables_of_git_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert checkout(repository) == {"commit": commit, "changed": False}


def test_a_git_that_hangs_is_not_waited_for(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(environment, "_GIT_S", 0.2)
    begun = time.monotonic()
    assert checkout(repository) is None
    assert time.monotonic() - begun < 5
