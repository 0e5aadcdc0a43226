"""The configuration of a training: the section ``training`` and the whole file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from auricle.config import Section
from auricle.data import DataConfig
from auricle.evaluation import EvaluationConfig
from auricle.features import FeaturesConfig
from auricle.models import ModelsConfig


class TrainingConfig(Section):
    """How the dual encoder learns.

    Attributes:
        split: What it learns from.
        validation_split: What the best epoch, the learning rate and the end are chosen by.
        batch_size: Pairs per step; each other clip of the batch is a negative.
        max_epochs: An epoch shows every clip once, with one of its captions.
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
    """

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"


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

    def with_absolute_paths(self) -> Self:
        """Return the same configuration for whoever reads it in another working folder."""
        data = {"collection": self.data.collection, "captions": self.data.captions}
        evaluation = {"labels": self.evaluation.labels, "relevance": self.evaluation.relevance}
        return self.model_copy(
            update={
                "data": self.data.model_copy(update=_absolute(data)),
                "evaluation": self.evaluation.model_copy(update=_absolute(evaluation)),
            }
        )


def _absolute(paths: Mapping[str, Path | None]) -> dict[str, Path]:
    return {name: path.absolute() for name, path in paths.items() if path and path.exists()}
