"""The configuration of a training: the section ``training`` and the whole file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from auricle.config import Place, Section
from auricle.data import DataConfig
from auricle.evaluation import EvaluationConfig
from auricle.features import FeaturesConfig
from auricle.models import ModelsConfig
from auricle.tracking import TrackingConfig


class SyntheticConfig(Section):
    """Generated copies that are mixed into what is learned from.

    Attributes:
        sources: Folders of generated clips, whose `parent` is a clip of the split that is learned from. A source is
            known by its folder's name.
        copies: Of each original, 0 to 5; the copies at 2 are those at 1 and another. Where there are fewer, all.
        seed: Of the choice of originals and copies.
        only: Leave the originals out.
        fraction: Part of the originals that is kept, above 0 and up to 1, at least two; the copies of the others are
            left out too.
        parts: Cut the originals into so many consecutive parts of like size, in the order of the collection, and keep
            one of them with its copies.
        part: Which of them, from 1.
        scores: CSV with a score for every copy, as `auricle compare` writes it. The column `clip` or `file_name` names
            it, with its split or without; columns `source` and `origin` tell copies of one name apart. What has an
            empty score is left out.
        score_column: The column of that file.
        lower_is_better: Whether a lower score is the better one, as it is where distances are scores.
        min_score: Copies with a worse score are left out.
        keep_fraction: Part of each source's copies that is kept, those with the best scores, above 0 and up to 1.
    """

    sources: tuple[Place, ...] = ()
    copies: int = Field(0, ge=0, le=5)
    seed: int = 0
    only: bool = False
    fraction: float = Field(1.0, gt=0, le=1)
    parts: int = Field(1, ge=1)
    part: int = Field(1, ge=1)
    scores: Place | None = None
    score_column: str = "score"
    lower_is_better: bool = False
    min_score: float | None = Field(None, allow_inf_nan=False)
    keep_fraction: float | None = Field(None, gt=0, le=1)

    @field_validator("sources", mode="before")
    @classmethod
    def _take_one_folder_too(cls, sources: object) -> object:
        return (sources,) if isinstance(sources, str | Path) else sources

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.folders) < len(self.sources):
            names = [path.absolute().name for path in self.sources]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two sources are called {twice!r}, and a source is known by its name; rename one of them")
        if self.copies and not self.sources:
            raise ValueError(f"copies is {self.copies}, but there are no sources; name folders of generated clips")
        if self.part > self.parts:
            raise ValueError(f"part is {self.part}, but there are {self.parts} parts")
        if self.only and not self.copies:
            raise ValueError("only leaves the originals out, and copies is 0: nothing is left to learn from")
        chosen = self.min_score is not None or self.keep_fraction is not None
        if chosen and self.scores is None:
            raise ValueError("min_score and keep_fraction need scores, a CSV with a score for every copy")
        if self.scores is not None and not chosen:
            raise ValueError("scores are given, but neither min_score nor keep_fraction says what is good enough")
        return self

    @property
    def folders(self) -> dict[str, Path]:
        """The sources by name."""
        return {path.absolute().name: path for path in self.sources}

    @property
    def in_use(self) -> bool:
        """Whether anything else is learned from than the split as it is."""
        return bool(self.sources) or self.fraction < 1 or self.parts > 1

    def with_absolute_paths(self) -> Self:
        """Return the same section for whoever reads it in another working folder."""
        sources = tuple(path.absolute() for path in self.sources)
        return self.model_copy(update={"sources": sources, **_absolute({"scores": self.scores})})


class TrainingConfig(Section):
    """How the dual encoder learns.

    Attributes:
        split: What it learns from.
        validation_split: What the best epoch, the learning rate and the end are chosen by.
        batch_size: Pairs per step; each other clip of the batch is a negative.
        max_epochs: An epoch shows every clip once, with one of its captions; then it validates.
        steps_per_epoch: Validate after so many steps instead, which then count as an epoch: runs on more or fewer
            clips are equally long. Every clip still comes once before any comes again.
        learning_rate: Of Adam.
        temperature: Divides the cosines in the loss.
        learnable_temperature: Let it learn too, from there.
        schedule: ``cosine`` warms up over `warmup_epochs` and falls to `min_learning_rate` at `max_epochs`; ``plateau``
            multiplies the learning rate by `plateau_factor` when validation mAP@10 has not risen by
            `plateau_threshold` for `plateau_patience` epochs; ``constant``.
        plateau_factor, plateau_patience, plateau_threshold: See `schedule`.
        warmup_epochs: See `schedule`.
        min_learning_rate: The learning rate does not fall below.
        patience: Stop after so many epochs in which validation mAP@10 has not risen by `min_improvement`; never by
            default, since the cosine schedule has an end of its own.
        min_improvement: See `patience`.
        workers: Processes that read batches; 0 reads in the training process.
        save_every_s: How much training, in seconds, a killed run loses at most.
    """

    split: str = "development"
    validation_split: str = "validation"
    batch_size: int = Field(32, ge=2)
    max_epochs: int = Field(60, ge=1)
    steps_per_epoch: int | None = Field(None, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    temperature: float = Field(0.1, gt=0)
    learnable_temperature: bool = False
    schedule: Literal["plateau", "cosine", "constant"] = "cosine"
    plateau_factor: float = Field(0.1, gt=0, lt=1)
    plateau_patience: int = Field(5, ge=0)
    plateau_threshold: float = Field(0.005, ge=0)
    warmup_epochs: float = Field(1.0, ge=0)
    min_learning_rate: float = Field(1e-6, ge=0)
    patience: int | None = Field(None, ge=1)
    min_improvement: float = Field(0.001, ge=0)
    workers: int = Field(0, ge=0)
    save_every_s: float = Field(60.0, ge=0)
    synthetic: SyntheticConfig = SyntheticConfig()

    @field_validator("split", "validation_split")
    @classmethod
    def _keep_evaluation_for_reporting(cls, split: str) -> str:
        if split == "evaluation":
            raise ValueError(
                "the evaluation split is for reporting: what is chosen on it can no longer be measured on it; "
                "train on development, validate on validation, and run `auricle evaluate` at the end"
            )
        return split

    @model_validator(mode="after")
    def _validate_on_other_clips(self) -> Self:
        if self.split == self.validation_split:
            raise ValueError(
                f"split and validation_split are both {self.split!r}; what is learned from cannot say when to stop"
            )
        return self


class TrainerConfig(Section):
    """Where the training runs.

    Attributes:
        accelerator: ``auto`` takes the fastest of this machine.
        precision: ``bf16-mixed`` and ``16-mixed`` save time and memory on a GPU.
        devices: On each machine, with a process for each; ``auto`` takes all. They share every batch, whose size stays
            `training.batch_size`. Neither `devices` nor `nodes` makes a run another one; torchrun and srun say both.
        nodes: Machines.
        sync_batch_norm: Let batch norm see the whole batch where several processes share it; otherwise each
            normalises its own part.
    """

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    devices: int | Literal["auto"] = 1
    nodes: int = Field(1, ge=1)
    sync_batch_norm: bool = False

    @field_validator("devices", mode="before")
    @classmethod
    def _is_a_number_or_auto(cls, devices: object) -> object:
        if devices == "auto" or (type(devices) is int and devices >= 1):
            return devices
        raise ValueError(f"a number from 1 on or auto is needed, not {devices!r}")


class RunConfig(Section):
    """Everything a run depends on; the rooms' sections and one seed.

    Attributes:
        seed: Of everything random: initial weights, drawn captions, order, dropout.
    """

    seed: int = 0
    data: DataConfig = DataConfig()
    features: FeaturesConfig = FeaturesConfig()
    models: ModelsConfig = ModelsConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    trainer: TrainerConfig = TrainerConfig()
    tracking: TrackingConfig = TrackingConfig()

    def with_absolute_paths(self) -> Self:
        """Return the same configuration for whoever reads it in another working folder."""
        data = {"collection": self.data.collection, "captions": self.data.captions}
        evaluation = {"labels": self.evaluation.labels, "relevance": self.evaluation.relevance}
        return self.model_copy(
            update={
                "data": self.data.model_copy(update=_absolute(data)),
                "features": self.features.model_copy(update=_absolute({"folder": self.features.folder})),
                "models": self.models.with_absolute_paths(),
                "training": self.training.model_copy(
                    update={"synthetic": self.training.synthetic.with_absolute_paths()}
                ),
                "evaluation": self.evaluation.model_copy(update=_absolute(evaluation)),
            }
        )


def _absolute(paths: Mapping[str, Path | None]) -> dict[str, Path]:
    return {name: path.absolute() for name, path in paths.items() if path and path.exists()}
