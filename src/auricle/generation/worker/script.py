"""The side of a worker that runs in the other interpreter: ``python script.py INSIDE OPTIONS FOLDER``.

Run by path where auricle need not be installed: the standard library and numpy, Python 3.8 or later. INSIDE is a Python
file whose ``load(**OPTIONS)`` returns an object with `sample_rate`, with ``generate(captions, seconds, seeds)``, which
returns an array of shape (samples,) per caption, and maybe with a sentence `note`. FOLDER is where the arrays go.

Requests and answers (`protocol.py`) travel on duplicates of standard input and output, which are then pointed
elsewhere: neither a print nor a program that the model starts can get between them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

_LONGEST_REASON = 500
_OUT_OF_MEMORY = ("out of memory", "allocate memory", "not enough memory", "alloc_failed")
"""What libraries say, in lower case, whose errors are no `MemoryError`."""


def main() -> None:
    """Load, say so, and answer requests until standard input ends."""
    requests, answers = _take_channels()
    inside, options, folder = sys.argv[1:]
    asked: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, asked, Path(folder)), daemon=True).start()
    try:
        model = _load(Path(inside), json.loads(options))
    except Exception as error:
        _write(answers, _refusal(0, error))
        sys.exit(1)
    _write(answers, {"request": 0, "sample_rate": int(model.sample_rate), "note": getattr(model, "note", "")})
    while True:
        request = asked.get()
        try:
            _make(model, request, Path(folder))
            answer = {"request": request["request"]}
        except Exception as error:
            answer = _refusal(request["request"], error)
        _write(answers, answer)


def _take_channels() -> tuple[int, int]:
    """Return duplicates of standard input and output; prints now go to standard error, and nothing can be read."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests, answers


def _listen(requests: int, asked: queue.SimpleQueue[dict[str, Any]], folder: Path) -> None:
    """Hand over requests; when there can be no more, end this process, also in the middle of a batch.

    Without Python's buffers: their locks, held by a thread that waits, abort an interpreter that exits.
    """
    begun = b""
    while block := os.read(requests, 1 << 16):
        *lines, begun = (begun + block).split(b"\n")
        for line in lines:
            asked.put(json.loads(line))
    shutil.rmtree(folder, ignore_errors=True)  # whose owner may have been killed
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with all that the model has started
    os._exit(0)


def _load(inside: Path, options: dict[str, Any]) -> Any:
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != here]  # else the model's `process` would be the one beside
    spec = importlib.util.spec_from_file_location("inside", inside)
    assert spec is not None  # it is a .py file
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(**options)


def _make(model: Any, request: dict[str, Any], folder: Path) -> None:
    import numpy as np

    clips = model.generate(request["captions"], request["seconds"], request["seeds"])
    for position, clip in enumerate(clips):
        np.save(folder / f"{request['request']}-{position}.npy", np.asarray(clip, dtype=np.float32))


def _refusal(number: int, error: Exception) -> dict[str, Any]:
    traceback.print_exc()
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    scarce = isinstance(error, MemoryError) or any(sign in reason.lower() for sign in _OUT_OF_MEMORY)
    return {"request": number, "refused": reason[:_LONGEST_REASON], "out_of_memory": scarce}


def _write(answers: int, answer: dict[str, Any]) -> None:
    os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
