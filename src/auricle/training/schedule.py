"""The learning rate over a training.

``cosine`` is set before every step and depends on the step alone; ``plateau`` looks at the validation measure after
every epoch (torch's ReduceLROnPlateau). Source of the cosine: I. Loshchilov, F. Hutter, SGDR, 2017, without restarts.
"""

import math
from typing import Any

import torch

from auricle.training.settings import TrainingConfig


class Schedule:
    """The learning rate: per step (cosine) or per epoch (plateau).

    Args:
        config: Section ``training``.
        optimizer: Whose learning rate it sets.
        steps_per_epoch: Number of batches.
    """

    def __init__(self, config: TrainingConfig, optimizer: torch.optim.Optimizer, *, steps_per_epoch: int) -> None:
        self.config = config
        self.optimizer = optimizer
        self.warmup = config.warmup_epochs * steps_per_epoch
        self.total = config.max_epochs * steps_per_epoch
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode="max",
            factor=config.plateau_factor,
            patience=config.plateau_patience,
            threshold=config.plateau_threshold,
            threshold_mode="abs",
            min_lr=config.min_learning_rate,
        )

    def before_step(self, step: int) -> None:
        """Set the learning rate of this step, counted from 0."""
        if self.config.schedule == "cosine":
            self.optimizer.param_groups[0]["lr"] = self.cosine(step)

    def after_epoch(self, measure: float) -> None:
        """Take note of the validation measure."""
        if self.config.schedule == "plateau":
            self.plateau.step(measure)

    def cosine(self, step: int) -> float:
        """Return the learning rate of a step: a linear rise, then half a cosine down to the smallest."""
        top, bottom = self.config.learning_rate, self.config.min_learning_rate
        if step < self.warmup:
            return top * (step + 1) / (self.warmup + 1)
        share = (step - self.warmup) / max(1.0, self.total - self.warmup)
        return bottom + (top - bottom) * (1 + math.cos(math.pi * min(1.0, share))) / 2

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` takes."""
        state: dict[str, Any] = self.plateau.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.plateau.load_state_dict(state)
