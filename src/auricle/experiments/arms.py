"""From a plan to its arms, and from an arm to the configuration of each of its runs.

Everything here is a pure function of the plan: where clips lie and how many steps an epoch has is told by the caller.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle.config import flat, validate
from auricle.errors import ConfigError
from auricle.experiments.plan import ArmsConfig, Plan
from auricle.registry import did_you_mean
from auricle.training import RunConfig

Factors = dict[str, str | int | float]


@dataclass(frozen=True)
class PlannedArm:
    """Runs that differ in their seed alone.

    Attributes:
        name: Unique in its plan.
        factors: What tells it from other arms.
        synthetic: Its section ``training.synthetic``, without sources.
        settings: Its other settings, nested as in a file.
    """

    name: str
    factors: Factors
    synthetic: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def generator(self) -> str:
        """The source of its copies; empty without copies."""
        return str(self.factors.get("generator", ""))


@dataclass(frozen=True)
class PlannedRun:
    """One training of an experiment.

    Attributes:
        name: Of its folder: ``audiogen-2x-seed-0``.
        arm: Name of its arm.
        seed: Its seed.
        config: Everything it depends on.
    """

    name: str
    arm: str
    seed: int
    config: RunConfig


def plan_arms(plan: Plan) -> tuple[PlannedArm, ...]:
    """Return the arms of a plan, each once, in the order in which they are written down.

    Raises:
        ConfigError: If two arms have one name, or the baseline is none of them.
    """
    arms: dict[tuple[tuple[str, object], ...], PlannedArm] = {}
    for entry in plan.arms:
        lists = (entry.generator or ("",), entry.copies, entry.filter, entry.fraction, entry.part, entry.choice)
        found = [_arm(entry, *values, filters=plan.filters) for values in itertools.product(*lists)]
        if entry.name and len(found) > 1:
            raise ConfigError(f"The arms called {entry.name!r} are {len(found)}; leave the name out, or make them one.")
        for arm in found:
            arms.setdefault(tuple(sorted(arm.factors.items())), arm)
    names = [arm.name for arm in arms.values()]
    called = [run_name(name, 0) for name in names]
    if twice := [name for name, own in zip(names, called, strict=True) if called.count(own) > 1]:
        raise ConfigError(f"The arms {' and '.join(map(repr, twice[:2]))} have one name. Give each its own.")
    if plan.baseline is not None and plan.baseline not in names:
        near = did_you_mean(plan.baseline, names)
        raise ConfigError(f"The baseline {plan.baseline!r} is no arm.{near} Arms: {', '.join(names)}.")
    for factor in filter(None, (plan.dose, plan.between, plan.paired_by)):
        if not any(factor in arm.factors for arm in arms.values()):
            known = sorted({name for arm in arms.values() for name in arm.factors})
            raise ConfigError(f"No arm has the factor {factor!r}.{did_you_mean(factor, known)} Factors: {known}.")
    return tuple(arms.values())


def plan_runs(
    plan: Plan,
    base: RunConfig,
    *,
    folders: Mapping[str, Sequence[Path]],
    steps_per_epoch: int | None = None,
) -> tuple[PlannedRun, ...]:
    """Return every run of a plan, seed by seed, so that whole sets of arms are finished first.

    Args:
        plan: Valid.
        base: What all runs begin with: the plan's configuration and settings.
        folders: Of the clips of each source in use.
        steps_per_epoch: For all runs; None leaves what the configuration says.

    Raises:
        ConfigError: If the settings of an arm do not fit.
    """
    arms = plan_arms(plan)
    return tuple(
        PlannedRun(
            name=run_name(arm.name, seed),
            arm=arm.name,
            seed=seed,
            config=_configured(arm, base, seed=seed, folders=folders, steps_per_epoch=steps_per_epoch),
        )
        for seed in plan.seeds
        for arm in arms
    )


def run_name(arm: str, seed: int) -> str:
    """Return the name of a run's folder.

    Example:
        >>> run_name("audiogen 2x, 10 % of originals", 1)
        'audiogen-2x-10-of-originals-seed-1'
    """
    words = re.sub(r"[^\w.=+]+", "-", arm).strip("-")
    return f"{words}-seed-{seed}"


def baseline_of(plan: Plan) -> str:
    """Return the name of the arm that the others are compared with."""
    return plan.baseline or plan_arms(plan)[0].name


def _arm(
    entry: ArmsConfig,
    generator: str,
    copies: int,
    chosen: str,
    fraction: float,
    part: int,
    choice: int | None,
    *,
    filters: Mapping[str, Mapping[str, Any]],
) -> PlannedArm:
    factors: Factors = {"copies": copies, "fraction": fraction}
    words = ["original"]
    if copies:
        factors["generator"] = generator
        words = [f"{generator} {copies}x"]
        if entry.only:
            factors["only"] = "copies"
            words.append("copies only")
        if chosen != "none":
            factors["filter"] = chosen
            words.append(chosen)
    if fraction < 1:
        words.append(f"{100 * fraction:g} % of originals")
    if entry.parts > 1:
        factors |= {"parts": entry.parts, "part": part}
        words.append(f"part {part}")
    if choice is not None:
        factors["choice"] = choice
        words.append(f"choice {choice}")
    for key, value in flat(entry.settings).items():
        factors[key] = value if isinstance(value, str | int | float) else str(value)
        words.append(f"{key}={value}")
    synthetic = {
        **(filters.get(chosen, {}) if copies else {}),
        "copies": copies,
        "only": entry.only and copies > 0,
        "fraction": fraction,
        "parts": entry.parts,
        "part": part,
        **({} if choice is None else {"seed": choice}),
    }
    return PlannedArm(entry.name or ", ".join(words), factors, synthetic, entry.settings)


def _configured(
    arm: PlannedArm,
    base: RunConfig,
    *,
    seed: int,
    folders: Mapping[str, Sequence[Path]],
    steps_per_epoch: int | None,
) -> RunConfig:
    values = merged(base.model_dump(mode="json"), arm.settings)
    sources = [str(folder) for folder in folders.get(arm.generator, ())]
    training: dict[str, Any] = {"synthetic": {"seed": seed, **arm.synthetic, "sources": sources}}
    if steps_per_epoch is not None:
        training["steps_per_epoch"] = steps_per_epoch
    return validate(
        RunConfig, merged(values, {"seed": seed, "training": training}), source=f"the arm {arm.name!r} of the plan"
    )


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested settings with others over them.

    Example:
        >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
        {'a': {'b': 3, 'c': 2}}
    """
    result = dict(values)
    for key, value in changes.items():
        under = result.get(key)
        result[key] = merged(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return result
