"""A plan: what an experiment compares, as data.

A plan is a YAML file like a configuration: it holds differences only, and an unknown key is an error. From it follows
the configuration of every run (`auricle.experiments.arms`).
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from auricle import config
from auricle.config import Place, Section
from auricle.experiments.story import MEASURE
from auricle.shipped import ShippedFiles
from auricle.storage import fingerprint

PLANS = ShippedFiles(Path(__file__).with_name("plans"), "plan")
"""The plans that come with the package."""


class SourceConfig(Section):
    """Where the copies of one generator come from.

    Attributes:
        folders: Of clips that are there already, one per caption number. Without them the clips are generated.
        back_end: What generates them, as `auricle generate` takes it; the source's own name by default.
        captions: Numbers of the captions that are generated from; all by default.
        options: Settings of the back end.
    """

    folders: tuple[Place, ...] = ()
    back_end: str | None = None
    captions: tuple[int, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("folders", mode="before")
    @classmethod
    def _take_one_folder_too(cls, folders: object) -> object:
        return (folders,) if isinstance(folders, str | Path) else folders


class ArmsConfig(Section):
    """One arm, or several: each setting takes a value or a list, and lists multiply out.

    Attributes:
        name: Of the arm, where there is one; by default it follows from what it is.
        generator: The source of its copies.
        copies: Of each original, 0 to 5.
        filter: One of the plan's filters, or ``none``.
        fraction: Of the originals, above 0 and up to 1.
        parts: Cut the originals into so many consecutive parts.
        part: Which of them.
        choice: Seed of the choice of originals and copies; the run's own by default.
        only: Leave the originals out.
        settings: Of its runs, as in a configuration file.
    """

    name: str | None = None
    generator: tuple[str, ...] = ()
    copies: tuple[int, ...] = (0,)
    filter: tuple[str, ...] = ("none",)
    fraction: tuple[float, ...] = (1.0,)
    parts: int = Field(1, ge=1)
    part: tuple[int, ...] = (1,)
    choice: tuple[int | None, ...] = (None,)
    only: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("generator", "copies", "filter", "fraction", "part", "choice", mode="before")
    @classmethod
    def _take_one_value_too(cls, values: object) -> object:
        return values if isinstance(values, list | tuple) else (values,)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if any(self.copies) and not self.generator:
            raise ValueError("copies are asked for, but no generator; name one of the plan's sources")
        if any(number < 0 or number > 5 for number in self.copies):
            raise ValueError("copies are 0 to 5")
        return self


class Plan(Section):
    """An experiment.

    Attributes:
        title: A few words, for the report.
        about: What it asks, in sentences.
        config: The configuration all runs begin with: a preset's name or a file.
        settings: Of all runs, as in a configuration file.
        sources: The generators that arms may name.
        filters: Settings of ``training.synthetic`` by name: scores and what is good enough.
        arms: What is compared; those that come out alike are one.
        seeds: Of the runs of every arm.
        equal: ``steps`` lets every arm take the optimiser steps, and validate as often, as the baseline does over its
            epochs; ``epochs`` lets every arm show its clips equally often.
        baseline: Name of the arm that the others are compared with; the first by default.
        split: What all are scored on; evaluation by default, or validation where the collection has none.
        measure: The one that decides.
        dose: The factor on the horizontal axis of the dose-response curve.
        between: The factor whose levels are compared as samples.
        paired_by: The factor that pairs those samples.
    """

    title: str = ""
    about: str = ""
    config: str = "embedded"
    settings: dict[str, Any] = Field(default_factory=dict)
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    filters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    arms: tuple[ArmsConfig, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    equal: Literal["steps", "epochs"] = "steps"
    baseline: str | None = None
    split: str | None = None
    measure: str = MEASURE
    dose: str = ""
    between: str = ""
    paired_by: str = ""

    @field_validator("arms", mode="before")
    @classmethod
    def _take_one_entry_too(cls, arms: object) -> object:
        return (arms,) if isinstance(arms, dict) else arms

    @field_validator("sources", mode="before")
    @classmethod
    def _take_bare_names_too(cls, sources: object) -> object:
        return {name: said or {} for name, said in sources.items()} if isinstance(sources, dict) else sources

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("each seed once; equal seeds make equal runs")
        return seeds

    @model_validator(mode="after")
    def _name_what_is_there(self) -> Self:
        for arms in self.arms:
            for name in arms.generator:
                if name not in self.sources:
                    raise ValueError(f"no source is called {name!r}; there are: {', '.join(self.sources) or 'none'}")
            for name in arms.filter:
                if name != "none" and name not in self.filters:
                    raise ValueError(f"no filter is called {name!r}; there are: {', '.join(self.filters) or 'none'}")
        return self


def read_plan(name_or_path: str, overrides: Sequence[str] = ()) -> Plan:
    """Read a plan and apply ``key.path=value`` overrides.

    Args:
        name_or_path: A shipped plan's name, or a YAML file.
        overrides: Of the plan, ``seeds=[0,1]``, or of all its runs, ``data.collection=~/Clotho``.

    Raises:
        ConfigError: If there is none, or it does not fit; every fault is listed.
    """
    own = set(Plan.model_fields)
    return config.read(
        Plan,
        PLANS.find(name_or_path),
        [text if re.split(r"[.=]", text)[0] in own else f"settings.{text}" for text in overrides],
    )


def default_name(name_or_path: str, plan: Plan) -> str:
    """Return the name of an experiment: where its plan came from, and a fingerprint of it."""
    return f"{Path(name_or_path).stem}-{fingerprint(plan.model_dump(mode='json'))[:6]}"
