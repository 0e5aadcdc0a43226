"""Stories without any training: runs whose ranks, histories and settings are made up, in memory and as folders.

`tell` makes a story, `answer` one run, `keep` writes a run as `auricle train` and `auricle evaluate` do.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import config as configuration
from auricle.config import validate
from auricle.evaluation import Ranks
from auricle.experiments import Arm, Story
from auricle.experiments.report import sections
from auricle.runs import RunResult
from auricle.storage import write_json, write_text
from auricle.tables import write_rows
from auricle.training import RunConfig, RunFolder

N_CLIPS, CAPTIONS = 12, 2
Tell = Callable[..., Story]
Answer = Callable[..., RunResult]
Keep = Callable[[RunResult, Path], Path]


def ranks_of(best_rank: Sequence[int], *, captions: int = CAPTIONS) -> Ranks:
    """Ranks of the captions of clips, as if each had one relevant item."""
    ranks = np.array(best_rank, np.int64)
    places = range(len(ranks))
    return Ranks(
        queries=tuple(f"caption {place % captions} of clip {place // captions}" for place in places),
        clips=tuple(f"evaluation/{place // captions}.wav" for place in places),
        best_rank=ranks,
        average_precision=np.where(ranks <= 10, 1 / ranks, 0.0),
        recall_at={k: (ranks <= k).astype(float) for k in (1, 5, 10)},
    )


def result_of(
    text_to_audio: Sequence[int],
    *,
    name: str = "run",
    seed: int = 0,
    loss: float = 1.0,
    folder: Path = Path("/nowhere/runs"),
    split: str = "evaluation",
    copies: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> RunResult:
    """A run of two epochs that answered so."""
    to_audio = ranks_of(text_to_audio)
    to_text = ranks_of(text_to_audio[::CAPTIONS], captions=1)
    mean = to_audio.measures()["mAP@10"]
    history = tuple(
        {
            "epoch": epoch,
            "step": 10 * epoch,
            "train/loss": loss + 1 / epoch,
            "validation/loss": loss + 0.5 / epoch,
            "validation/text_to_audio/mAP@10": mean**2 * epoch / 2,
        }
        for epoch in (1, 2)
    )
    mixing = {
        "originals": {"clips": 8, "hours": 0.01},
        "copies": {"clips": 8 * copies, "hours": 0.01 * copies},
        "sources": {"made": {"copies": 8 * copies, "licences": ["CC-BY-4.0"]}},
    }
    synthetic = {"sources": ["/nowhere/made"], "copies": copies} if copies else {}
    values = {"seed": seed, "data": {"collection": "/nowhere/sounds"}, "training": {"synthetic": synthetic}}
    return RunResult(
        name=name,
        path=folder / name,
        config=validate(RunConfig, {**values, **(settings or {})}, source="a test"),
        collection={
            "folder": "/nowhere/sounds",
            "clips": {"development": 8 + 8 * copies, "validation": 4},
            "captions": {"development": 16 + 8 * copies, "validation": 8},
            "hours": 0.015 + 0.01 * copies,
            "licences": ["CC0-1.0"],
            "fingerprint": "c0ffee",
            **({"mixing": mixing} if copies else {}),
        },
        environment={
            "auricle": "0.1.0",
            "python": "3.11.7",
            "device": "cpu",
            "seed": seed,
            "packages": {"torch": "2.13.0"},
            "encoders": {
                "audio": {"name": "yamnet", "licence": "Apache-2.0", "source": "Google", "weights": "yamnet"},
                "text": {"name": "minilm", "licence": None, "source": None, "weights": "/nowhere/minilm"},
            },
        },
        history=history,
        summary={"epochs": 2, "steps": 20, "best_epoch": 2, "seconds": 61.4, "best": history[1]},
        split=split,
        ranks={"text_to_audio": to_audio, "audio_to_text": to_text},
        scoring={"ap_denominator": "all", "recall": "hit", "labels": None, "relevance": None},
    )


def drawn_ranks(gain: float, seed: int, *, clips: int = N_CLIPS) -> list[int]:
    """Ranks of the captions of clips that are easy or hard whoever asks; a gain of 1 divides ranks by e."""
    random = np.random.default_rng(seed)
    hard = np.random.default_rng(1234).normal(1.5, 1.2, size=clips).repeat(CAPTIONS)
    found = np.exp(hard - gain + random.normal(0, 0.4, size=len(hard)))
    ranks: list[int] = np.maximum(1, found.round()).astype(int).tolist()
    return ranks


@pytest.fixture(scope="session")
def tell() -> Tell:
    """Tell a story: ``tell({"copies 1": (gain, {"copies": 1})}, seeds=3)``; the first arm is the baseline."""

    def story(
        arms: Mapping[str, tuple[float, Mapping[str, str | int | float]]],
        *,
        seeds: int = 2,
        clips: int = N_CLIPS,
        folder: Path = Path("/nowhere/runs"),
        **changes: Any,
    ) -> Story:
        told = []
        for number, (name, (gain, factors)) in enumerate(arms.items()):
            results = tuple(
                result_of(
                    drawn_ranks(gain, 100 * number + seed, clips=clips),
                    name=f"{name}-seed-{seed}",
                    seed=seed,
                    loss=2 - gain + seed / 10,
                    folder=folder,
                    copies=int(factors.get("copies", 0)),
                )
                for seed in range(seeds)
            )
            told.append(Arm(name, factors, results))
        given = {
            "title": "Do copies help?",
            "about": "A question.",
            "split": "evaluation",
            "baseline": next(iter(arms)),
        }
        return Story(**{**given, "arms": tuple(told), **changes})

    return story


@pytest.fixture(scope="session")
def answer() -> Answer:
    """Return one run by the ranks of its captions, two of each clip: ``answer([1, 3, 2, 2], seed=1)``."""
    return result_of


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw pictures as SVG alone; fonts inside a PDF take most of the time of a report."""
    monkeypatch.setattr(sections, "as_pdf", lambda _: b"%PDF")


@pytest.fixture(scope="session")
def keep() -> Keep:
    """Write a run into a folder of runs and return its own folder."""

    def write(result: RunResult, runs: Path) -> Path:
        run = RunFolder(runs / result.name)
        write_text(run.config, configuration.dump(result.config))
        write_json(run.collection, dict(result.collection))
        write_json(run.environment, dict(result.environment))
        run.write_history([dict(row) for row in result.history])
        write_json(run.finished, dict(result.summary))
        folder = run.path / "evaluation" / result.split
        for direction, ranks in result.ranks.items():
            recall = {f"R@{k}": values.tolist() for k, values in ranks.recall_at.items()}
            columns = (ranks.queries, ranks.clips, ranks.best_rank.tolist(), ranks.average_precision.tolist())
            write_rows(
                folder / f"ranks-{direction}.csv",
                ["query", "clip", "best_rank", "ap", *recall],
                zip(*columns, *recall.values(), strict=True),
            )
        write_json(folder / "measures.json", {"scoring": dict(result.scoring)})
        return run.path

    return write
