"""Which trials are stopped before their end, since others were better at the same epoch.

By default at each epoch what has been worse so far than the median of the complete trials was there; not before a
fifth of the epochs is over and five trials are complete. A sweep file may ask for successive halving instead. The last
epoch of a run is never cut off.

Source: K. Jamieson, A. Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, 2016.
"""

import re
from dataclasses import dataclass
from typing import Any

from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

from auricle.errors import ConfigError
from auricle.registry import did_you_mean

_STARTUP_TRIALS = 5
_WARM_UP = 5  # one epoch in so many


@dataclass(frozen=True)
class Halving:
    """The rule by which hopeless trials are stopped: at epochs min, min * eta, ... only the best 1 in eta go on.

    Attributes:
        first_epoch: At least 1.
        eta: At least 2.
    """

    first_epoch: int
    eta: int


def pruner_of(halving: Halving | None, *, prune: bool, max_epochs: int) -> BasePruner:
    """Return what stops hopeless trials.

    Args:
        halving: As the sweep file says; None for the median.
        prune: Whether to stop any.
        max_epochs: Of a run.
    """
    if not prune:
        return NopPruner()
    if halving:
        return SuccessiveHalvingPruner(min_resource=halving.first_epoch, reduction_factor=halving.eta)
    return MedianPruner(n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=max(1, max_epochs // _WARM_UP))


def read_halving(section: Any) -> Halving | None:
    """Return what the section ``early_terminate`` of a sweep file asks for.

    Raises:
        ConfigError: If it is another rule than hyperband's, or lacks a number.

    Example:
        >>> read_halving({"type": "hyperband", "max_iter": 27, "s": 2})
        Halving(first_epoch=3, eta=3)
    """
    if section is None:
        return None
    if not isinstance(section, dict) or section.get("type") != "hyperband":
        raise ConfigError(f"early_terminate is written {{type: hyperband, min_iter: 3}}, got {section!r}")
    known = ("type", "min_iter", "max_iter", "s", "eta", "strict")
    for key in section:
        if key not in known:
            raise ConfigError(f"early_terminate takes no {key!r}.{did_you_mean(str(key), [*known])}")
    eta = whole("early_terminate.eta", section.get("eta", 3), least=2)
    if "min_iter" in section:
        return Halving(whole("early_terminate.min_iter", section["min_iter"]), eta)
    if not {"max_iter", "s"} <= section.keys():
        raise ConfigError("early_terminate needs min_iter, or max_iter and s")
    longest = whole("early_terminate.max_iter", section["max_iter"])
    return Halving(max(1, longest // eta ** whole("early_terminate.s", section["s"])), eta)


def whole(key: str, value: Any, *, least: int = 1) -> int:
    """Return a whole number.

    Raises:
        ConfigError: If it is none, or a smaller one.
    """
    if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)) or int(value) < least:
        raise ConfigError(f"{key} is {value!r}; a whole number of at least {least} is needed")
    return int(value)
