"""What stands in an address and in a form, and what is asked by it."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from starlette.datastructures import ImmutableMultiDict

from auricle.errors import ConfigError
from auricle.serving.contract import Limits
from auricle.serving.question import Form, Question

FULL = Form(
    q="a dog; rain & wind",
    without="music",
    like=("0f-0", "0f-5000"),
    shortest="2",
    longest="10.5",
    name="Dogs/100%",
    about="O'Hara",
    where="rate > 8000 or channels = 2",
    top="30",
    hybrid=True,
    apart=True,
)


def test_a_form_comes_back_from_its_address() -> None:
    address = FULL.address()
    assert address.startswith("/?")
    assert Form.read(ImmutableMultiDict(parse_qsl(address[2:]))) == FULL
    assert Form().address() == "/"


def test_what_a_form_asks() -> None:
    question = FULL.question()
    assert question == Question(
        sentences=("a dog", "rain & wind"),
        without=("music",),
        like=("0f-0", "0f-5000"),
        where="duration >= 2.0 and duration <= 10.5 and path ilike '%Dogs/100%%' and "
        "(tags ilike '%O''Hara%' or caption ilike '%O''Hara%' or licence ilike '%O''Hara%') and "
        "(\nrate > 8000 or channels = 2\n)",
        top=30,
        hybrid=True,
        fold=False,
    )
    assert Form(q="  a   dog ;; ").question() == Question(sentences=("a dog",))


def test_a_filter_stays_one_whatever_is_written_in_it() -> None:
    """A quote, a comment or a parenthesis in one field does not touch the others."""
    from auricle.search.filters import parse

    for typed in ("' or 1=1 --", "x') or ('1'='1", "-- ", "/*"):
        parsed = parse(Form(q="x", longest="5", name=typed).question().where)
        assert parsed == "`duration` <= 5 AND `path` ILIKE '%{}%'".format(typed.strip().replace("'", "''"))
    commented = Form(q="x", longest="5", where="channels = 2 or rate > 1 -- ").question().where
    assert parse(commented) == "`duration` <= 5 AND (`channels` = 2 OR `rate` > 1)"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (Form(shortest="long"), "The shortest duration is 'long'; a number of seconds is needed."),
        (Form(longest="-1"), "The longest duration is '-1'; a number of seconds"),
        (Form(longest="inf"), "The longest duration is 'inf'; a number of seconds"),
        (Form(longest="nan"), "The longest duration is 'nan'; a number of seconds"),
        (Form(top="1.5"), "The number of results is '1.5'; a whole number from 1 on is needed."),
        (Form(top="0"), "The number of results is '0'"),
        (Form(top="9" * 5000), "The number of results is '99999999999999999999...'"),
        (Form(where="length < 5"), "asks about 'length', which is no column"),
    ],
)
def test_fields_without_a_meaning(form: Form, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence.replace(".", r"\.")):
        replace(form, q="a dog").question()


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (Question(), "Nothing is asked for"),
        (Question(without=("music",)), "Nothing is asked for"),
        (
            Question(sentences=("a" * 10_000,)),
            "The sentence has 10,000 characters; 1,000 are the most. Say it shorter.",
        ),
        (Question(sentences=("a",), without=("b" * 1_001,)), "The sentence has 1,001 characters"),
        (Question(sentences=("a",) * 10, without=("b",) * 7), "There are 17 sentences; 16 are the most."),
        (Question(like=("0f-0",) * 17), "There are 17 sounds to be like; 16 are the most."),
        (Question(sentences=("a",), top=201), "201 results are asked for; 1 to 200 can be had."),
        (Question(sentences=("a",), top=0), "0 results are asked for"),
    ],
)
def test_questions_that_cannot_be_asked(question: Question, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        question.check(Limits())


def test_a_sound_alone_can_be_asked_with() -> None:
    question = Question()
    assert question.check(Limits(), sounds=1) is question
