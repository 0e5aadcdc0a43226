"""A run to be tracked, a server that answers as wandb's does, and packages that misbehave."""

import json
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from auricle.tables import write_rows
from auricle.tracking import Outcome, TrackedRun

EPOCHS = 5
ROWS = [
    {
        "epoch": epoch,
        "step": 4 * epoch,
        "train/loss": 2 / epoch,
        "validation/text_to_audio/mAP@10": 0.1 * epoch,
        "validation/text_to_audio/median rank": 7.5 - epoch,
    }
    for epoch in range(1, EPOCHS + 1)
]
TABLE = [["Rain, and wind.", "validation/rain.wav", 1, 1.0], ["A dog barks.", "validation/dog.wav", 3, 1 / 3]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nobody is logged in anywhere."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "TRACKIO_DIR", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def run(tmp_path: Path, home: Path) -> TrackedRun:
    """A finished run of five epochs as trackers are told of it."""
    folder = tmp_path / "runs" / "rain"
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([row["epoch"] for row in ROWS])
    figure.savefig(folder / "learning-curve.png")
    write_rows(folder / "ranks-text_to_audio.csv", ["query", "clip", "best_rank", "ap"], TABLE)
    return TrackedRun(
        name="rain",
        id="0a1b2c3d",
        folder=folder,
        history=folder / "metrics.jsonl",
        config={"seed": 3, "training": {"batch_size": 4, "split": "development"}},
    )


@pytest.fixture
def outcome(run: TrackedRun) -> Outcome:
    """What came out of it."""
    return Outcome(
        {"epochs": EPOCHS, "best_epoch": EPOCHS, "best": ROWS[-1]},
        pictures=(run.folder / "learning-curve.png",),
        tables=(run.folder / "ranks-text_to_audio.csv",),
    )


Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Install:
    """Put another package in the place of wandb, here and in processes: ``install(code)``.

    The code stands in a module with ``init``, which returns an object that takes everything a run takes.
    """

    def write(code: str) -> None:
        folder = tmp_path / "packages" / "wandb"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(_WANDB + textwrap.dedent(code), encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(folder.parent))
        monkeypatch.syspath_prepend(folder.parent)
        assert "wandb" not in sys.modules

    return write


_WANDB = """
import os, pathlib, sys, time

class Settings:
    model_fields = {}

class Run:
    starting_step = 0
    summary = {}
    def log(self, values, step, commit):
        note(f"{step}")
    def finish(self, exit_code):
        note(f"finished {exit_code}")

def init(**given):
    global folder
    folder = pathlib.Path(given["dir"])
    note("begun")
    return Run()

def note(what):
    with (folder / "noted.txt").open("a") as opened:
        opened.write(what + "\\n")

Image = Table = lambda *_, **__: None
"""


class WandbServer:
    """A server on this machine that takes runs as wandb's does.

    Attributes:
        runs: What was said of each run by its id, later words over earlier ones.
        configs: Settings of each run.
        rows: The history of each run.
        summaries: Last values of each run.
        files: Name -> content of what was uploaded.
        ended: Exit code of each run that was completed.
        last_step: What it claims to know already of every run that is gone on with; nothing by default.
    """

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, dict[int, dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.ended: dict[str, int] = {}
        self.last_step: int | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def summaries(self) -> dict[str, Any]:
        """The last summary that was uploaded."""
        summary: dict[str, Any] = json.loads(self.files["wandb-summary.json"])
        return summary

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a run in their order."""
        return [row for _, row in sorted(self.rows.get(name, {}).items())]

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        name, given = question["operationName"], question.get("variables") or {}
        project = {"id": "p", "name": given.get("project"), "entity": {"id": "e", "name": "me"}}
        if name == "Viewer":
            return {"viewer": {"id": "u", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}}}
        if name == "RunResumeStatus":
            tail = json.dumps([json.dumps({"_step": self.last_step})])
            bucket = {
                "id": "b",
                "name": given["name"],
                "summaryMetrics": "{}",
                "displayName": given["name"],
                "logLineCount": 0,
                "historyLineCount": 1,
                "eventsLineCount": 0,
                "historyTail": tail,
                "eventsTail": "[]",
                "config": "{}",
                "tags": [],
                "notes": "",
                "wandbConfig": json.dumps({"t": 1}),
            }
            return {"model": {**project, "bucket": None if self.last_step is None else bucket}}
        if name == "UpsertBucket":
            told = {key: value for key, value in given.items() if value is not None}
            self.runs.setdefault(given["name"], {}).update(told)
            config = {key: value["value"] for key, value in json.loads(given["config"]).items()}
            self.configs.setdefault(given["name"], {}).update(config)
            bucket = {"id": "b", "name": given["name"], "config": "{}", "project": project, "historyLineCount": 0}
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if name == "CreateArtifact":
            artifact = {"id": "a", "state": "COMMITTED", "artifactSequence": {"latestArtifact": None}}
            return {"createArtifact": {"artifact": artifact}}
        if name == "CreateRunFiles":
            files = [{"name": file, "uploadUrl": f"{self.url}/up/{file}"} for file in given["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        return {"project": None}

    def _stream(self, name: str, said: dict[str, Any]) -> None:
        if history := said.get("files", {}).get("wandb-history.jsonl"):
            for place, line in enumerate(history["content"], start=history["offset"]):
                self.rows.setdefault(name, {})[place] = json.loads(line)
        if said.get("complete"):
            self.ended[name] = said["exitcode"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                answer: dict[str, Any] = {}
                if self.path == "/graphql":
                    answer = {"data": server._answer(json.loads(content))}
                elif self.path.endswith("/file_stream"):
                    server._stream(self.path.split("/")[-2], json.loads(content))
                else:
                    server.files[self.path.removeprefix("/up/")] = content
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_POST  # noqa: N815 - as in http.server

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
                """Keep quiet."""

        return Handler


@pytest.fixture
def wandb_server() -> Iterator[WandbServer]:
    """A server that ends with the test."""
    server = WandbServer()
    yield server
    server.close()
