"""A sweep without networks: a stand-in for training, and processes that search with it.

``searching.py FOLDER [STORAGE]`` works on the sweep in a folder until it is finished.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from auricle.errors import ModelError
from auricle.experiments.sweep import resume_sweep, run_sweep
from auricle.experiments.sweep import runner as runner_module
from auricle.experiments.sweep import trial as trial_module
from auricle.storage import lock, make_folder, write_json
from auricle.training import RunConfig, RunFolder

MEASURE = "validation/text_to_audio/mAP@10"


def value_of(config: RunConfig) -> float:
    """The value a run tends to: 0.9 at a learning rate of 0.001, less the farther from it."""
    return 0.9 - 0.2 * abs(math.log10(config.training.learning_rate) + 3)


def stand_in(
    config: RunConfig,
    path: Path,
    *,
    watch: Callable[[Sequence[dict[str, Any]]], None] | None = None,
    epoch_s: float = 0.0,
) -> RunFolder:
    """Do as training does, with numbers in place of networks: resumable, and diverging above a rate of 0.5."""
    run = RunFolder(make_folder(path))
    with lock(path, purpose="is being trained"):
        rows = run.read_history()
        if run.finished.exists():
            return run
        for epoch in range(len(rows) + 1, config.training.max_epochs + 1):
            time.sleep(epoch_s)
            if config.training.learning_rate > 0.5:
                raise ModelError("The training has diverged.")
            rows.append({"epoch": epoch, MEASURE: value_of(config) * (1 - 0.5**epoch)})
            for weights in (run.best, run.resume):
                weights.write_bytes(b"weights")
            run.write_history(rows)
            if watch:
                watch(rows)
        run.last.write_bytes(b"weights")
        run.resume.unlink(missing_ok=True)
        write_json(run.finished, {"epochs": len(rows)})
    return run


def slow(config: RunConfig, path: Path, **options: Any) -> RunFolder:
    """Do the same in a few tenths of a second."""
    return stand_in(config, path, epoch_s=0.05, **options)


if __name__ == "__main__":
    with (
        mock.patch.object(trial_module, "train", slow),
        mock.patch.object(runner_module, "describe_ahead", return_value=None),
    ):
        run_sweep(resume_sweep(Path(sys.argv[1]), storage=dict(enumerate(sys.argv)).get(2)))
