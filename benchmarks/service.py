"""`auricle serve` under load: 50 questions per second from 8 clients, each a sentence that was not asked before.

Run: ``python -m benchmarks.service [SECONDS [WINDOWS]]``. The service runs in a process of its own, with the baseline's
sentence encoder and made-up vectors, 100,000 by default; the clients are threads of this process on the same machine. A
question is asked when its time has come, whether or not the service keeps up, and its time counts from then: a service
that falls behind cannot hide it.
"""

import http.client
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import psutil

from auricle.generation.procedural import captions, scenes
from auricle.randomness import stream
from auricle.search.embedders import BASELINE, open_embedder
from auricle.search.fingerprints import SIZE
from auricle.search.folder import About, IndexFolder
from auricle.search.lance import LanceStore
from auricle.search.records import Said, SoundFile, Stamp, Windows

N_WINDOWS = 100_000
RATE = 50
N_CLIENTS = 8

_AT_ONCE = 10_000


def make_index(folder: Path, n_windows: int = N_WINDOWS) -> None:
    """Write an index of the baseline with made-up vectors."""
    embedder = open_embedder(BASELINE, device="cpu")
    store, blank = LanceStore(folder, dim=embedder.dim), np.zeros((1, SIZE), np.float16)
    for start in range(0, n_windows, _AT_ONCE):
        vectors = np.random.default_rng(start).standard_normal((_AT_ONCE, embedder.dim), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.add(
            [
                (
                    SoundFile(f"sound {start + place}.wav", "", Stamp(0, 0, ""), Said(), 10.0, 44_100, 1),
                    Windows((0.0,), (10.0,), vector[None], blank),
                )
                for place, vector in enumerate(vectors)
            ]
        )
    store.tidy()
    IndexFolder(folder).write(About(folder, BASELINE, embedder.identity(), embedder.dim, 10.0, 5.0))


def ask(port: int, sentences: list[str], first_s: float, taken_s: list[float]) -> None:
    """Ask as one client, a question every ``N_CLIENTS / RATE`` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number, sentence in enumerate(sentences):
        due = first_s + number * N_CLIENTS / RATE
        time.sleep(max(0, due - time.perf_counter()))
        connection.request("GET", f"/api/search?q={quote(sentence)}")
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        assert len(json.loads(body)["hits"]) == 10
        taken_s.append(time.perf_counter() - due)


def main(seconds: int = 30, n_windows: int = N_WINDOWS) -> None:
    """Print one line."""
    count = seconds * RATE
    sentences = [captions.write(scenes.draw(0, number), stream(0, "load", number))[0] for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        make_index(Path(folder), n_windows)
        command = [
            sys.executable,
            "-c",
            "from auricle.cli import main; main()",
            "serve",
            "--index",
            folder,
            "--port",
            "0",
            "--device",
            "cpu",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            port = int(service.stdout.readline().rpartition(":")[2].strip().rstrip("/"))
            ask(port, ["a warm-up"] * 3, time.perf_counter(), [])
            taken_s: list[float] = []
            began = time.perf_counter() + 0.1
            clients = [
                threading.Thread(target=ask, args=(port, sentences[client::N_CLIENTS], began + client / RATE, taken_s))
                for client in range(N_CLIENTS)
            ]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            elapsed_s = time.perf_counter() - began
            memory_gb = psutil.Process(service.pid).memory_info().rss / 1e9
            service.send_signal(signal.SIGINT)
    assert len(taken_s) == count
    p50, p99 = np.percentile(taken_s, [50, 99]) * 1e3
    print(
        f"{count / elapsed_s:.1f} questions per second from {N_CLIENTS} clients, {n_windows:,} windows: "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {memory_gb:.1f} GB"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
