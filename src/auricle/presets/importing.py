"""Reading a configuration of the prior work as one of ours, and saying what became of each of its keys.

Most is said by the table in `prior_work`, key by key. What follows from several keys is said here:

- Two keys for one of our settings (three data sets, two output dimensions) should agree; where they do not, the first
  counts and the other is dropped with a note.
- ``audio_enc.fc_units`` 2048 is the width of the fully connected layer that CNN14 has anyway. The prior work's code
  builds no further layer from it, and none from ``text_enc.fc_units``; only the variant of the code that its search
  ran with did. A file that says 2048 is therefore read as having no such layers.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auricle import config as configuration
from auricle.errors import ConfigError
from auricle.presets.prior_work import RULES, Outcome, Translated, translate
from auricle.registry import did_you_mean
from auricle.storage import write_text, writing
from auricle.training import RunConfig

_AUDIO_UNITS, _TEXT_UNITS = "DualEncoderModel.audio_enc.fc_units", "DualEncoderModel.text_enc.fc_units"
_WITHOUT_LAYERS = {
    _AUDIO_UNITS: Translated(
        "kept", {}, "CNN14's own layer has this width; models.audio.hidden=2048 adds a layer, as in the prior search"
    ),
    _TEXT_UNITS: Translated(
        "dropped", {}, f"no layer was made of it where {_AUDIO_UNITS} is 2048; models.text.hidden adds one"
    ),
}
_FC1_WIDTH = 2048
_OUTCOMES: tuple[Outcome, ...] = ("kept", "renamed", "changed", "dropped")


@dataclass(frozen=True)
class Line:
    """One key of a file and what became of it.

    Attributes:
        key: With dots.
        value: As in the file.
        became: Its outcome, our settings and the reason.
    """

    key: str
    value: Any
    became: Translated


@dataclass(frozen=True)
class Imported:
    """A configuration of the prior work as one of ours.

    Attributes:
        source: The file it came from.
        config: Ours.
        lines: One per key of the file, in its order.
    """

    source: Path
    config: RunConfig
    lines: tuple[Line, ...]

    def yaml(self) -> str:
        """Return a configuration file: where it came from, and what differs from the defaults."""
        title = f"# From {self.source.name!r}, a configuration of the prior work, by `auricle config import`.\n"
        return title + configuration.dump(self.config, only_differences=True)


def import_config(path: Path) -> Imported:
    """Read a configuration file of the DCASE baseline of 2023 or of the thesis after it.

    Raises:
        ConfigError: If it cannot be read, holds no key of theirs, or a value does not fit the setting that it becomes.
    """
    file = dict(_keys(configuration.read_yaml(path)))
    if not any(key in RULES for key in file):
        raise ConfigError(
            f"{path} holds no key of the prior work, such as param_conf.batch_size. `auricle train` takes "
            "configurations of auricle as they are."
        )
    special = _WITHOUT_LAYERS if file.get(_AUDIO_UNITS) == _FC1_WIDTH else {}
    lines: list[Line] = []
    for key, value in file.items():
        became = special.get(key) or translate(key, value) or _unknown(key, value)
        lines.append(_agreeing(Line(key, value, became), lines))
    return Imported(path, _validated(lines, path), tuple(lines))


def write(imported: Imported, path: Path) -> Path:
    """Write the configuration to `path` and return that.

    Raises:
        ConfigError: If something else is there already.
        StorageError: If the folder cannot be written.
    """
    text = imported.yaml()
    with writing(path.parent):
        taken = path.exists() and (path.is_dir() or path.read_bytes() != text.encode())
    if taken:
        raise ConfigError(f"{path} is there already and says something else. Remove it, or choose another --output.")
    write_text(path, text)
    return path


def table(imported: Imported) -> str:
    """Return what became of every key, for a terminal; keys with the same outcome and reason stand together."""
    together: defaultdict[tuple[Outcome, str], list[Line]] = defaultdict(list)
    for line in imported.lines:
        together[line.became.outcome, line.became.note].append(line)
    different = configuration.flat(imported.config.model_dump(mode="json", exclude_defaults=True))
    rows = []
    for (outcome, note), lines in sorted(together.items(), key=lambda item: _OUTCOMES.index(item[0][0])):
        rows.append(f"{outcome}: {note}" if note else outcome)
        rows += [f"    {_row(line, different)}" for line in lines]
    counts = [sum(line.became.outcome == outcome for line in imported.lines) for outcome in _OUTCOMES]
    rows.append(", ".join(f"{count} {outcome}" for count, outcome in zip(counts, _OUTCOMES, strict=True)))
    return "\n".join(rows)


def _row(line: Line, different: Mapping[str, Any]) -> str:
    ours = [
        f"{setting} = {_shown(value)}" + ("" if setting in different else ", the default")
        for setting, value in line.became.settings.items()
    ]
    return f"{line.key} = {_shown(line.value)}" + (f"  ->  {'; '.join(ours)}" if ours else "")


def _shown(value: Any) -> str:
    return "..." if isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False, default=str)


def _keys(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of a file with dots; of a section of which nothing is known, the section alone."""
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value and _is_section(key):
            yield from _keys(value, f"{key}.")
        else:
            yield key, value


def _is_section(key: str) -> bool:
    return any(known.startswith(f"{key}.") for known in RULES)


def _unknown(key: str, value: Any) -> Translated:
    if _is_section(key):
        return Translated("dropped", {}, "it holds no settings" if not value else "settings are needed inside it")
    section, dot, name = key.rpartition(".")
    known = {known.removeprefix(section + dot).split(".")[0] for known in RULES if known.startswith(section + dot)}
    return Translated("dropped", {}, f"no such key is known.{did_you_mean(name, sorted(known))}")


def _agreeing(line: Line, before: Sequence[Line]) -> Line:
    """Return a line, dropped if one before it gives one of its settings another value."""
    for setting, value in line.became.settings.items():
        for other in before:
            first = other.became.settings.get(setting, value)
            if first != value:
                reason = f"{setting} is {_shown(first)} already, by {other.key}"
                return Line(line.key, line.value, Translated("dropped", {}, reason))
    return line


def _validated(lines: Sequence[Line], path: Path) -> RunConfig:
    values: dict[str, Any] = {}
    for line in lines:
        for setting, value in line.became.settings.items():
            *sections, name = setting.split(".")
            place = values
            for section in sections:
                place = place.setdefault(section, {})
            place[name] = value
    try:
        return configuration.validate(RunConfig, values, source=f"{path}, in auricle's words,")
    except ConfigError as error:
        theirs = [
            f" {setting} is {line.key} there."
            for line in lines
            for setting in line.became.settings
            if f"{setting}: " in str(error)
        ]
        raise ConfigError(f"{error}{''.join(theirs)}") from None
