"""What a client asks: a search as it stands in an address, in a form and in a call.

`Question` is one search, checked against the limits. `Form` is the page's form, as it was typed: it can always be shown
again, stands whole in the page's address, and becomes a question if what was typed has a meaning.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from auricle.errors import ConfigError
from auricle.serving.contract import Limits, Searchable

if TYPE_CHECKING:
    from starlette.datastructures import ImmutableMultiDict

    from auricle.search import Hit

TOP = 10
"""Results where nobody says how many."""

BETWEEN_SENTENCES = ";"
"""What stands between two sentences in one field of the form."""


@dataclass(frozen=True)
class Question:
    """One search.

    Attributes:
        sentences: What sounds shall be like; several are averaged.
        without: What they shall not be like.
        like: Windows that they shall be like.
        where: A condition on the columns of the index.
        top: How many results are wanted.
        hybrid: Whether words in names and tags count.
        fold: Whether near duplicates are one result.
    """

    sentences: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    where: str = ""
    top: int = TOP
    hybrid: bool = False
    fold: bool = True

    def ask(self, index: Searchable, *, sounds: Sequence[Path] = ()) -> "list[Hit]":
        """Return what an index answers; `sounds` are files that results shall be like."""
        return index.search(
            self.sentences,
            like=sounds,
            like_windows=self.like,
            without=self.without,
            where=self.where,
            top=self.top,
            hybrid=self.hybrid,
            fold=self.fold,
        )

    def check(self, limits: Limits, *, sounds: int = 0) -> "Question":
        """Return the question itself if it can be asked.

        Args:
            limits: What one client can cost.
            sounds: How many sound files come with it.

        Raises:
            ConfigError: If it asks for nothing, or for too much.

        Example:
            >>> Question(without=("music",)).check(Limits())
            Traceback (most recent call last):
            auricle.errors.ConfigError: Nothing is asked for: a sentence, a sound, or both are needed.
        """
        if not self.sentences and not self.like and not sounds:
            raise ConfigError("Nothing is asked for: a sentence, a sound, or both are needed.")
        for sentence in (*self.sentences, *self.without):
            if len(sentence) > limits.sentence_characters:
                raise ConfigError(
                    f"The sentence has {len(sentence):,} characters; {limits.sentence_characters:,} are the most. "
                    "Say it shorter."
                )
        for count, most, what in (
            (len(self.sentences) + len(self.without), limits.sentences, "sentences"),
            (len(self.like), limits.windows, "sounds to be like"),
        ):
            if count > most:
                raise ConfigError(f"There are {count:,} {what}; {most} are the most.")
        if not 1 <= self.top <= limits.top:
            raise ConfigError(f"{self.top:,} results are asked for; 1 to {limits.top} can be had.")
        return self


@dataclass(frozen=True)
class Form:
    """What stands in the page's form, as it was typed; the names are those in the address.

    Attributes:
        q: What it sounds like; sentences with ``;`` between them.
        without: What it shall not sound like.
        like: Windows that it shall be like.
        shortest: Seconds that the file lasts at least.
        longest: Seconds that it lasts at most.
        name: A part of its path.
        about: A part of its tags, caption or licence.
        where: A condition on the columns of the index.
        top: How many results.
        hybrid: Whether words in names and tags count.
        apart: Whether near duplicates are results of their own.
    """

    q: str = ""
    without: str = ""
    like: tuple[str, ...] = ()
    shortest: str = ""
    longest: str = ""
    name: str = ""
    about: str = ""
    where: str = ""
    top: str = ""
    hybrid: bool = False
    apart: bool = False

    @classmethod
    def read(cls, parameters: "ImmutableMultiDict[str, Any]") -> "Form":
        """Return the form as an address or a body has it; what is no field of it is left out."""

        def typed(name: str) -> list[str]:
            return [value for value in parameters.getlist(name) if isinstance(value, str) and value.strip()]

        return cls(
            **{name: f"{BETWEEN_SENTENCES} ".join(typed(name)) for name in ("q", "without")},
            **{name: " ".join(typed(name)) for name in ("shortest", "longest", "name", "about", "where", "top")},
            like=tuple(typed("like")),
            hybrid=bool(typed("hybrid")),
            apart=bool(typed("apart")),
        )

    @property
    def filters(self) -> int:
        """How many of the fields are set that are not seen at first."""
        seen = ("q", "without", "like")
        return sum(bool(getattr(self, field.name)) for field in fields(self) if field.name not in seen)

    def address(self, **changes: Any) -> str:
        """Return the address of the page with this form, some fields changed.

        Example:
            >>> Form(q="a dog", top="20").address(q="", like=("0f-0",))
            '/?like=0f-0&top=20'
        """
        changed = replace(self, **changes)
        pairs: list[tuple[str, str]] = []
        for field in fields(changed):
            value = getattr(changed, field.name)
            values = value if isinstance(value, tuple) else ("1" if value is True else value or "",)
            pairs += [(field.name, one) for one in values if one]
        return "/?" + urlencode(pairs, errors="replace") if pairs else "/"

    def question(self) -> Question:
        """Return what is asked.

        Raises:
            ConfigError: If a field has no meaning.
        """
        return Question(
            sentences=_sentences(self.q),
            without=_sentences(self.without),
            like=self.like,
            where=self._condition(),
            top=_number(self.top, "The number of results", whole=True, least=1) if self.top else TOP,
            hybrid=self.hybrid,
            fold=not self.apart,
        )

    def _condition(self) -> str:
        from auricle.search.filters import parse

        parse(self.where)  # alone, so that what is said about it shows what was typed
        parts = []
        if self.shortest:
            parts.append(f"duration >= {_number(self.shortest, 'The shortest duration')!r}")
        if self.longest:
            parts.append(f"duration <= {_number(self.longest, 'The longest duration')!r}")
        if self.name:
            parts.append(f"path ilike {_containing(self.name)}")
        if self.about:
            pattern = _containing(self.about)
            parts.append(f"(tags ilike {pattern} or caption ilike {pattern} or licence ilike {pattern})")
        if self.where:
            parts.append(f"(\n{self.where}\n)" if parts else self.where)
        return " and ".join(parts)


def _sentences(typed: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in typed.split(BETWEEN_SENTENCES) if part.strip())


def _containing(typed: str) -> str:
    words = typed.strip().replace("'", "''")
    return f"'%{words}%'"


def _number(typed: str, what: str, *, whole: bool = False, least: float = 0.0) -> Any:
    try:
        value = int(typed) if whole else float(typed)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= least):
        shown = typed if len(typed) <= 20 else f"{typed[:20]}..."
        kind = f"a whole number from {least:g} on" if whole else "a number of seconds"
        raise ConfigError(f"{what} is {shown!r}; {kind} is needed.")
    return value
