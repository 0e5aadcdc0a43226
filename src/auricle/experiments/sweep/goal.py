"""What a sweep is after: one validation measure, and whether it should rise or fall.

The value of a trial is that of its best epoch by this measure. Names are those of ``metrics.jsonl``
(``validation/text_to_audio/mAP@10``), with or without ``validation/``, and the spellings of the field's sweep files:

==============================================  =======================================================
written                                         means
==============================================  =======================================================
``val_mAP``, ``val_mAP@10``, ``mAP``            ``validation/text_to_audio/mAP@10``
``val_Txt2Audio_R1``, ``val_Audio2Txt_mAP``     the same of either direction; also R5, R10, MRR
``val_loss``, ``val_obj``, ``validation_loss``  ``validation/loss``
==============================================  =======================================================

Case and what stands between the words make no difference.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from auricle.errors import ConfigError
from auricle.experiments.story import MEASURE
from auricle.registry import did_you_mean

_DIRECTIONS = {
    "text_to_audio": ("", "texttoaudio", "txttoaudio", "text2audio", "txt2audio", "t2a"),
    "audio_to_text": ("audiototext", "audiototxt", "audio2text", "audio2txt", "a2t"),
}
_MEASURES = {
    "R@1": ("r1", "recall1"),
    "R@5": ("r5", "recall5"),
    "R@10": ("r10", "recall10"),
    "mAP@10": ("map10", "map"),
    "median rank": ("medianrank", "medr"),
    "MRR": ("mrr",),
}
_LOSSES = ("loss", "obj")
_PREFIXES = ("validation", "valid", "val", "")
_FALLING = {"validation/loss", "validation/text_to_audio/median rank", "validation/audio_to_text/median rank"}

MEASURES = (
    "validation/loss",
    *(f"validation/{direction}/{name}" for direction in _DIRECTIONS for name in _MEASURES),
)
"""What a trial can be valued by, named as in ``metrics.jsonl``."""

_SPELLINGS = {
    **{f"{prefix}{word}": "validation/loss" for prefix in _PREFIXES for word in _LOSSES},
    **{
        f"{prefix}{side}{word}": f"validation/{direction}/{name}"
        for prefix in _PREFIXES
        for direction, sides in _DIRECTIONS.items()
        for side in sides
        for name, words in _MEASURES.items()
        for word in words
    },
}


@dataclass(frozen=True)
class Goal:
    """A validation measure and its direction.

    Attributes:
        measure: One of `MEASURES`.
    """

    measure: str = f"validation/{MEASURE}"

    @property
    def maximise(self) -> bool:
        """Whether more is better."""
        return self.measure not in _FALLING

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """The same in the words of sweep files."""
        return "maximize" if self.maximise else "minimize"

    def better(self, one: float, other: float) -> bool:
        """Return whether one value is better than another."""
        return one > other if self.maximise else one < other

    def best(self, rows: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
        """Return the best epoch of a run, the first of equals.

        Args:
            rows: One per epoch, at least one.

        Example:
            >>> rows = [{"epoch": 1, "validation/loss": 2.0}, {"epoch": 2, "validation/loss": 3.0}]
            >>> Goal("validation/loss").best(rows)["epoch"]
            1
        """
        best = rows[0]
        for row in rows[1:]:
            if self.better(row[self.measure], best[self.measure]):
                best = row
        return best


def read_goal(metric: Any) -> Goal:
    """Return what the section ``metric`` of a sweep file asks for; mAP@10 of text to audio where there is none.

    Raises:
        ConfigError: If it is no such section, names a measure of the evaluation split or none that is known, or its
            goal contradicts the measure.

    Example:
        >>> read_goal({"name": "val_obj", "goal": "minimize"})
        Goal(measure='validation/loss')
    """
    if metric is None:
        return Goal()
    if not isinstance(metric, dict) or not {"name"} <= metric.keys() <= {"name", "goal", "target"}:
        raise ConfigError(f"metric is written {{name: val_mAP, goal: maximize}}; got {metric!r}")
    if metric.get("target") is not None:
        raise ConfigError("metric.target is not known; a sweep ends after its trials, and may be stopped at any time")
    goal = Goal(_measure(str(metric["name"])))
    asked = str(metric.get("goal") or goal.direction).lower().replace("imise", "imize")
    if asked not in ("maximize", "minimize"):
        raise ConfigError(f"metric.goal is {metric['goal']!r}; maximize or minimize is needed")
    if asked != goal.direction:
        better = "higher" if goal.maximise else "lower"
        raise ConfigError(
            f"metric.goal is {metric['goal']!r}, but {goal.measure} is better when it is {better}; "
            f"write {goal.direction}"
        )
    return goal


def _measure(name: str) -> str:
    words = name.lower()
    if re.search(r"(?<![a-z])(eval|evaluation|test)(?![a-z])", words):
        raise ConfigError(
            f"metric.name is {name!r}, a measure of the evaluation split, which is for reporting: what is chosen on it "
            "can no longer be measured on it. Use a validation measure, val_mAP for example"
        )
    if re.search(r"(?<![a-z])(train|training)(?![a-z])", words):
        raise ConfigError(
            f"metric.name is {name!r}, which is measured on what is learned from. Use a validation measure, val_mAP "
            "for example"
        )
    measure = _SPELLINGS.get(re.sub(r"[^a-z0-9]", "", words))
    if measure is None:
        raise ConfigError(
            f"metric.name: no measure {name!r}.{did_you_mean(name, [*MEASURES])} Known: {', '.join(MEASURES)}"
        )
    return measure
