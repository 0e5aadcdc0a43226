"""``auricle serve`` as it is typed, with a real index and model."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

Command = Callable[..., Any]


def test_an_index_that_is_not_there(auricle: Command, tmp_path: Path) -> None:
    assert str(tmp_path / "none") in auricle("serve", "--index", tmp_path / "none").refused(1)


@pytest.mark.slow
def test_from_a_folder_to_an_answer(auricle: Command, captioned: Path, pretrained: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert auricle("index", captioned, "--index", index, cache=pretrained).status == 0
    refused = auricle("serve", "--index", index, "--token", "short", cache=pretrained).refused(2)
    assert refused.startswith("The token has 5 characters; at least 16 are needed")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("auricle"), "serve", "--index", index, "--port", "0"],
        env={**os.environ, "AURICLE_CACHE": str(pretrained)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with httpx.Client(base_url=address, timeout=30) as client:
        (hit,) = client.get("/api/search", params={"q": "a dog barks", "top": 1}).json()["hits"]
        assert client.get(hit["sound"]).content == (captioned / hit["path"]).read_bytes()
        (same,) = client.post(
            "/api/search", files={"sound": client.get(hit["sound"]).content}, data={"top": "1"}
        ).json()["hits"]
        assert same["path"] == hit["path"]
        assert same["score"] > 0.99
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "Stopped.\n")
