"""`auricle index` on 1,000 clips of 5 s: times real time, and the memory of all its processes.

Run: ``python -m benchmarks.indexing [CLIPS]``. The clips are made by the procedural recipes, no two alike, and each is
listened to; the model is the baseline. Times are of whole commands, from the first import to the last byte; then of the
same command again, with nothing to do. Memory is the sum of the processes' proportional set sizes, looked at twenty
times a second.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from auricle import audio
from auricle.generation.procedural import scenes
from auricle.generation.procedural.kind import SAMPLE_RATE
from auricle.progress import track
from auricle.randomness import stream

N_CLIPS = 1_000
SECONDS = 5.0

_LOOKED_AT_EVERY_S = 0.05


def make_clips(folder: Path, count: int) -> None:
    """Write clips of exactly `SECONDS`."""
    for number in track(range(count), label="making sounds", unit="clip", total=count):
        samples = scenes.render(scenes.draw(0, number), stream(0, "sound", number))
        audio.write(folder / f"{number:04d}.wav", np.resize(samples, round(SECONDS * SAMPLE_RATE)), SAMPLE_RATE)


def run(*arguments: str) -> tuple[float, float]:
    """Run the command line; return seconds and the highest memory in GB."""
    command = [sys.executable, "-c", "from auricle.cli import main; main()", *arguments]
    began, highest = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            highest = max(highest, memory_bytes(psutil.Process(process.pid)))
            time.sleep(_LOOKED_AT_EVERY_S)
    assert process.returncode == 0
    return time.perf_counter() - began, highest / 1e9


def memory_bytes(process: psutil.Process) -> int:
    """Return the proportional set size of a process and all that it has started."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
        pass
    return total


def main(count: int) -> None:
    """Print a table."""
    print("| `auricle index`, baseline | time | times real time | memory |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        sounds = Path(temporary) / "sounds"
        make_clips(sounds, count)
        for processes in ("2", "1"):
            index = str(Path(temporary) / processes)
            for what in (f"{count:,} clips of {SECONDS:g} s, processes: {processes}", "again, nothing to do"):
                seconds, memory_gb = run("index", str(sounds), "--index", index, "--processes", processes)
                fast = f"{count * SECONDS / seconds:.0f}" if what[0] != "a" else ""
                print(f"| {what} | {seconds:.1f} s | {fast} | {memory_gb:.2f} GB |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else N_CLIPS)
