"""The folder of one run: what lies where, and the small files that say what the run is.

docs/layout.md shows every file. A run's name belongs to its configuration: the same command goes on with, or finds
finished, the run that it began.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auricle import config, object_store, progress
from auricle.data import Collection
from auricle.errors import ConfigError, DataError, ModelError, StorageError
from auricle.evaluation import RetrievalResult
from auricle.places import shown
from auricle.storage import fingerprint, read_json, write_json, write_text
from auricle.tables import write_rows
from auricle.training.environment import describe_environment
from auricle.training.mixing import Mixture
from auricle.training.settings import RunConfig

IMMATERIAL: dict[str, Any] = {
    "features": {"folder", "threads", "engine"},
    "tracking": True,
    "trainer": {"devices", "nodes"},
}
"""Settings that make a run no other, as pydantic's `model_dump` excludes them."""

Row = dict[str, float]


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run, and its small files.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.yaml"

    @property
    def collection(self) -> Path:
        """What the collection was, without its evaluation split: counts, what was mixed in, licences, fingerprint."""
        return self.path / "collection.json"

    @property
    def environment(self) -> Path:
        """Where and with what the run was made."""
        return self.path / "environment.json"

    @property
    def best(self) -> Path:
        """The checkpoint of the best epoch by validation mAP@10."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """The checkpoint of the last epoch."""
        return self.path / "last.safetensors"

    @property
    def resume(self) -> Path:
        """The state to go on from; there only while the run is unfinished."""
        return self.path / "resume.pt"

    @property
    def metrics(self) -> Path:
        """One JSON object per epoch; the same as a table beside it."""
        return self.path / "metrics.jsonl"

    @property
    def validation(self) -> Path:
        """The ranks of the best epoch on the validation split: ``ranks-{direction}.csv``."""
        return self.path / "validation"

    @property
    def finished(self) -> Path:
        """What came out; there only when the run is finished."""
        return self.path / "finished.json"

    @property
    def picture(self) -> Path:
        """The learning curve."""
        return self.path / "learning-curve.png"

    def take_in(self, *, to_go_on: bool = False) -> None:
        """Bring here what an object store has of the run, but for checkpoints, which are fetched when they are read.

        Args:
            to_go_on: Also the state to go on from.

        Raises:
            StorageError: If it cannot be read.
        """
        wanted = self.resume.name if to_go_on else ""
        object_store.pull(self.path, wanted=lambda name: name == wanted or is_small(name), watch=progress.track)

    def read_config(self) -> RunConfig:
        """Return the configuration the run was made with.

        Raises:
            ConfigError: If this is not a run.
        """
        self.take_in()
        if not self.config.is_file():
            raise ConfigError(f"{shown(self.path)} is no run: it has no config.yaml. `auricle train` makes runs.")
        return config.read(RunConfig, self.config)

    def read_summary(self) -> dict[str, Any] | None:
        """Return what the finished run wrote, or None when it is not finished."""
        if not self.finished.is_file():
            return None
        summary: dict[str, Any] = read_json(self.finished, advice="Delete it, and the same command trains again.")
        return summary

    def check(self, run: RunConfig, collection: Collection) -> None:
        """Check that the run that was begun here, if any, is this one.

        Raises:
            ConfigError: If it was begun with another configuration; the differences are named.
            DataError: If the collection or what is mixed into it has changed since.
        """
        if not self.config.exists():
            return
        self.check_config(run)
        if self.collection.exists():
            before = read_json(self.collection, advice="Delete it if you know that the collection is still the same.")
            now = collection_facts(collection)
            if before["fingerprint"] != now["fingerprint"]:
                what = "The collection or what is mixed into it" if "mixing" in before else "The collection"
                raise DataError(
                    f"{what} has changed since {shown(self.path)} was begun ({_counts(before)}; now "
                    f"{_counts(now)}). Give the new run another name with --name, or remove the old one."
                )

    def check_config(self, run: RunConfig) -> None:
        """Check that the run that was begun here has this configuration.

        Raises:
            ConfigError: If it has another; the differences are named.
        """
        if lines := config.differences(comparable(self.read_config()), comparable(run)):
            raise ConfigError(
                f"{shown(self.path)} was begun with another configuration ({'; '.join(lines)}). "
                "Give the new run another name with --name."
            )

    def check_encoders(self, encoders: Mapping[str, Mapping[str, Any]]) -> None:
        """Check, before an unfinished run goes on, that both encoders are those it was begun with.

        Raises:
            ModelError: If the weights of one are others; the encoder is named.
        """
        if not (self.resume.exists() and self.environment.exists()):
            return
        before = self.read_environment()["encoders"]
        for side, about in encoders.items():
            if before[side]["sha256"] != about["sha256"]:
                raise ModelError(
                    f"{shown(self.path)} was begun with other weights of {about['name']} "
                    f"({before[side]['sha256'][:12]}; here {about['sha256'][:12]}). "
                    "Install those, or give the new run another name with --name."
                )

    def write_config(self, run: RunConfig, collection: Collection, mixture: Mixture | None) -> None:
        """Write what the run depends on: the resolved configuration, and what the collection is."""
        write_text(self.config, config.dump(run.with_absolute_paths()))
        mixing = {"mixing": mixture.facts()} if mixture else {}
        write_json(self.collection, {**collection_facts(collection), **mixing})

    def write_set_aside(self, collection: Collection) -> None:
        """Write the sounds and captions that could not be used, ``what,reason``."""
        rows = ((bad.what, bad.reason) for bad in collection.set_aside)
        write_rows(self.path / "set-aside.csv", ["what", "reason"], rows)

    def write_environment(
        self, run: RunConfig, *, device: str, encoders: Mapping[str, Any], devices: int = 1, nodes: int = 1
    ) -> None:
        """Write where and with what the run is made.

        ``id`` and ``begun`` are those of the first sitting, all else is of this one.
        """
        before = self.read_environment()
        environment = {
            "id": before.get("id") or uuid.uuid4().hex[:8],
            "begun": before.get("begun") or datetime.now(UTC).isoformat(timespec="seconds"),
            **describe_environment(device=device, devices=devices, nodes=nodes, seed=run.seed, encoders=encoders),
        }
        write_json(self.environment, environment)

    def read_environment(self) -> dict[str, Any]:
        """Return where and with what the run was made; nothing before it was begun.

        Raises:
            StorageError: If the file is damaged.
        """
        if not self.environment.is_file():
            return {}
        environment: dict[str, Any] = read_json(self.environment, advice="Give the new run another name with --name.")
        return environment

    def write_ranks(self, results: Mapping[str, RetrievalResult]) -> None:
        """Write the ranks of the best epoch, per direction."""
        for direction, result in results.items():
            result.write_ranks(self.validation / f"ranks-{direction}.csv")

    def read_history(self) -> list[Row]:
        """Return one row per finished epoch; none before the first.

        Raises:
            StorageError: If the file is damaged.
        """
        if not self.metrics.is_file():
            return []
        try:
            return [json.loads(line) for line in self.metrics.read_text(encoding="utf-8").splitlines()]
        except ValueError:
            raise StorageError(f"{shown(self.metrics)} is damaged. Train the run anew under another name.") from None

    def write_history(self, rows: Sequence[Row]) -> None:
        """Write one row per epoch as JSON lines and as CSV."""
        write_text(self.metrics, "".join(json.dumps(row) + "\n" for row in rows))
        if rows:
            write_rows(self.metrics.with_suffix(".csv"), list(rows[0]), (list(row.values()) for row in rows))


def is_small(name: str) -> bool:
    """Return whether a file of a run is no checkpoint and no state to go on from."""
    return not name.endswith((".safetensors", ".pt"))


def default_name(source: str, run: RunConfig) -> str:
    """Return the name of a run: where its configuration came from, and a fingerprint of it.

    Where features are kept, by how many threads they are made, who reads along and how many processes train is no part
    of the fingerprint.
    """
    return f"{source}-{fingerprint(run.model_dump(mode='json', exclude=IMMATERIAL))[:6]}"


def collection_facts(collection: Collection) -> dict[str, Any]:
    """Return counts, hours and a fingerprint of a collection; its folder is no part of the fingerprint."""
    clips = [(clip.id, clip.content) for clip in collection.clips]
    captions = [(caption.clip_id, caption.text) for caption in collection.captions]
    return {
        "folder": shown(collection.folder.absolute()),
        "clips": {name: len(collection.split(name).clips) for name in collection.splits},
        "captions": {name: len(collection.split(name).captions) for name in collection.splits},
        "hours": round(sum(clip.duration_s for clip in collection.clips) / 3600, 3),
        "licences": sorted({clip.licence for clip in collection.clips if clip.licence}),
        "fingerprint": fingerprint([sorted(clips), sorted(captions)]),
    }


def comparable(run: RunConfig) -> dict[str, Any]:
    """Return what makes a run another one; what is learned from is known by its content, wherever it is."""
    return run.with_absolute_paths().model_dump(
        mode="json",
        exclude={
            **IMMATERIAL,
            "data": {"collection"},
            "training": {"synthetic": {"sources", "scores"}},
        },
    )


def _counts(facts: Mapping[str, Any]) -> str:
    return f"{sum(facts['clips'].values())} clips with {sum(facts['captions'].values())} captions"
