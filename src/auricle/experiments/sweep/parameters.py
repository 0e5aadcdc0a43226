"""One parameter of a sweep file: from its written form to what is drawn from.

======================================  ================================================================
form                                    meaning
======================================  ================================================================
``value: V``                            always V
``values: [V, W, ...]``                 one of them (``categorical``)
``min: A, max: B``                      ``int_uniform`` if both are whole numbers, else ``uniform``
``distribution: uniform``               any number from A to B
``distribution: int_uniform``           whole numbers from A to B
``distribution: q_uniform``             multiples of ``q`` (1 by default) from A to B
``distribution: log_uniform_values``    any number from A to B, its logarithm drawn uniformly
``distribution: q_log_uniform_values``  the same, rounded to multiples of ``q``
======================================  ================================================================

Numbers may stand in quotes, and be written as ``1e-05``, which YAML takes for a word.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, TypeAlias

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from auricle.errors import ConfigError
from auricle.registry import did_you_mean

Number: TypeAlias = int | float
Drawn: TypeAlias = bool | int | float | str | None

_BETWEEN = (3 - math.sqrt(5)) / 2  # of the way from min to max: no whole number where whole numbers are needed
_RANGE = {"min", "max"}
_KEYS = {
    "constant": {"value"},
    "categorical": {"values"},
    "uniform": _RANGE,
    "int_uniform": _RANGE,
    "q_uniform": _RANGE | {"q"},
    "log_uniform_values": _RANGE,
    "q_log_uniform_values": _RANGE | {"q"},
}


@dataclass(frozen=True)
class Constant:
    """A parameter that has one value.

    Attributes:
        value: As YAML gives it.
    """

    value: Any


@dataclass(frozen=True)
class Range:
    """What a parameter's values are drawn from.

    Attributes:
        distribution: Optuna's.
        quantum: What a drawn value is rounded to a multiple of; None leaves it as it is.
        encoded: Whether choices are lists or sections, drawn as JSON.
    """

    distribution: BaseDistribution
    quantum: Decimal | None = None
    encoded: bool = False

    def value(self, drawn: Drawn) -> Any:
        """Return the value that a draw stands for."""
        if self.encoded:
            return json.loads(str(drawn))
        if self.quantum is None:
            return drawn
        assert isinstance(self.distribution, FloatDistribution)
        rounded = _multiples(self.quantum, self.distribution.low, self.distribution.high, near=float(str(drawn)))
        return int(rounded) if self.quantum == self.quantum.to_integral() else float(rounded)

    def first(self) -> Drawn:
        """Return the first choice, or the smallest number."""
        one = self.distribution
        if isinstance(one, CategoricalDistribution):
            return one.choices[0]
        assert isinstance(one, FloatDistribution | IntDistribution)
        return one.low

    def ends(self) -> tuple[Any, ...]:
        """Return values to try a configuration with: every choice, or both ends and a number between."""
        one = self.distribution
        if isinstance(one, CategoricalDistribution):
            return tuple(self.value(choice) for choice in one.choices)
        assert isinstance(one, FloatDistribution | IntDistribution)
        if isinstance(one, IntDistribution) or one.step is not None:
            return (one.low, one.high)
        return tuple(self.value(drawn) for drawn in (one.low, one.high, one.low + _BETWEEN * (one.high - one.low)))

    def grid(self) -> tuple[Drawn, ...] | None:
        """Return everything that can be drawn, in order; None if that is without end."""
        one = self.distribution
        if isinstance(one, CategoricalDistribution):
            return tuple(one.choices)
        if isinstance(one, IntDistribution):
            return tuple(range(one.low, one.high + 1, one.step))
        assert isinstance(one, FloatDistribution)
        if one.step is None:
            return None
        low, step = Decimal(str(one.low)), Decimal(str(one.step))
        count = int((Decimal(str(one.high)) - low) / step) + 1
        return tuple(float(low + place * step) for place in range(count))


@dataclass(frozen=True)
class Parameter:
    """Something that is searched.

    Attributes:
        setting: Our dotted key.
        drawn_from: What its values are drawn from.
        name: As the file has it.
        implies: What is set besides, whatever the value.
    """

    setting: str
    drawn_from: Range
    name: str
    implies: Mapping[str, Any] = field(default_factory=dict)


def read_form(about: Any) -> Constant | Range:
    """Return what the written form of a parameter means.

    Args:
        about: As YAML gives it.

    Raises:
        ConfigError: If it is none of the known forms; the message is a sentence without the parameter's name.

    Example:
        >>> read_form({"min": 256, "max": "2048"}).distribution
        IntDistribution(high=2048, log=False, low=256, step=1)
        >>> read_form({"value": 3})
        Constant(value=3)
    """
    if not isinstance(about, dict):
        raise ConfigError(f"a parameter is written {{min: 0.1, max: 0.5}} or {{values: [1, 2]}}, got {about!r}")
    form = _form(about)
    if form == "constant":
        return Constant(_plain(about["value"]))
    if form == "categorical":
        return _categorical(about["values"])
    low, high = (_number(key, about[key]) for key in ("min", "max"))
    if low > high:
        raise ConfigError(f"min is {low}, above max, which is {high}")
    if low == high:
        return Constant(low)
    return _READERS[form](low, high, about)


def written(value: Any) -> str:
    """Return a value for a person, as YAML has it.

    Example:
        >>> written(None), written(0.00163341639), written("cosine")
        ('null', '0.00163342', 'cosine')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def _form(about: Mapping[str, Any]) -> str:
    """Return the distribution, as named or as the keys tell, when its keys are those it needs."""
    if "probabilities" in about:
        raise ConfigError(
            "probabilities are not known: what is worth trying is learned from the trials; leave them out"
        )
    form = about.get("distribution")
    if form is None:
        whole = all(isinstance(_try_number(about.get(key)), int) for key in ("min", "max"))
        by_key = {"value": "constant", "values": "categorical", "min": "int_uniform" if whole else "uniform"}
        form = next((name for key, name in by_key.items() if key in about), None)
        if form is None:
            raise ConfigError("neither value, nor values, nor min and max are given")
    if form not in _KEYS:
        raise ConfigError(_unknown(str(form), about))
    given = about.keys() - {"distribution"}
    for key in sorted(given - _KEYS[form]):
        raise ConfigError(f"{form} takes no {key!r}.{did_you_mean(key, sorted(_KEYS[form]))} It takes {_listed(form)}")
    for key in sorted(_KEYS[form] - {"q"} - given):
        raise ConfigError(f"{form} needs {_listed(form)}, and {key} is missing")
    return str(form)


def _unknown(form: str, about: Mapping[str, Any]) -> str:
    ends = [_try_number(about.get(key)) for key in ("min", "max")]
    if form == "log_uniform" and all(isinstance(end, int | float) and abs(end) < 700 for end in ends):
        low, high = (f"{math.exp(float(str(end))):.6g}" for end in ends)
        return (
            f"log_uniform takes exponents of e; write distribution: log_uniform_values, min: {low}, max: {high} if "
            "these are meant, or the values themselves"
        )
    return f"no distribution {form!r}.{did_you_mean(form, list(_KEYS))} Known: {', '.join(_KEYS)}"


def _listed(form: str) -> str:
    return " and ".join(sorted(_KEYS[form], key=["min", "max", "q", "value", "values"].index))


def _uniform(low: Number, high: Number, _: Mapping[str, Any]) -> Range:
    return Range(FloatDistribution(float(low), float(high)))


def _int_uniform(low: Number, high: Number, _: Mapping[str, Any]) -> Range:
    if not (float(low).is_integer() and float(high).is_integer()):
        raise ConfigError(f"int_uniform needs whole numbers, got {low} and {high}")
    return Range(IntDistribution(int(low), int(high)))


def _q_uniform(low: Number, high: Number, about: Mapping[str, Any]) -> Range | Constant:
    step = _quantum(about)
    first, last = _multiples(step, low, high, near=low), _multiples(step, low, high, near=high)
    whole = step == step.to_integral()
    if first == last:
        return Constant(int(first) if whole else float(first))
    if whole:
        return Range(IntDistribution(int(first), int(last), step=int(step)))
    return Range(FloatDistribution(float(first), float(last), step=float(step)))


def _log_uniform(low: Number, high: Number, _: Mapping[str, Any]) -> Range:
    if low <= 0:
        raise ConfigError(f"a logarithm needs a min above 0, got {low}")
    return Range(FloatDistribution(float(low), float(high), log=True))


def _q_log_uniform(low: Number, high: Number, about: Mapping[str, Any]) -> Range:
    step = _quantum(about)
    _multiples(step, low, high, near=low)
    return Range(_log_uniform(low, high, about).distribution, quantum=step)


_READERS: dict[str, Callable[[Number, Number, Mapping[str, Any]], Range | Constant]] = {
    "uniform": _uniform,
    "int_uniform": _int_uniform,
    "q_uniform": _q_uniform,
    "log_uniform_values": _log_uniform,
    "q_log_uniform_values": _q_log_uniform,
}


def _categorical(values: Any) -> Constant | Range:
    if not isinstance(values, list) or not values:
        raise ConfigError(f"values is a list of at least one value, got {values!r}")
    choices = [_plain(value) for value in values]
    encoded = any(isinstance(choice, list | dict) for choice in choices)
    as_json = [json.dumps(choice, sort_keys=True) for choice in choices]
    if twice := [one for one in as_json if as_json.count(one) > 1]:
        raise ConfigError(f"values has {twice[0]} twice")
    if len(choices) == 1:
        return Constant(choices[0])
    return Range(CategoricalDistribution(as_json if encoded else choices), encoded=encoded)


def _quantum(about: Mapping[str, Any]) -> Decimal:
    step = Decimal(str(_number("q", about.get("q", 1))))
    if step <= 0:
        raise ConfigError(f"q needs to be above 0, got {step}")
    return step


def _multiples(step: Decimal, low: Number, high: Number, *, near: Number) -> Decimal:
    """Return the multiple of `step` within [low, high] that is nearest to a number."""
    first = (Decimal(str(low)) / step).to_integral(ROUND_CEILING)
    last = (Decimal(str(high)) / step).to_integral(ROUND_FLOOR)
    if first > last:
        raise ConfigError(f"no multiple of q, which is {step}, lies between {low} and {high}")
    return min(max((Decimal(str(near)) / step).to_integral(), first), last) * step


def _number(key: str, value: Any) -> Number:
    number = _try_number(value)
    if number is None or not math.isfinite(number):
        raise ConfigError(f"{key} needs to be a number, got {value!r}")
    return number


def _try_number(value: Any) -> Number | None:
    """Return a number that may be written as a word."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return int(value) if re.fullmatch(r"[-+]?\d+", value.strip()) else float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) else None


def _plain(value: Any) -> Any:
    """Return a value as it is, but a number for ``1e-05``, which YAML takes for a word."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        return float(value)
    return value
