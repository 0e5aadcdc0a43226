"""Which setting a name in a sweep file is: ours, with dots or dashes, or one of the prior work's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import CategoricalDistribution, IntDistribution

from auricle.errors import ConfigError
from auricle.experiments.sweep.parameters import Parameter, Range
from auricle.presets.prior_work import RULES, Rule, translate
from auricle.registry import did_you_mean

_IMMATERIAL = (
    "tracking.",
    "features.folder",
    "features.threads",
    "features.engine.",
    "trainer.devices",
    "trainer.nodes",
)
_MEASURED_BY = ("data.", "evaluation.", "training.validation_split")


@dataclass(frozen=True)
class Named:
    """A name that is known.

    Attributes:
        name: As the file has it.
        key: With dots.
        rule: What becomes of it, if it is one of the prior work's.
    """

    name: str
    key: str
    rule: Rule | None = None

    @property
    def setting(self) -> str | None:
        """Our dotted key; None if nothing corresponds."""
        return self.rule.setting if self.rule else self.key

    @property
    def remark(self) -> str:
        """What became of it, a sentence; empty where it is one of our own names."""
        if self.rule is None:
            return ""
        if self.setting is None:
            return f"{self.name} is not used: {self.rule.note or 'it is always so'}."
        return f"{self.name} is {self.setting} here{self.rule.note and f': {self.rule.note}'}."

    def settings(self, value: Any) -> dict[str, Any]:
        """Return our settings for one value; none if nothing here corresponds to the name.

        Raises:
            ConfigError: If nothing here corresponds to the value.
        """
        translated = translate(self.key, value) if self.rule else None
        if self.rule is None or translated is None:
            return {self.key: value}
        if translated.outcome == "dropped" and self.rule.known:
            raise ConfigError(f"nothing corresponds to {value!r} here: {translated.note}")
        return dict(translated.settings)

    def parameter(self, form: Range) -> Parameter:
        """Return the search over our setting.

        Raises:
            ConfigError: If nothing corresponds to the name or a value, or trials could not be compared.
        """
        setting = self.setting
        if setting is None:
            note = (self.rule and (self.rule.otherwise or self.rule.note)) or ""
            raise ConfigError(f"there is nothing to search here: {note}; leave it out")
        if setting.startswith(_IMMATERIAL):
            raise ConfigError(f"nothing that is measured depends on {setting}; leave it out")
        if setting.startswith(_MEASURED_BY):
            raise ConfigError(
                f"{setting} says on what or how a trial is measured, and trials that differ in it cannot be compared; "
                "leave it out"
            )
        if self.rule is None:
            return Parameter(setting, form, self.name)
        if self.rule.known:
            form = self._translated(form, setting, self.rule)
        return Parameter(setting, form, self.name, dict(self.rule.implies))

    def _translated(self, form: Range, setting: str, rule: Rule) -> Range:
        if not isinstance(form.distribution, CategoricalDistribution | IntDistribution):
            raise ConfigError(f"values are needed, of these: {', '.join(str(there) for there, _ in rule.known)}")
        values = list(form.grid() or ())
        ours = [self.settings(value)[setting] for value in values]
        if ours == values:
            return form
        if len(set(ours)) < len(ours):
            raise ConfigError(f"two of the values are one here: {', '.join(map(str, ours))}")
        return replace(form, distribution=CategoricalDistribution(ours))


def find_name(name: str, known: Sequence[str]) -> Named:
    """Return what a name in a sweep file means.

    Args:
        name: Its words joined by dots or dashes.
        known: Our dotted keys.

    Raises:
        ConfigError: If there is no such setting; the nearest is named.

    Example:
        >>> find_name("training-learning_rate", ["training.learning_rate"]).setting
        'training.learning_rate'
        >>> find_name("AdamOptimizer-args-lr", []).setting
        'training.learning_rate'
    """
    key = name.replace("-", ".")
    if key in known:
        return Named(name, key)
    for place in _places(key):
        if place in RULES:
            return Named(name, place, RULES[place])
    raise ConfigError(f"no such setting.{did_you_mean(key, [*known, *RULES])} `auricle settings` lists them")


def _places(key: str) -> list[str]:
    """Return the key and the sections around it, which have an outcome for all in them."""
    parts = key.split(".")
    return [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
