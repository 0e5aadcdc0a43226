"""Names for interchangeable parts: front ends, encoders, generators, measures.

A registry is the only way from a string in a configuration to an object. It lists its own names, so its error message
cannot age.
"""

import difflib
from collections.abc import Iterator
from typing import Generic, TypeVar

from auricle.errors import ConfigError

T = TypeVar("T")


def did_you_mean(name: str, known: list[str]) -> str:
    """Return `` Did you mean 'x'?`` when a known name is close to `name`, else the empty string.

    Example:
        >>> did_you_mean("cn14", ["cnn10", "cnn14", "yamnet"])
        " Did you mean 'cnn14'?"
    """
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


class Registry(Generic[T]):
    """A family of parts by name.

    Args:
        kind: What its members are, singular, as it appears in messages: ``front end``.

    Example:
        >>> shapes = Registry[int]("shape")
        >>> shapes.add("triangle", 3)
        3
        >>> shapes.get("triangel")
        Traceback (most recent call last):
        auricle.errors.ConfigError: No shape named 'triangel'. Did you mean 'triangle'? Known: triangle.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, T] = {}

    def add(self, name: str, member: T) -> T:
        """Register `member` under `name` and return it.

        Raises:
            ValueError: If the name is taken.
        """
        if name in self._members:
            raise ValueError(f"a {self.kind} named {name!r} exists already")
        self._members[name] = member
        return member

    def get(self, name: str) -> T:
        """Return the member called `name`.

        Raises:
            ConfigError: If there is none; the message names the nearest and all known ones.
        """
        if name not in self._members:
            names = sorted(self._members)
            raise ConfigError(f"No {self.kind} named {name!r}.{did_you_mean(name, names)} Known: {', '.join(names)}.")
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._members))

    def __contains__(self, name: object) -> bool:
        return name in self._members
