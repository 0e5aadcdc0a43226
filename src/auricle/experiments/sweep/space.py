"""A sweep file, in the field's usual form: ``method``, ``metric`` and ``parameters``.

::

    method: bayes                      or random, or grid
    metric: {name: val_mAP, goal: maximize}
    parameters:
      training.learning_rate: {distribution: log_uniform_values, min: 1e-05, max: 1e-02}
      models-audio-hidden: {values: [256, 512, 1024]}
      training:
        parameters:
          temperature: {min: 0.03, max: 0.1}

A parameter is one of our settings (`auricle settings`), its words joined by dots or dashes or nested, or one of the
prior work's (`auricle.presets.prior_work`). Forms of parameters are in `parameters`, names of measures in `goal`.
``early_terminate: {type: hyperband, min_iter: 3}`` and ``run_cap`` mean what they mean there; keys that are for another
program (``program``, ``command``, ``project``, ``entity``, ...) are named and not used.

Source: the documentation of sweep configurations of Weights & Biases.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from auricle.config import describe, read_yaml, validate
from auricle.errors import ConfigError
from auricle.experiments.sweep.goal import Goal, read_goal
from auricle.experiments.sweep.names import find_name
from auricle.experiments.sweep.parameters import Constant, Drawn, Parameter, read_form
from auricle.experiments.sweep.pruning import Halving, read_halving, whole
from auricle.registry import did_you_mean
from auricle.training import RunConfig

Method: TypeAlias = Literal["bayes", "random", "grid"]
Values: TypeAlias = Mapping[str, Drawn]
"""What was drawn, by our dotted keys."""

_USED = ("name", "method", "metric", "parameters", "early_terminate", "run_cap")
_NOT_USED = (
    *("program", "command", "project", "entity", "description", "controller", "job", "image_uri", "imports"),
    *("$schema", "version", "settings", "launch"),
)
_LARGEST_GRID = 10_000
_MOST_CORNERS = 512


@dataclass(frozen=True)
class Space:
    """What a sweep searches, and what for.

    Attributes:
        name: As the file calls itself; empty if it does not.
        method: ``bayes`` learns from the trials, ``random`` does not, ``grid`` tries every combination.
        goal: The measure that is to be best.
        parameters: What is searched, at least one.
        constants: Our dotted keys and the values that all trials have.
        halving: How hopeless trials are stopped, if the file says so.
        run_cap: How many trials, if the file says so.
        remarks: What a person should know, sentences.
    """

    name: str
    method: Method
    goal: Goal
    parameters: tuple[Parameter, ...]
    constants: Mapping[str, Any]
    halving: Halving | None = None
    run_cap: int | None = None
    remarks: tuple[str, ...] = ()

    def configure(self, base: RunConfig, values: Values, *, source: str) -> RunConfig:
        """Return the configuration of a trial.

        Args:
            base: What all trials begin with.
            values: One for each parameter.
            source: What it is the configuration of, for messages.

        Raises:
            ConfigError: If the settings do not fit together.
        """
        implied = {key: value for parameter in self.parameters for key, value in parameter.implies.items()}
        return _configured(base, {**self.constants, **implied, **self.settings(values)}, source=source)

    def settings(self, values: Values) -> dict[str, Any]:
        """Return the value that each drawn one stands for."""
        return {one.setting: one.drawn_from.value(values[one.setting]) for one in self.parameters}

    def grid(self) -> list[dict[str, Drawn]]:
        """Return every combination, the last parameter changing fastest.

        Raises:
            ConfigError: If a parameter has no end of values, or there are too many combinations.
        """
        choices = {parameter.setting: parameter.drawn_from.grid() for parameter in self.parameters}
        for setting, values in choices.items():
            if values is None:
                raise ConfigError(
                    f"method: grid tries every value, and {setting} has no end of them; give it values, int_uniform or "
                    "q_uniform, or write method: bayes"
                )
        lists = [values for values in choices.values() if values]
        count = 1
        for values in lists:
            count *= len(values)
        if count > _LARGEST_GRID:
            raise ConfigError(f"the grid has {count:,} combinations; at most {_LARGEST_GRID:,} can be tried")
        return [dict(zip(choices, values, strict=True)) for values in itertools.product(*lists)]

    def as_json(self) -> dict[str, Any]:
        """Return what makes this another search, JSON-able."""
        return {
            "method": self.method,
            "measure": self.goal.measure,
            "parameters": {
                one.setting: {
                    "drawn from": str(one.drawn_from.distribution),
                    "rounded to": str(one.drawn_from.quantum) if one.drawn_from.quantum else None,
                    "with": dict(one.implies),
                }
                for one in self.parameters
            },
            "constants": dict(self.constants),
        }


def read_space(path: Path, base: RunConfig) -> Space:
    """Read a sweep file, and check every name and every bound against the configuration its trials begin with.

    Raises:
        ConfigError: If it cannot be read, or something in it cannot be; every faulty parameter is named.
    """
    content = read_yaml(path)
    try:
        space = _space(content)
        _check(space, base)
    except ConfigError as error:
        raise ConfigError(f"{path}: {str(error).rstrip('.')}.") from None
    return space


def _space(content: Mapping[str, Any]) -> Space:
    keys = [str(key) for key in content]
    for key in keys:
        if key not in (*_USED, *_NOT_USED):
            raise ConfigError(f"no such key as {key!r}.{did_you_mean(key, [*_USED])} Known: {', '.join(_USED)}")
    method = str(content.get("method", "bayes"))
    if method not in get_args(Method):
        raise ConfigError(f"method is {method!r}; {', '.join(get_args(Method))} are known")
    goal = read_goal(content.get("metric"))
    parameters, constants, remarks = _parameters(content.get("parameters"))
    if not parameters:
        raise ConfigError("no parameter has more than one value, so there is nothing to search")
    if unused := [key for key in keys if key in _NOT_USED]:
        remarks.append(f"Not used here: {', '.join(unused)}.")
    if goal.measure == "validation/loss" and any(one.setting == "training.temperature" for one in parameters):
        remarks.append(
            "The validation loss depends on training.temperature, which is searched: it falls where the temperature "
            "suits it, not where more is found. val_mAP does not."
        )
    space = Space(
        name=str(content.get("name") or ""),
        method=cast("Method", method),
        goal=goal,
        parameters=tuple(parameters),
        constants=constants,
        halving=read_halving(content.get("early_terminate")),
        run_cap=whole("run_cap", content["run_cap"]) if content.get("run_cap") is not None else None,
        remarks=tuple(remarks),
    )
    if method == "grid":
        space.grid()
    return space


def _parameters(section: Any) -> tuple[list[Parameter], dict[str, Any], list[str]]:
    """Return what is searched, what is always so, and what to say about names."""
    if not isinstance(section, dict) or not section:
        raise ConfigError("parameters is missing; it names settings and their values")
    known = [setting.key for setting in describe(RunConfig)]
    parameters: list[Parameter] = []
    constants: dict[str, Any] = {}
    remarks, faults = [], []
    set_by: dict[str, str] = {}
    for name, about in _flat(section):
        try:
            named, form = find_name(name, known), read_form(about)
            if isinstance(form, Constant):
                sets = named.settings(form.value)
                constants |= sets
            else:
                parameter = named.parameter(form)
                sets = {**parameter.implies, parameter.setting: form}
                parameters.append(parameter)
            for setting in sets:
                if set_by.setdefault(setting, name) != name:
                    raise ConfigError(f"{set_by[setting]} sets {setting}, too; leave one of them out")
        except ConfigError as error:
            faults.append(f"{name}: {str(error).rstrip('.')}")
            continue
        if named.remark:
            remarks.append(named.remark)
    if faults:
        raise ConfigError(f"{len(faults)} unusable parameter(s): {'; '.join(faults)}")
    return parameters, constants, remarks


def _flat(section: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, about in section.items():
        if isinstance(about, dict) and isinstance(about.get("parameters"), dict):
            yield from _flat(about["parameters"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", about


def _check(space: Space, base: RunConfig) -> None:
    """Try every end of every parameter, the others being as the base has them, or else at some ends of theirs."""
    faults = []
    for parameter in space.parameters:
        others = [one for one in space.parameters if one is not parameter]
        for value in parameter.drawn_from.ends():
            settings = {**parameter.implies, parameter.setting: value}
            if fault := _fault(space, base, settings, others):
                faults.append(fault)
                break
    if faults:
        raise ConfigError("; ".join(faults))


def _fault(space: Space, base: RunConfig, settings: Mapping[str, Any], others: Sequence[Parameter]) -> str:
    """Return why no trial can have these settings; empty if one can."""
    fault = _why_not(base, {**space.constants, **settings})
    if not fault:
        return ""
    ends = [[{**one.implies, one.setting: end} for end in one.drawn_from.ends()] for one in others]
    for corner in itertools.islice(itertools.product(*ends), _MOST_CORNERS):
        around: dict[str, Any] = {}
        for some in corner:
            around |= some
        if not _why_not(base, {**space.constants, **around, **settings}):
            return ""
    return fault


def _why_not(base: RunConfig, settings: Mapping[str, Any]) -> str:
    try:
        _configured(base, settings, source="")
    except ConfigError as error:
        said = str(error).rstrip(".")
        advice = "; write distribution: int_uniform" if "fractional part" in said else ""
        return (said.partition("unusable setting(s): ")[2] or said) + advice
    return ""


def _configured(base: RunConfig, settings: Mapping[str, Any], *, source: str) -> RunConfig:
    values = base.model_dump(mode="json")
    for setting, value in settings.items():
        *sections, key = setting.split(".")
        place = values
        for section in sections:
            place = place[section]
        place[key] = value
    return validate(RunConfig, values, source=source)
