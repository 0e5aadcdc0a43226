"""Conditions: what is understood means to the store what it means in Python, and nothing else gets through."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.errors import ConfigError
from auricle.search.filters import COLUMNS, LONGEST, parse
from auricle.search.lance import LanceStore
from auricle.search.records import Row, Said
from auricle.search.store import Store, View
from tests.search.fakes import DIM, described, meant
from tests.search.qdrant import QUIET, qdrant_in_memory

NAMES = (
    *("dogs/Dog.wav", "dogs/dog.wav", "Dogs_far.wav", "birds/100%.wav", "birds/100 percent.wav", "it's.wav"),
    *(
        "Über/ÄÖ.flac",
        "über/äö.flac",
        "back\\slash.wav",
        "line\nbreak.wav",
        '<b>"x"</b>.wav',
        "a\xa0b.wav",
        "雨.wav",
        "%",
    ),
)


STORES: dict[str, Callable[[Path], Store]] = {"LanceDB": partial(LanceStore, dim=DIM), "Qdrant": qdrant_in_memory}

pytestmark = QUIET


@pytest.fixture(scope="module", params=STORES)
def view(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> View:
    """Files of all names, each in one window or three, of different lengths, rates and licences."""
    store = STORES[request.param](tmp_path_factory.mktemp("index"))
    licences, rates = ("", "CC0", "CC BY 4.0", "it's mine"), (8000, 44100, 48000)
    store.add(
        [
            described(
                name,
                *["dog"] * (1 + 2 * (number % 2)),
                duration_s=(0.5, 5.0, 19.999)[number % 3] if number % 2 == 0 else 20.0 + number / 8,
                said=Said(licences[number % 4], "" if number % 3 else "dog Park", "" if number % 5 else "A dog. | 50%"),
                sample_rate=rates[number % 3],
                channels=1 + number % 2,
            )
            for number, name in enumerate(NAMES)
        ]
    )
    return store.view()


def answer(view: View, where: str) -> list[Row]:
    """Return the windows that meet a condition."""
    places, _ = view.nearest(meant(["dog"])[0], limit=1000, where=parse(where), exact=True)
    return sorted(view.rows(places), key=lambda row: (row.path, row.start_s))


def value(row: Row, column: str) -> str | float:
    """Return what a column of a row holds."""
    values: dict[str, str | float] = {
        "path": row.path,
        "start": row.start_s,
        "end": row.end_s,
        "duration": row.duration_s,
        "rate": row.sample_rate,
        "channels": row.channels,
        "licence": row.said.licence,
        "tags": row.said.tags,
        "caption": row.said.caption,
    }
    return values[column]


def matches(text: str, pattern: str, *, ignoring_case: bool = False) -> bool:
    """Return whether a text is as a pattern of LIKE says."""
    parts = re.findall(r"\\[%_\\]|.", pattern, re.DOTALL)
    meaning = {"%": ".*", "_": ".", r"\%": "%", r"\_": "_", r"\\": r"\\"}
    expression = "".join(meaning.get(part, re.escape(part)) for part in parts)
    return bool(re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if ignoring_case else 0)))


@dataclass(frozen=True)
class Condition:
    """A condition as it is written, and what it means."""

    text: str
    holds: Callable[[Row], bool]


OPERATORS: dict[str, Callable[[float | str, float | str], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<>": lambda one, other: one != other,
    "<": lambda one, other: one < other,  # type: ignore[operator]
    "<=": lambda one, other: one <= other,  # type: ignore[operator]
    ">": lambda one, other: one > other,  # type: ignore[operator]
    ">=": lambda one, other: one >= other,  # type: ignore[operator]
}
WORDS = sorted(column for column, meaning in COLUMNS.items() if meaning == "words")
NUMBERS = sorted(column for column, meaning in COLUMNS.items() if meaning == "number")

number = st.one_of(
    st.sampled_from([0, 1, 2, 5, 10, 8000, 44100, 48000, 0.5, 19.999, 20.125, 44100.5, -1, 1e30, -1e300, 1e-30]),
    st.floats(-100, 100),
    st.integers(-(10**20), 10**20),
)
words = st.one_of(
    st.sampled_from([*NAMES, "", "CC0", "CC BY 4.0", "it's mine", "dog Park", "A dog. | 50%", "d", "Dog"]),
    st.text("aZäÖ'\"\\%_ \n;-", max_size=4),
)
pattern = st.one_of(
    st.sampled_from(
        ["%dog%", "DOG%", "%.wav", "%", "", "_%", "%100\\%%", "%\\_%", "%\\\\%", "%ö%", "%line_break%", "雨%"]
    ),
    st.lists(st.sampled_from([*"dDoäÖ%%%_. /'", "\\%", "\\_", "\\\\"]), max_size=5).map("".join),
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def written(literal: str | float) -> str:
    return quoted(literal) if isinstance(literal, str) else repr(literal)


def compared(column: str, operator: str, literal: str | float, turned: bool) -> Condition:
    relation = OPERATORS[operator]
    if turned:
        return Condition(f"{written(literal)} {operator} {column}", lambda row: relation(literal, value(row, column)))
    return Condition(f"{column} {operator} {written(literal)}", lambda row: relation(value(row, column), literal))


def between(column: str, low: str | float, high: str | float, negated: bool) -> Condition:
    text = f"{column} {'not ' if negated else ''}between {written(low)} and {written(high)}"
    inside: Callable[[Row], bool] = lambda row: low <= value(row, column) <= high  # type: ignore[operator] # noqa: E731
    return Condition(text, lambda row: inside(row) != negated)


def among(column: str, literals: list[str | float], negated: bool) -> Condition:
    text = f"{column} {'not ' if negated else ''}in ({', '.join(map(written, literals))})"
    return Condition(text, lambda row: (value(row, column) in literals) != negated)


def like(column: str, pattern: str, ignoring_case: bool, negated: bool) -> Condition:
    text = f"{column} {'not ' if negated else ''}{'ILIKE' if ignoring_case else 'LIKE'} {quoted(pattern)}"
    return Condition(
        text, lambda row: matches(str(value(row, column)), pattern, ignoring_case=ignoring_case) != negated
    )


def unknown(column: str, negated: bool) -> Condition:
    text = f"{column} is {'not ' if negated else ''}null"
    return Condition(text, lambda row: (value(row, column) == "") != negated)


def negation(inner: Condition) -> Condition:
    return Condition(f"not ({inner.text})", lambda row: not inner.holds(row))


def conjunction(one: Condition, other: Condition) -> Condition:
    return Condition(f"({one.text}) and ({other.text})", lambda row: one.holds(row) and other.holds(row))


def disjunction(one: Condition, other: Condition) -> Condition:
    return Condition(f"(({one.text}) OR ({other.text}))", lambda row: one.holds(row) or other.holds(row))


def without_parentheses(one: Condition, other: Condition, third: Condition) -> Condition:
    """And binds closer than or, not closer than and."""
    text = f"{one.text} or not {other.text} and {third.text}"
    return Condition(text, lambda row: one.holds(row) or (not other.holds(row) and third.holds(row)))


of_words, of_numbers = st.sampled_from(WORDS), st.sampled_from(NUMBERS)
operators = st.sampled_from(sorted(OPERATORS))
simple = st.one_of(
    st.builds(compared, of_words, operators, words, st.booleans()),
    st.builds(compared, of_numbers, operators, number, st.booleans()),
    st.builds(between, of_words, words, words, st.booleans()),
    st.builds(between, of_numbers, number, number, st.booleans()),
    st.builds(among, of_words, st.lists(words, min_size=1, max_size=4), st.booleans()),
    st.builds(among, of_numbers, st.lists(number, min_size=1, max_size=4), st.booleans()),
    st.builds(like, of_words, pattern, st.booleans(), st.booleans()),
    st.builds(unknown, st.sampled_from([*WORDS, *NUMBERS]), st.booleans()),
)
conditions = st.recursive(
    st.one_of(simple, st.builds(without_parentheses, simple, simple, simple)),
    lambda inner: st.one_of(
        st.builds(negation, inner), st.builds(conjunction, inner, inner), st.builds(disjunction, inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(condition=conditions)
def test_a_store_understands_what_is_written_as_python_does(view: View, condition: Condition) -> None:
    everything = answer(view, "")
    assert len(everything) == len(NAMES) * 2
    assert answer(view, condition.text) == [row for row in everything if condition.holds(row)]


@pytest.mark.parametrize(
    ("where", "paths"),
    [
        ("path like '%Dog%'", ["Dogs_far.wav", "dogs/Dog.wav"]),
        ("path ilike 'DOGS/%'", ["dogs/Dog.wav", "dogs/dog.wav"]),
        ("path ilike 'über%'", ["Über/ÄÖ.flac", "über/äö.flac"]),
        ("path not like '%.wav' and path <> '%'", ["Über/ÄÖ.flac", "über/äö.flac"]),
        (r"path like '%100\%%'", ["birds/100%.wav"]),
        (r"path like '%\_%'", ["Dogs_far.wav"]),
        ("path = 'it''s.wav'", ["it's.wav"]),
        ("path = 'line\nbreak.wav' or \"path\" = 'a\xa0b.wav'", ["a\xa0b.wav", "line\nbreak.wav"]),
        ("Duration < 1 AND Channels = 1 and rate=8000", ["Über/ÄÖ.flac", "dogs/Dog.wav", "雨.wav"]),
        ("start = 10 and 'e' > path", ["%", "a\xa0b.wav", "birds/100%.wav", "dogs/dog.wav"]),
        ("licence is null and tags is not null and not caption isnull", ["dogs/Dog.wav"]),
        ("duration is null", []),
        ("rate in (8000, 48000) and caption like '%50\\%' /* of some */ -- dogs", ["dogs/Dog.wav", "it's.wav"]),
    ],
)
def test_each_operator(view: View, where: str, paths: list[str]) -> None:
    found = [path for path, _ in itertools.groupby(row.path for row in answer(view, where))]
    assert found == sorted(paths)


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_no_condition_is_none(blank: str) -> None:
    assert parse(blank) == ""


def test_what_is_written_for_the_store_is_written_anew() -> None:
    assert parse("DURATION<5/* ' */and Path like'%''%'") == "`duration` < 5 AND `path` LIKE '%''%'"
    assert parse("path = ' ; -- '") == "`path` = ' ; -- '"
    assert parse("duration > 5.000 or duration < .5e0 -- ; drop") == "`duration` > 5 OR `duration` < 0.5"
    assert parse("path NOT LIKE 'a'") == "`path` NOT LIKE 'a'"


NOT_READ = r"cannot be read\. It is written as in: duration < 5 and path like '%birds%'\.$"
NOT_UNDERSTOOD = (
    r"which is not understood here\. There are columns, numbers, 'words', comparisons, like, ilike, in, betw"
)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        *(
            (where, NOT_READ)
            for where in ("duration <", "duration < 5)", "((duration < 5)", "and", "'", "path = 'open")
        ),
        *(
            (where, NOT_READ)
            for where in ("drop table windows", "select 1", "delete from windows", "exec sp", ";", "/*")
        ),
        ("duration < 5; drop table windows", NOT_READ),
        ("path = 'a'; --", NOT_READ),
        ("path = 'a' union select path from windows", NOT_READ),
        ("path = 'a' order by path", NOT_READ),
        ("path = 'a' limit 1", NOT_READ),
        ("duration < 5 as x", NOT_READ),
        ("duration < 5 \x00", NOT_READ),
        ("path = '' or 1=1", rf"has '1', {NOT_UNDERSTOOD}"),
        ("path = '' or '1'='1'", rf"has \"'1'\", {NOT_UNDERSTOOD}"),
        ("path = '' or true", rf"has 'TRUE', {NOT_UNDERSTOOD}"),
        ("path", rf"has 'path', {NOT_UNDERSTOOD}"),
        ("'path'", NOT_UNDERSTOOD),
        ("5", NOT_UNDERSTOOD),
        ("null", NOT_UNDERSTOOD),
        ("*", NOT_UNDERSTOOD),
        ("()", NOT_UNDERSTOOD),
        ("path in (select path from windows)", NOT_UNDERSTOOD),
        ("path in ()", NOT_UNDERSTOOD),
        ("exists (select 1)", NOT_UNDERSTOOD),
        ("duration < (select 1)", NOT_UNDERSTOOD),
        ("duration + 1 < 5", rf"has 'duration \+ 1', {NOT_UNDERSTOOD}"),
        ("duration < 5 + 1", rf"has '5 \+ 1', {NOT_UNDERSTOOD}"),
        ("lower(path) = 'a'", NOT_UNDERSTOOD),
        ("length(path) > 5", NOT_UNDERSTOOD),
        ("cast(path as int) = 5", NOT_UNDERSTOOD),
        ("path::int = 5", NOT_UNDERSTOOD),
        ("case when duration < 5 then true else false end", NOT_UNDERSTOOD),
        ("path similar to 'a'", NOT_UNDERSTOOD),
        ("path rlike 'a'", NOT_UNDERSTOOD),
        ("path glob 'a'", NOT_UNDERSTOOD),
        ("path like 'a' escape 'b'", NOT_UNDERSTOOD),
        ("path like any ('a', 'b')", NOT_UNDERSTOOD),
        ("path is distinct from 'a'", NOT_UNDERSTOOD),
        ("duration is true", NOT_UNDERSTOOD),
        ("duration between symmetric 5 and 1", NOT_UNDERSTOOD),
        ("duration < 5 < 6", NOT_UNDERSTOOD),
        ("windows.path = 'a'", rf"has 'windows\.path', {NOT_UNDERSTOOD}"),
        ("path[0] = 'a'", NOT_UNDERSTOOD),
        ("path -> '[1e5]' = 'a'", NOT_UNDERSTOOD),
        ("path = ?", NOT_UNDERSTOOD),
        ("path = @@version", NOT_UNDERSTOOD),
        ("path = null", NOT_UNDERSTOOD),
        ("path = N'a'", NOT_UNDERSTOOD),
        ("'a' like path", NOT_UNDERSTOOD),
        (
            "durration < 5",
            r"asks about 'durration', which is no column\. Did you mean 'duration'\? Known: path, start, end",
        ),
        ("license = 'CC0'", r"asks about 'license', which is no column\. Did you mean 'licence'\?"),
        ("_rowid < 5", r"asks about '_rowid', which is no column\. Known"),
        ("record = 'a'", r"asks about 'record', which is no column"),
        ("vector is not null", r"asks about 'vector', which is no column"),
        ("duration < nan", r"has nan where a number should stand\.$"),
        ("duration < 1e400", r"has 1e400 where a number should stand\.$"),
        ("duration < -1e400", r"has -1e400 where a number should stand\.$"),
        ("duration < '5'", r"has '5' where a number should stand\.$"),
        ("duration in (1, 'a')", r"has 'a' where a number should stand\.$"),
        ("duration < rate", r"has rate where a number should stand\.$"),
        ("path = 5", r"has 5 where words in single quotes should stand\.$"),
        ("path like tags", r"has tags where words in single quotes should stand\.$"),
        ('path = "dog"', r'has "dog" where words in single quotes should stand\.$'),
        ("path between 'a' and 5", r"has 5 where words in single quotes should stand\.$"),
        ("path = -'a'", r"where words in single quotes should stand\.$"),
        ("duration like '5%'", r"compares the number duration with a pattern\.$"),
        ("duration = '\n\n'", r"has ' ' where a number should stand\.$"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(
    where: str, message: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigError, match=r"^The condition .* " + message) as refused:
        parse(where)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500
    assert (capfd.readouterr(), caplog.records) == (("", ""), [])


def deep(before: str, inner: str, after: str = "") -> str:
    times = (LONGEST - len(inner)) // len(before + after)
    return before * times + inner + after * times


@pytest.mark.parametrize(
    "where",
    [
        *(deep("(", "duration < 5", ")"), deep("(", ""), deep("not ", "duration < 5"), deep("!", "duration < 5")),
        *(deep("duration < 5 and ", "duration < 5"), deep("(rate=1 or ", "rate=1", ")"), deep("f(", "1", ")")),
        *(deep("1+", "1=rate"), deep("- ", "5=rate"), deep("(select ", ""), deep("case when ", "1"), deep("[", "")),
        *("path" + deep(" is not null", ""), "path" + deep("->'a'", ""), "path" + deep("::int", ""), deep("a.", "a=5")),
        *(deep("exists(", ""), deep("duration in (", "1"), deep("/*", ""), deep("'", ""), deep(";", ""), deep("{", "")),
    ],
)
def test_deep_and_long_conditions_are_refused(where: str) -> None:
    where = where[:LONGEST]
    with pytest.raises(ConfigError, match=r"cannot be read|is not understood|has more than 100 parts") as refused:
        parse(where)
    assert len(str(refused.value)) < 500


def test_how_long_a_condition_may_be(view: View) -> None:
    many = "rate in (" + "8000, " * 300 + "8000)"
    assert answer(view, many) == answer(view, "rate = 8000")
    fifty = " or ".join(["rate = 8000"] * 50)
    assert answer(view, fifty) == answer(view, "rate = 8000")
    longest = "path = '" + "a" * (LONGEST - 9) + "'"
    assert answer(view, longest) == []
    with pytest.raises(ConfigError, match=r"^The condition has 2,001 characters; 2,000 are the most\.$"):
        parse(longest + " ")


PIECES = """path duration < = ( ) ' '' and or not like in between is null 5 -1 , . ; -- /* */ % [ ] : :: || * " \\ @ $ #
{ } ? ! ~ ^ & | \x00 select from case when end cast as any all exists interval date tags, 'a' 0x 1e9 <>   ä"""


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from([*PIECES.split(" "), "\n"]), max_size=12).map(" ".join))
def test_any_other_text_is_a_condition_or_refused(view: View, where: str) -> None:
    try:
        parse(where)
    except ConfigError:
        return
    answer(view, where)  # what is understood can be asked
