"""Founders of clips. Oracle: families written out by hand."""

import pytest

from auricle.data.families import founders


@pytest.mark.parametrize(
    ("made_from", "expected"),
    [
        ({"a": ("", "")}, {"a": {"a"}}),
        ({"a": ("", ""), "a1": ("a", ""), "a2": ("a1", "")}, {"a": {"a"}, "a1": {"a"}, "a2": {"a"}}),
        ({"a1": ("elsewhere", ""), "b": ("", "elsewhere")}, {"a1": {"elsewhere"}, "b": {"b", "elsewhere"}}),
        (
            {"a": ("", ""), "b": ("", ""), "a1": ("a", ""), "a+b": ("a", "b"), "b+a1": ("b", "a1"), "m": ("b+a1", "c")},
            {"a": {"a"}, "b": {"b"}, "a1": {"a"}, "a+b": {"a", "b"}, "b+a1": {"a", "b"}, "m": {"a", "b", "c"}},
        ),
        ({"a": ("a", "c"), "b": ("", "b")}, {"a": {"a", "c"}, "b": {"b"}}),
        ({"a": ("b", ""), "b": ("a", "")}, {"a": {"a"}, "b": {"a"}}),
        ({"a": ("b", "c"), "b": ("a", ""), "c": ("", "")}, {"a": {"c"}, "b": {"c"}, "c": {"c"}}),
    ],
    ids=["original", "copies", "strangers", "mixtures", "of itself", "circle", "circle with a way out"],
)
def test_what_a_clip_comes_from(made_from: dict[str, tuple[str, str]], expected: dict[str, set[str]]) -> None:
    assert founders(made_from) == expected
    assert founders(dict(reversed(made_from.items()))) == expected
