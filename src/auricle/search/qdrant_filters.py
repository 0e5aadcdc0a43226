"""Conditions as Qdrant filters.

`auricle.search.filters.parse` writes a condition of a closed set of parts; each of them becomes a part of a filter,
with ``and``, ``or`` and ``not`` around them as they stand. Numbers are ranges, equal words are matches. What Qdrant
cannot compare (patterns, and words by their order) speaks of files, never of windows: it is decided here for every
file, and the filter names the files. That takes as long as looking at the words of all files, and as much of a request
as the shorter of both lists, those that pass and those that do not.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from auricle.search.records import SoundFile

if TYPE_CHECKING:
    from qdrant_client.models import Filter

_RANGES = {"LT": "lt", "LTE": "lte", "GT": "gt", "GTE": "gte"}
_TURNED = {"LT": "GT", "LTE": "GTE", "GT": "LT", "GTE": "LTE", "EQ": "EQ", "NEQ": "NEQ"}
_WORDS: dict[str, Callable[[SoundFile], str]] = {
    "path": lambda file: file.path,
    "licence": lambda file: file.said.licence,
    "tags": lambda file: file.said.tags,
    "caption": lambda file: file.said.caption,
}
_ORDER: dict[str, Callable[[str, str], bool]] = {
    "LT": lambda one, other: one < other,
    "LTE": lambda one, other: one <= other,
    "GT": lambda one, other: one > other,
    "GTE": lambda one, other: one >= other,
}

Files = Callable[[], Mapping[str, SoundFile]]


def translate(where: str, *, files: Files) -> "Filter":
    """Return a condition as a filter.

    Args:
        where: As `auricle.search.filters.parse` writes it; not empty.
        files: Returns all files by record; asked only where the condition needs it.
    """
    from sqlglot import exp, parse_one

    tree = parse_one(where, into=exp.Condition, dialect="sqlite")  # names in backticks, '' in words
    return _Translator(files).filter(tree)


class _Translator:
    def __init__(self, files: Files) -> None:
        from qdrant_client import models

        self.files = files
        self.models = models

    def filter(self, node: Any) -> "Filter":
        """Translate what is true or false."""
        from sqlglot import exp

        every = self.models.Filter
        if isinstance(node, exp.And):
            return every(must=[self.filter(node.left), self.filter(node.right)])
        if isinstance(node, exp.Or):
            return every(should=[self.filter(node.left), self.filter(node.right)])
        if isinstance(node, exp.Paren):
            return self.filter(node.this)
        if isinstance(node, exp.Not):
            return self.negated(node.this)
        if isinstance(node, exp.Boolean):
            return self.all() if node.this else self.none()
        if node.args.get("negate"):
            plain = node.copy()
            plain.set("negate", None)
            return self.negated(plain)
        if isinstance(node, exp.Like | exp.ILike):
            matches = pattern(node.expression.name, ignoring_case=isinstance(node, exp.ILike)).fullmatch
            return self.by_file(node.this.name, lambda text: matches(text) is not None)
        if isinstance(node, exp.In):
            return self.among(node.this.name, [_value(one) for one in node.expressions])
        if isinstance(node, exp.Between):
            return self.between(node.this.name, _value(node.args["low"]), _value(node.args["high"]))
        kind, column, literal = type(node).__name__, node.left, node.right
        if not isinstance(column, exp.Column):
            kind, column, literal = _TURNED[kind], literal, column
        return self.compared(column.name, kind, _value(literal))

    def compared(self, column: str, kind: str, value: str | float) -> "Filter":
        """Translate a comparison with one value."""
        if kind in ("EQ", "NEQ"):
            equal = self.among(column, [value])
            return equal if kind == "EQ" else self.models.Filter(must_not=[equal])
        if isinstance(value, str):
            return self.by_file(column, lambda text: _ORDER[kind](text, value))
        return self.ranged(column, **{_RANGES[kind]: value})

    def among(self, column: str, values: list[Any]) -> "Filter":
        """Translate that a column has one of some values."""
        if isinstance(values[0], str):
            match = self.models.MatchAny(any=values)
            return self.models.Filter(must=[self.models.FieldCondition(key=column, match=match)])
        return self.models.Filter(should=[self.ranged(column, gte=value, lte=value) for value in values])

    def between(self, column: str, low: Any, high: Any) -> "Filter":
        """Translate that a column lies between two values, which count."""
        if isinstance(low, str):
            return self.by_file(column, lambda text: low <= text <= high)
        return self.ranged(column, gte=low, lte=high)

    def by_file(self, column: str, holds: Callable[[str], bool]) -> "Filter":
        """Decide about every file here."""
        passing: list[str] = []
        failing: list[str] = []
        for record, file in self.files().items():
            (passing if holds(_WORDS[column](file)) else failing).append(record)
        if not passing or not failing:
            return self.all() if passing else self.none()
        named = self.models.MatchAny(any=min(passing, failing, key=len))
        condition = self.models.FieldCondition(key="record", match=named)
        if len(passing) <= len(failing):
            return self.models.Filter(must=[condition])
        return self.models.Filter(must_not=[condition])

    def negated(self, node: Any) -> "Filter":
        """Translate what must not be."""
        return self.models.Filter(must_not=[self.filter(node)])

    def ranged(self, column: str, **bounds: float) -> "Filter":
        """Translate that a number lies within bounds."""
        condition = self.models.FieldCondition(key=column, range=self.models.Range(**bounds))
        return self.models.Filter(must=[condition])

    def all(self) -> "Filter":
        """Return what every window passes."""
        return self.ranged("start", gte=0)

    def none(self) -> "Filter":
        """Return what no window passes."""
        return self.ranged("start", lt=0)


def pattern(text: str, *, ignoring_case: bool) -> re.Pattern[str]:
    r"""Return a pattern of LIKE as a regular expression.

    Example:
        >>> bool(pattern(r"100\%%", ignoring_case=False).fullmatch("100% rain"))
        True
    """
    meaning = {"%": ".*", "_": ".", r"\%": "%", r"\_": "_", r"\\": r"\\"}
    parts = re.findall(r"\\[%_\\]|.", text, re.DOTALL)
    expression = "".join(meaning.get(part, re.escape(part)) for part in parts)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignoring_case else 0))


def _value(node: Any) -> str | float:
    """Return what a literal says."""
    from sqlglot import exp

    if isinstance(node, exp.Neg):
        return -float(node.this.name)
    return str(node.name) if node.is_string else float(node.name)
