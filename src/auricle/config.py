"""Typed configuration: a YAML file that holds only differences, and dotted overrides on top.

A section is a frozen pydantic model that stands in the room it configures. An unknown key is an error that names the
near miss, and all faults are reported at once.
"""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError, model_validator
from pydantic_core import ErrorDetails

from auricle.errors import ConfigError
from auricle.places import local, shown
from auricle.registry import did_you_mean


def _place(value: object) -> object:
    try:
        return local(value) if isinstance(value, str | Path) else value
    except ConfigError as error:
        raise ValueError(str(error)) from None


Place = Annotated[Path, BeforeValidator(_place), PlainSerializer(shown, when_used="json")]
"""A file or folder: a path, from ``~`` if need be, or the URL of one in an object store, which is what is written."""


class Section(BaseModel):
    """Base of every configuration section: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_section(cls, values: object) -> object:
        return {} if values is None else values  # YAML's reading of a section whose settings are all commented out


S = TypeVar("S", bound=Section)


def read(schema: type[S], path: Path | None, overrides: Sequence[str] = ()) -> S:
    """Read a configuration file and apply ``key.path=value`` overrides, each value written as in YAML.

    Args:
        schema: The section that the whole file is.
        path: A YAML file, or None for defaults only.
        overrides: For example ``["training.batch_size=16", "data.collection=~/Clotho"]``; the last of a key wins.

    Raises:
        ConfigError: If the file or an override cannot be read or does not fit; every fault is listed.
    """
    values = read_yaml(path) if path else {}
    for override in overrides:
        apply(values, override)
    source = str(path or "the configuration") + (" with the command line" if overrides else "")
    return validate(schema, values, source=source)


def validate(schema: type[S], values: dict[str, Any], *, source: str) -> S:
    """Return `values` as a section.

    Raises:
        ConfigError: If they do not fit; `source` names where they came from.
    """
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(_sentence(schema, detail) for detail in error.errors())
        raise ConfigError(f"{source} has {error.error_count()} unusable setting(s): {faults}.") from None


def dump(section: Section, *, only_differences: bool = False) -> str:
    """Return the whole resolved section as YAML, defaults included, or only what differs from them."""
    values = section.model_dump(mode="json", exclude_defaults=only_differences)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> list[str]:
    """Return the dotted settings in which two dumped configurations differ, as ``key: this -> that``.

    Example:
        >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})
        ['a.b: 1 -> 3']
    """
    lines = []
    for key in sorted({*one, *other}):
        here, there = one.get(key), other.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            lines += differences(here, there, f"{prefix}{key}.")
        elif here != there:
            lines.append(f"{prefix}{key}: {here} -> {there}")
    return lines


def flat(values: Mapping[str, Any], *, separator: str = ".", prefix: str = "") -> dict[str, Any]:
    """Return nested values by their whole names.

    Example:
        >>> flat({"a": {"b": 1}, "c": 2})
        {'a.b': 1, 'c': 2}
    """
    named: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            named |= flat(value, separator=separator, prefix=f"{prefix}{key}{separator}")
        else:
            named[f"{prefix}{key}"] = value
    return named


@dataclass(frozen=True)
class Setting:
    """One key of a configuration.

    Attributes:
        key: Dotted: ``training.batch_size``.
        default: As written in YAML.
        meaning: From the docstring of its section.
    """

    key: str
    default: str
    meaning: str

    @property
    def places(self) -> list[str]:
        """The key itself and the sections around it: ``models``, ``models.audio``, ``models.audio.frozen``."""
        parts = self.key.split(".")
        return [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def describe(schema: type[Section], prefix: str = "") -> list[Setting]:
    """Return every setting of a section and of the sections inside it, in the order of the code.

    Example:
        >>> class Kennel(Section):
        ...     '''Where dogs live.
        ...
        ...     Attributes:
        ...         dogs: How many.
        ...     '''
        ...     dogs: int = 2
        >>> describe(Kennel)
        [Setting(key='dogs', default='2', meaning='How many.')]
    """
    meanings = _meanings(schema)
    settings: list[Setting] = []
    for name, field in schema.model_fields.items():
        if isinstance(field.default, Section):
            settings += describe(type(field.default), f"{prefix}{name}.")
        else:
            default = json.dumps(field.default, ensure_ascii=False)
            settings.append(Setting(f"{prefix}{name}", default, meanings.get(name, "")))
    return settings


def _meanings(schema: type[Section]) -> dict[str, str]:
    """Return what the part ``Attributes:`` of a section's docstring says of each."""
    _, _, attributes = inspect.cleandoc(schema.__doc__ or "").partition("Attributes:\n")
    meanings = {}
    for entry in re.split(r"\n    (?=\S)", f"\n{attributes}")[1:]:
        names, _, meaning = entry.partition(":")
        meanings.update(dict.fromkeys(names.split(", "), " ".join(meaning.split())))
    return meanings


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the sections of a YAML file, none where it is empty.

    Raises:
        ConfigError: If it cannot be read, or holds something else than sections.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration file {path}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}.") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}; `section:` with indented settings is needed.")
    return values


def apply(values: dict[str, Any], override: str) -> None:
    """Set one ``key.path=value`` in nested values; raises `ConfigError` if it is none."""
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise ConfigError(f"{override!r} is not a setting; write key.path=value, as in training.batch_size=16.")
    *sections, key = path.split(".")
    place = values
    for name in sections:
        if place.get(name) is None:
            place[name] = {}
        place = place[name]
        if not isinstance(place, dict):
            raise ConfigError(f"{override!r}: {name!r} is a value, not a section.")
    try:
        place[key] = yaml.safe_load(text)
    except yaml.YAMLError:
        place[key] = text


def _sentence(schema: type[Section], detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_at(schema, detail["loc"][:-1])
        listed = f" Known: {', '.join(known)}" if known else " There are none"
        return f"{where}: no such setting.{did_you_mean(str(detail['loc'][-1]), known)}{listed}"
    message = detail["msg"].removeprefix("Value error, ")
    sentence = f"{message[0].lower()}{message[1:].rstrip('.')}"
    whole_section = detail["type"] == "value_error" and isinstance(detail["input"], dict)
    came = "" if whole_section else f" (got {detail['input']!r})"
    return f"{where}: {sentence}{came}" if where else sentence + came


def _keys_at(schema: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    place: Any = schema
    for part in location:
        field = getattr(place, "model_fields", {}).get(part)
        if field is None:
            return []
        annotation = field.annotation
        options = [annotation, *get_args(annotation)]
        place = next((option for option in options if hasattr(option, "model_fields")), None)
    return sorted(getattr(place, "model_fields", {}))
