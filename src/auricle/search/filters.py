r"""What a search leaves out: a condition on the columns of an index, in the words of SQL.

``duration < 5 and path like '%birds%'`` is parsed into a tree that is closed: known columns, literals and a few
operators. What a store is handed is written anew from that tree, never the text that somebody typed.

==============================  ===========================================================
comparisons                     ``= != <> < <= > >=``, ``between``, ``in``
patterns, of words              ``like`` (``%`` any characters, ``_`` one, ``\%`` a percent sign);
                                ``ilike`` whatever the case
unknown                         ``licence is null``, ``caption is not null``: empty is unknown
together                        ``and``, ``or``, ``not``, parentheses
==============================  ===========================================================
"""

import logging
import math
from typing import Any, Literal

from auricle.errors import ConfigError
from auricle.registry import did_you_mean

COLUMNS: dict[str, Literal["words", "number"]] = {
    "path": "words",
    "start": "number",
    "end": "number",
    "duration": "number",
    "rate": "number",
    "channels": "number",
    "licence": "words",
    "tags": "words",
    "caption": "words",
}
"""What can be asked about: times in seconds, rates in Hz; `start` and `end` of the window, `duration` of the file."""

LONGEST = 2_000
"""Characters that a condition may have."""

_MOST_PARTS = 100
_UNDERSTOOD = frozenset({"this", "expression", "expressions", "low", "high", "negate"})


def parse(where: str) -> str:
    """Return a condition as a store takes it.

    Args:
        where: As a person writes it; empty for no condition.

    Returns:
        SQL over `COLUMNS` with every name quoted, or the empty string.

    Raises:
        ConfigError: If it is no condition, or uses what is not known here.

    Example:
        >>> parse("Duration < 5 and path like '%birds%'")
        "`duration` < 5 AND `path` LIKE '%birds%'"
        >>> parse("length < 5")
        Traceback (most recent call last):
        auricle.errors.ConfigError: The condition 'length < 5' asks about 'length', which is no column. ...
    """
    if not where.strip():
        return ""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # of what it finds odd, the error tells enough
    if len(where) > LONGEST:
        raise ConfigError(f"The condition has {len(where):,} characters; {LONGEST:,} are the most.")
    try:
        return _Writer(where).condition(parse_one(where, into=exp.Condition))
    except (SqlglotError, RecursionError):
        raise _fault(where, "cannot be read. It is written as in: duration < 5 and path like '%birds%'") from None


class _Writer:
    """Writes a tree out again, as far as it is made of what is known."""

    def __init__(self, where: str) -> None:
        from sqlglot import exp

        self.where = where
        self.parts = 0
        self.together: dict[type, str] = {exp.And: "AND", exp.Or: "OR"}
        self.comparing: dict[type, str] = {
            exp.EQ: "=",
            exp.NEQ: "<>",
            exp.LT: "<",
            exp.LTE: "<=",
            exp.GT: ">",
            exp.GTE: ">=",
        }
        self.patterns: dict[type, str] = {exp.Like: "LIKE", exp.ILike: "ILIKE"}

    def condition(self, node: Any) -> str:
        """Write what is true or false."""
        from sqlglot import exp

        self.parts += 1
        if self.parts > _MOST_PARTS:
            raise _fault(self.where, f"has more than {_MOST_PARTS} parts")
        kind = type(node)
        if any(value for name, value in node.args.items() if name not in _UNDERSTOOD):
            raise self.unknown(node)
        if kind in self.together:
            return f"{self.condition(node.left)} {self.together[kind]} {self.condition(node.right)}"
        if isinstance(node, exp.Paren):
            return f"({self.condition(node.this)})"
        if isinstance(node, exp.Not):
            return f"NOT ({self.condition(node.this)})"
        if kind in self.comparing:
            return self.comparison(node.left, self.comparing[kind], node.right)
        if not isinstance(node, exp.Predicate):
            raise self.unknown(node)
        column, meaning = self.column(node.this)
        if kind in self.patterns:
            if meaning != "words":
                raise _fault(self.where, f"compares the number {node.this.name} with a pattern")
            negated = "NOT " if node.args.get("negate") else ""
            return f"{column} {negated}{self.patterns[kind]} {self.literal(node.expression, 'words')}"
        if isinstance(node, exp.In) and node.expressions:
            return f"{column} IN ({', '.join(self.literal(value, meaning) for value in node.expressions)})"
        if isinstance(node, exp.Between):
            low, high = node.args["low"], node.args["high"]
            return f"{column} BETWEEN {self.literal(low, meaning)} AND {self.literal(high, meaning)}"
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return f"{column} = ''" if meaning == "words" else "FALSE"
        raise self.unknown(node)

    def comparison(self, left: Any, operator: str, right: Any) -> str:
        """Write a column and a literal, in whichever order they stand."""
        from sqlglot import exp

        if isinstance(left, exp.Column):
            column, meaning = self.column(left)
            return f"{column} {operator} {self.literal(right, meaning)}"
        if not isinstance(right, exp.Column):
            raise self.unknown(left)
        column, meaning = self.column(right)
        return f"{self.literal(left, meaning)} {operator} {column}"

    def column(self, node: Any) -> tuple[str, Literal["words", "number"]]:
        """Write a column's name; return what it holds, too."""
        from sqlglot import exp

        if not isinstance(node, exp.Column) or len(node.parts) != 1:
            raise self.unknown(node)
        name = node.name.lower()
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            guess = did_you_mean(name, list(COLUMNS))
            raise _fault(self.where, f"asks about {node.name!r}, which is no column.{guess} Known: {known}")
        return f"`{name}`", COLUMNS[name]

    def literal(self, node: Any, meaning: Literal["words", "number"]) -> str:
        """Write a number, or words in quotes."""
        from sqlglot import exp

        sign, value = ("-", node.this) if isinstance(node, exp.Neg) else ("", node)
        if not isinstance(value, exp.Literal | exp.Column):
            raise self.unknown(node)
        if value.is_string and meaning == "words" and not sign:
            return "'" + value.name.replace("'", "''") + "'"
        if value.is_number and meaning == "number" and math.isfinite(float(value.name)):
            return f"{sign}{_number(float(value.name))}"
        wanted = "words in single quotes" if meaning == "words" else "a number"
        raise _fault(self.where, f"has {' '.join(node.sql().split())} where {wanted} should stand")

    def unknown(self, node: Any) -> ConfigError:
        """Return what to say of anything else."""
        return _fault(
            self.where,
            f"has {node.sql()[:60]!r}, which is not understood here. There are columns, numbers, 'words', comparisons, "
            "like, ilike, in, between, is null, and, or, not",
        )


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _fault(where: str, what: str) -> ConfigError:
    shown = where if len(where) <= 80 else f"{where[:80]}..."
    return ConfigError(f"The condition {shown!r} {what}.")
