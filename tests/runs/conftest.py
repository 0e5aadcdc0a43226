"""Runs as files, without training: what listing, comparing and removing read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from auricle import config as configuration
from auricle.evaluation import RetrievalResult, own_clip, score_both_directions
from auricle.storage import write_json, write_text
from auricle.training import RunConfig, RunFolder

WrittenRun = Callable[..., RunFolder]
CAPTIONS_PER_CLIP = 5


def results_of(similarity: np.ndarray) -> dict[str, RetrievalResult]:
    """Return both directions of a similarity matrix (captions, clips) whose captions belong to the clips in turn."""
    n_clips = similarity.shape[1]
    clips = [f"evaluation/{clip}.wav" for clip in range(n_clips)]
    own = [clip for clip in clips for _ in range(CAPTIONS_PER_CLIP)]
    captions = [f"caption {number} of {clip}" for number, clip in enumerate(own)]
    to_audio, to_text = score_both_directions(similarity, own_clip(own, clips))
    return {
        "text_to_audio": to_audio.named(queries=captions, clips=own),
        "audio_to_text": to_text.named(queries=clips, clips=clips),
    }


@pytest.fixture
def similarities() -> Callable[..., np.ndarray]:
    """Make similarities (captions, clips): noise, to which a skill is added where caption and clip belong together."""

    def draw(skill: float, *, clips: int = 20, seed: int = 0) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(size=(clips * CAPTIONS_PER_CLIP, clips))
        return noise + skill * np.repeat(np.eye(clips), CAPTIONS_PER_CLIP, axis=0)

    return draw


@pytest.fixture
def written_run(tmp_path: Path) -> WrittenRun:
    """Write a run: ``written_run("name", maps=[0.1, 0.3], finished=True, evaluated={"evaluation": similarity})``."""

    def write(
        name: str,
        *settings: str,
        maps: tuple[float, ...] = (0.1, 0.3, 0.2),
        finished: bool = True,
        begun: str = "2025-03-01T10:00:00+00:00",
        evaluated: Mapping[str, np.ndarray] | None = None,
        validated: np.ndarray | None = None,
    ) -> RunFolder:
        run = RunFolder(tmp_path / "runs" / name)
        write_text(run.config, configuration.dump(configuration.read(RunConfig, None, settings)))
        write_json(run.collection, {})
        write_json(run.environment, {"id": "0a1b2c3d", "begun": begun})
        rows = [
            {
                "epoch": epoch,
                "validation/loss": 3 - value,
                "validation/text_to_audio/mAP@10": value,
                "validation/text_to_audio/median rank": 9 - 10 * value,
            }
            for epoch, value in enumerate(maps, start=1)
        ]
        run.write_history(rows)
        if finished:
            best = max(range(len(rows)), key=lambda place: maps[place])
            write_json(run.finished, {"epochs": len(rows), "best_epoch": best + 1, "best": rows[best], "seconds": 75.2})
        if validated is not None:
            run.write_ranks(results_of(validated))
        for split, similarity in (evaluated or {}).items():
            results = results_of(similarity)
            folder = run.path / "evaluation" / split
            for direction, result in results.items():
                result.write_ranks(folder / f"ranks-{direction}.csv")
            measures = {direction: result.measures() for direction, result in results.items()}
            scoring = json.loads(RunConfig().evaluation.model_dump_json())
            write_json(folder / "measures.json", {"split": split, "scoring": scoring, **measures})
        return run

    return write
