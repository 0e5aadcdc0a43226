"""The rules: what each corrects, by an example, and one function from caption to caption.

They are applied in the order in which they stand here. A rule that is applied twice changes nothing the second time,
and so do all of them together.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auricle.data.curation.doubled import reduce_doubled
from auricle.registry import Registry


@dataclass(frozen=True)
class Rule:
    """One kind of correction.

    Attributes:
        name: What it is called on the command line and in the record of changes.
        summary: What it does, in a few words.
        example: A caption, and what becomes of it.
        correct: The rule itself.
    """

    name: str
    summary: str
    example: tuple[str, str]
    correct: Callable[[str], str]


@dataclass(frozen=True)
class Step:
    """One rule that changed one caption.

    Attributes:
        rule: Its name.
        before: The caption before.
        after: The caption after.
    """

    rule: str
    before: str
    after: str


def _echoes(caption: str) -> str:
    def ending(match: re.Match[str]) -> str:
        return f"{match[1]}{'E' if match[2].isupper() else 'e'}{match[2]}"

    return re.sub(r"\b(echo)(s)\b", ending, caption, flags=re.IGNORECASE)


RULES: Registry[Rule] = Registry("rule")
"""All rules by name."""

ORDER = tuple(
    RULES.add(rule.name, rule).name
    for rule in (
        Rule(
            "surrounding-space",
            "white space before and after a caption goes",
            ("A dog barks. ", "A dog barks."),
            str.strip,
        ),
        Rule(
            "space-after-comma",
            "a comma is followed by a space, except in a number",
            ("The horn grows louder,then 1,000 people cheer.", "The horn grows louder, then 1,000 people cheer."),
            lambda caption: re.sub(r",(?=[^\W\d_])|(?<!\d),(?=\d)", ", ", caption),
        ),
        Rule(
            "space-before-comma",
            "no space stands before a comma",
            ("Rain falls , then stops.", "Rain falls, then stops."),
            lambda caption: re.sub(r"(?<=\S)\s+,", ",", caption),
        ),
        Rule(
            "runs-of-spaces",
            "any run of white space becomes one space",
            ("A train honks and  passes.", "A train honks and passes."),
            lambda caption: re.sub(r"\s+", " ", caption),
        ),
        Rule(
            "echoes",
            "the plural of echo is written echoes, whatever the case",
            ("Footsteps make echos in a hall.", "Footsteps make echoes in a hall."),
            _echoes,
        ),
        Rule(
            "doubled-word",
            "a word that was written twice by mistake is written once",
            ("A a bird sits on on a tree and goes tweet tweet.", "A bird sits on a tree and goes tweet tweet."),
            reduce_doubled,
        ),
    )
)
"""The names of all rules, in the order in which they are applied."""


def choose_rules(only: Sequence[str] = (), *, without: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of the rules that are meant.

    Args:
        only: Names of rules; all by default.
        without: Names of rules that are left out.

    Raises:
        ConfigError: If there is no such rule.

    Example:
        >>> choose_rules(["echoes", "doubled-word"], without=["echoes"])
        ('doubled-word',)
    """
    for name in (*only, *without):
        RULES.get(name)
    return tuple(name for name in ORDER if name in (only or ORDER) and name not in without)


def apply_rules(caption: str, names: Sequence[str] = ORDER) -> list[Step]:
    """Return what the rules do to a caption, step by step; nothing if it is as it should be.

    Args:
        caption: As written.
        names: Of the rules to apply, as `choose_rules` gives them; all by default.

    Example:
        >>> [step.rule for step in apply_rules("A a dog barks  loudly")]
        ['runs-of-spaces', 'doubled-word']
        >>> apply_rules("The colour of the echo.")
        []
    """
    steps = []
    for rule in map(RULES.get, names):
        corrected = rule.correct(caption)
        if corrected != caption:
            steps.append(Step(rule.name, caption, corrected))
        caption = corrected
    return steps
