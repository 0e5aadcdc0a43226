"""Curating: each rule by worked examples, the whole of Clotho by its record of changes."""

import csv
import io
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.data.changes import Change, read_changes, write_changes
from auricle.data.curation import ORDER, RULES, apply_rules, choose_rules, curate, read_corrections
from auricle.data.curation.doubled import MAY_FOLLOW_ITSELF, MEANT, undecided
from auricle.data.function_words import FUNCTION_WORDS
from auricle.data.words import plain, words
from auricle.errors import ConfigError, DataError, StorageError

HEADER = "file_name,caption_1,caption_2\n"


def corrected(caption: str, *names: str) -> str:
    steps = apply_rules(caption, names or ORDER)
    return steps[-1].after if steps else caption


@pytest.mark.parametrize("name", ORDER)
def test_the_example_of_a_rule_is_what_the_rule_alone_does(name: str) -> None:
    before, after = RULES.get(name).example
    assert corrected(before, name) == after
    assert [step.rule for step in apply_rules(before)] == [name]


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("surrounding-space", "  a dog barks\t", "a dog barks"),
        ("runs-of-spaces", "a  dog   barks\n at night", "a dog barks at night"),
        ("space-after-comma", "over,with a pause,only 1,000 times,3 of", "over, with a pause, only 1,000 times, 3 of"),
        ("space-after-comma", 'he says,"hello," and 2,5 m,', 'he says,"hello," and 2,5 m,'),
        ("space-after-comma", "blowing ,kids", "blowing , kids"),
        ("space-before-comma", "blowing , kids  , dogs", "blowing, kids, dogs"),
        ("space-before-comma", " , a dog", " , a dog"),
        ("echoes", "echos Echos ECHOS", "echoes Echoes ECHOES"),
        ("echoes", "an echo, its echo's echosystem, echoes", "an echo, its echo's echosystem, echoes"),
        ("doubled-word", "A a wind up is wound", "A wind up is wound"),
        ("doubled-word", "the the the end", "the end"),
        ("doubled-word", "on the The street, at at a turns turns busy busy", "on the street, at a turns busy"),
        ("doubled-word", "and and to to of of on on", "and to of on"),
        ("doubled-word", "then then water is turned off", "then water is turned off"),
        ("doubled-word", "It is a a-frame, an the-the thing", "It is a a-frame, an the-the thing"),
        ("doubled-word", "the, the; on. On", "the, the; on. On"),
    ],
)
def test_what_a_rule_changes_and_leaves(rule: str, before: str, after: str) -> None:
    assert corrected(before, rule) == after
    assert corrected(after, rule) == after


@pytest.mark.parametrize(
    "caption",
    [
        "tick tick, click click, bye bye, knock knock, chop chop, night night",
        "The song Rain Rain go away",
        "beep, beep, beep of a very very far far away machine",
        "A man knows that that dog had had enough of what it is is, and told her her name over over again",
        "shaking shaking clunking",
        "The grey colour of the theatre's centre, a tyre",
        "a walkie-talkie, a half-open door; it doesn't stop: 1,000 people!",
        "Une caf\u00e9 \u00e0 \u00e0",
    ],
)
def test_what_is_meant_stays(caption: str) -> None:
    assert apply_rules(caption) == []


def test_pairs_that_no_list_knows_are_pointed_out() -> None:
    assert list(undecided("the the shaking  shaking, tick tick bus Bus bus")) == ["shaking  shaking", "bus Bus bus"]


def test_no_list_contradicts_another() -> None:
    assert MAY_FOLLOW_ITSELF <= FUNCTION_WORDS
    assert not MEANT & (FUNCTION_WORDS - MAY_FOLLOW_ITSELF)


PARTS = ["a", "A", "the", "The", "on", "tick", "echos", ",", " ", "  ", "1", ".", "-"]


@given(
    st.lists(
        st.sampled_from(["a", "A", "the", "The", "on", "tick", "echos", ",", " ", "  ", "1", ".", "-"]), max_size=14
    )
)
def test_twice_is_once(parts: list[str]) -> None:
    once = corrected("".join(parts))
    assert corrected(once) == once


@given(st.lists(st.sampled_from(["dog", "barks", "rain", "1,000", "it's", "\u00e9cho"]), min_size=1, max_size=9))
def test_what_is_well_written_stays(parts: list[str]) -> None:
    assert apply_rules(" ".join(dict.fromkeys(parts)) + ".") == []


def test_rules_are_chosen_by_name() -> None:
    assert choose_rules() == ORDER
    assert choose_rules(["echoes"]) == ("echoes",)
    assert choose_rules(without=["echoes"]) == tuple(name for name in ORDER if name != "echoes")
    with pytest.raises(ConfigError, match=r"No rule named 'ecos'\. Did you mean 'echoes'\?"):
        choose_rules(without=["ecos"])


@pytest.mark.parametrize(
    ("caption", "text"),
    [
        ("A female voice over a walkie-talkie.", "a female voice over a walkie talkie"),
        ("Somebody's dog doesn\u2019t bark!", "somebodys dog doesnt bark"),
        (" CAF\u00c9,  na\u00efve \u96e8 ;", "caf\u00e9 na\u00efve \u96e8"),
        ("At 2.5 m, 50 % louder_now", "at 2 5 m 50 louder now"),
        ("...", ""),
    ],
)
def test_plain_text(caption: str, text: str) -> None:
    assert plain(caption) == text
    assert words(caption) == text.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two splits; the first has a leading space in a name, CRLF line ends, and a caption that two rules change."""
    (tmp_path / "in").mkdir()
    development = HEADER + 'rain.wav," A a  rain falls. ",It stops.\n x.wav,"busy, busy",A wind\n'
    path = tmp_path / "in" / "clotho_captions_development.csv"
    path.write_bytes(development.replace("\n", "\r\n").encode())
    (tmp_path / "in" / "clotho_captions_validation.csv").write_text(
        HEADER + "rain.wav,Echos.,Rain.\n", encoding="utf-8"
    )
    return tmp_path / "in"


def contents(folder: Path) -> dict[str, bytes]:
    """Every visible file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name[0] != "."
    }


def test_both_forms_and_the_record(folder: Path, tmp_path: Path) -> None:
    done = curate(folder, tmp_path / "out")
    found = contents(tmp_path / "out")
    assert found["clotho_captions_development.csv"].decode() == (
        HEADER + 'rain.wav,A rain falls.,It stops.\n x.wav,"busy, busy",A wind\n'
    )
    assert found["development_captions.csv"].decode() == (
        "fname,raw_text,text\n"
        "rain.wav,A rain falls.,a rain falls\nrain.wav,It stops.,it stops\n"
        ' x.wav,"busy, busy",busy busy\n x.wav,A wind,a wind\n'
    )
    assert found["validation_captions.csv"].decode().splitlines()[1] == "rain.wav,Echoes.,echoes"
    assert (
        read_changes(tmp_path / "out")
        == list(done.changes)
        == [
            Change(
                "development", "rain.wav", "caption_1", "surrounding-space", " A a  rain falls. ", "A a  rain falls."
            ),
            Change("development", "rain.wav", "caption_1", "runs-of-spaces", "A a  rain falls.", "A a rain falls."),
            Change("development", "rain.wav", "caption_1", "doubled-word", "A a rain falls.", "A rain falls."),
            Change("validation", "rain.wav", "caption_1", "echoes", "Echos.", "Echoes."),
        ]
    )
    assert len(found) == len(done.files) + 1 == 5


def test_in_place_the_published_files_are_kept(folder: Path) -> None:
    before = contents(folder)
    done = curate(folder)
    assert contents(folder / "published") == before
    again = contents(folder)
    second = curate(folder)
    assert (second.changes, second.files) == ((), ())
    assert contents(folder) == again
    assert read_changes(folder) == list(done.changes)


def test_in_place_and_elsewhere_give_the_same(folder: Path, tmp_path: Path) -> None:
    curate(folder, tmp_path / "out")
    curate(folder)
    here = {name: content for name, content in contents(folder).items() if "/" not in name}
    assert here == contents(tmp_path / "out")


def test_a_record_that_is_there_grows(folder: Path) -> None:
    named = Change("development", "a.wav", "file_name", "leading-space", " a.wav", "a.wav")
    write_changes(folder, [named])
    curate(folder, rules=["echoes"])
    curate(folder, rules=["runs-of-spaces"])
    assert [change.rule for change in read_changes(folder)] == ["leading-space", "echoes", "runs-of-spaces"]


def test_a_trial_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    assert len(curate(folder, trial=True).changes) == 4
    assert contents(folder) == before
    assert not (folder / ".lock").exists()


def test_single_corrections_apply_by_split_file_caption_and_old_text(folder: Path, tmp_path: Path) -> None:
    rows = [
        "split,file_name,caption,old,new",
        'development,x.wav,1,"busy, busy",busy',  # the name as it is without its leading space
        "development,rain.wav,1,It stops,It ends",  # another caption of the clip
        "validation,rain.wav,2,Rain,Hail",
        "test,rain.wav,2,Rain,Snow",
    ]
    path = tmp_path / "corrections.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    done = curate(folder, rules=(), corrections=path)
    assert [(change.column, change.rule, change.before, change.after) for change in done.changes] == [
        ("caption_1", "correction", "busy, busy", "busy"),
        ("caption_2", "correction", "Rain.", "Hail."),
    ]
    assert curate(folder, rules=(), corrections=path).changes == ()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("development,a.wav,one,wales,whales", "Line 2 of bad.csv is no correction"),
        ("development,a.wav,1,,whales", "Line 2 of bad.csv is no correction"),
        ("development,a.wav,1,whale,whales", "Line 2 of bad.csv is no correction"),  # would apply for ever
        ("development,a.wav,1,wales", "Line 2 of bad.csv is no correction"),
    ],
)
def test_a_bad_correction_is_named(tmp_path: Path, row: str, sentence: str) -> None:
    (tmp_path / "bad.csv").write_text(f"split,file_name,caption,old,new\n{row}\n", encoding="utf-8")
    with pytest.raises(DataError, match=sentence):
        read_corrections(tmp_path / "bad.csv")


def test_a_file_of_something_else_is_no_corrections(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.csv holds no corrections: its columns must be split, file_name"):
        read_corrections(tmp_path / "bad.csv")


def test_bad_folders(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match=r"The folder \S+nowhere is not there"):
        curate(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"has no caption file of Clotho, clotho_captions_development\.csv"):
        curate(tmp_path)
    with pytest.raises(ConfigError, match=r"has no captions of 'test'\. It has: development, validation"):
        curate(folder, splits=["test"])
    (folder / "clotho_captions_validation.csv").write_text("file_name\nrain.wav\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no captions; file_name, caption_1, caption_2"):
        curate(folder)
    (folder / "clotho_captions_validation.csv").write_text(HEADER + "rain.wav,Rain\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"Line 2 of clotho_captions_validation\.csv has 2 cells where"):
        curate(folder)
    (folder / "clotho_captions_validation.csv").write_text("name,caption_1\nrain.wav,Rain\n", encoding="utf-8")
    with pytest.raises(DataError, match="its first column must be file_name"):
        curate(folder)


def test_a_folder_that_may_not_be_written_stays_as_it_is(folder: Path) -> None:
    before = contents(folder)
    folder.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="it may not be written"):
            curate(folder)
        assert contents(folder) == before
    finally:
        folder.chmod(0o755)


def test_a_damaged_record_is_not_overwritten(folder: Path) -> None:
    (folder / "changes.csv").write_text("something,else\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"changes\.csv is no record of changes"):
        curate(folder)
    assert (folder / "changes.csv").read_text(encoding="utf-8") == "something,else\n"


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.02, 0.05])
def test_kill_9_while_writing_is_completed_by_the_next_run(folder: Path, tmp_path: Path, seconds: float) -> None:
    curate(folder, tmp_path / "peace")
    code = (
        "import os, sys, time; from pathlib import Path; from auricle.data.curation import curate\n"
        "fsync = os.fsync\n"
        "os.fsync = lambda number: (time.sleep(0.01), fsync(number))\n"
        "print('begun', flush=True); curate(Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    curate(folder)
    found = {name: content for name, content in contents(folder).items() if "/" not in name}
    assert found == contents(tmp_path / "peace")
    assert not list(folder.glob(".*.tmp"))


def test_the_whole_of_clotho(shared: Path, tmp_path: Path) -> None:
    published = shared / "clotho_captions"
    done = curate(published, tmp_path)
    for split, clips in {"development": 3839, "validation": 1045, "evaluation": 1045}.items():
        name = f"clotho_captions_{split}.csv"
        old, new = (
            list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
            for path in (published / name, tmp_path / name)
        )
        assert len(old) == len(new) == clips + 1
        assert {len(row) for row in new} == {6}
        cells = {(row[0], f"caption_{n}"): [row[n]] for row in old[1:] for n in range(1, 6)}
        for change in done.changes:  # the record leads from each published cell to the curated one
            if change.split == split:
                steps = cells[change.file, change.column]
                assert steps[-1] == change.before != change.after
                steps.append(change.after)
        assert {key: steps[-1] for key, steps in cells.items()} == {
            (row[0], f"caption_{n}"): row[n] for row in new[1:] for n in range(1, 6)
        }
    assert Counter(change.rule for change in done.changes) == {
        "runs-of-spaces": 128,
        "space-before-comma": 43,
        "surrounding-space": 14,
        "doubled-word": 13,
        "space-after-comma": 11,
        "echoes": 10,
        "correction": 5,
    }
    assert [pair for _, pair in done.undecided] == ["shaking shaking"]
    assert curate(tmp_path).changes == ()


def test_clotho_in_words(shared: Path, tmp_path: Path) -> None:
    """Within the corrections of what the prior work counted: 217,347 / 59,543 / 59,124 words, 4,367 distinct."""
    curate(shared / "clotho_captions", tmp_path)
    vocabulary: set[str] = set()
    for split, count in {"development": 217_347, "validation": 59_543, "evaluation": 59_124}.items():
        with (tmp_path / f"{split}_captions.csv").open(encoding="utf-8", newline="") as opened:
            found = [word for row in csv.DictReader(opened) for word in row["text"].split()]
        assert abs(len(found) - count) <= 5
        vocabulary.update(found)
    assert abs(len(vocabulary) - 4_367) <= 5


def test_a_copy_of_clotho_is_curated_in_place(shared: Path, tmp_path: Path) -> None:
    for path in (shared / "clotho_captions").glob("*.csv"):
        shutil.copy(path, tmp_path)
    curate(tmp_path)
    for path in (shared / "clotho_captions").glob("*.csv"):
        assert (tmp_path / "published" / path.name).read_bytes() == path.read_bytes()


def test_the_page_shows_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [f"| `{r.name}` | {r.summary} | `{r.example[0]}` | `{r.example[1]}` |" for r in map(RULES.get, ORDER)]
    assert "\n".join(rows) in page


def test_the_command_line_takes_splits_behind_the_option(folder: Path, auricle: Callable[..., Any]) -> None:
    to = folder.parent / "out"
    outcome = auricle("data", "curate", folder, "--splits", "development", "validation", "--to", to, "--rule", "echoes")
    assert outcome.said == ["1 changes."]
    assert len(outcome.out.splitlines()) == 4
    trial = auricle("data", "curate", folder, "validation", "--dry-run", "--without", "echoes", "--no-corrections")
    assert (trial.out, trial.said) == ("split,file,column,rule,before,after\n", ["0 changes would be made."])
    listed = auricle("data", "rules")
    assert [line.partition(":")[0] for line in listed.out.splitlines() if line[0] != " "] == list(ORDER)
    assert auricle("data", "curate", folder, "--rule", "echo").refused(2).startswith("No rule named 'echo'.")
