"""Reading caption files; the oracle is the csv module's writer, or text written by hand."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auricle.data.captions import read_captions
from auricle.errors import DataError


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "captions.csv"
    path.write_bytes(text.encode(encoding))
    return path


def texts(path: Path, encoding: str = "utf-8") -> dict[str, list[tuple[int, str]]]:
    described, _ = read_captions(path, encoding=encoding)
    return {entry.file_name: list(entry.captions) for entry in described}


def reasons(path: Path) -> list[str]:
    return [one.reason for one in read_captions(path)[1]]


def test_one_row_per_sound(tmp_path: Path) -> None:
    path = write(tmp_path, "file_name,caption_1,caption_2,caption_10\na.wav,one,two,ten\n")
    assert texts(path) == {"a.wav": [(1, "one"), (2, "two"), (3, "ten")]}


def test_one_row_per_caption_counts_in_the_order_of_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "fname,raw_text,text\na.wav,One!,one\nb.wav,Two.,two\na.wav,Three?,three\n")
    assert texts(path) == {"a.wav": [(1, "One!"), (2, "Three?")], "b.wav": [(1, "Two.")]}


@pytest.mark.parametrize("file_column", ["file_name", "fname", "filename", "file", "path", "File_Name "])
@pytest.mark.parametrize("caption_column", ["caption", "text", "raw_text", "sentence", "description"])
def test_accepted_column_names_in_any_place(tmp_path: Path, file_column: str, caption_column: str) -> None:
    path = write(tmp_path, f"id,{caption_column},{file_column}\n7,it rains,a.wav\n")
    assert texts(path) == {"a.wav": [(1, "it rains")]}


def test_split_origin_parent_either_licence_and_what_is_mixed_in_are_read(tmp_path: Path) -> None:
    header = "file,caption,Mixed_With,split,license,origin,parent"
    path = write(tmp_path, f"{header}\na.wav,one,train/c.wav,train,CC0,AudioGen,train/b.wav\n")
    (entry,), _ = read_captions(path)
    said = entry.provenance
    assert (entry.split, said.origin, said.parent, said.licence) == ("train", "AudioGen", "train/b.wav", "CC0")
    assert said.mixed_with == "train/c.wav"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_mark_and_line_breaks_in_quotes(tmp_path: Path, newline: str, mark: str) -> None:
    rows = ["file_name,caption", 'a.wav,"rain, then', 'thunder"', "", "b.wav,wind"]
    path = write(tmp_path, mark + newline.join(rows))
    assert texts(path) == {"a.wav": [(1, f"rain, then{newline}thunder")], "b.wav": [(1, "wind")]}


def test_nothing_is_stripped_or_unescaped(tmp_path: Path) -> None:
    path = write(tmp_path, "file_name,caption\n Bob&#39;s  #1.wav , it  &amp; rains \n")
    assert texts(path) == {" Bob&#39;s  #1.wav ": [(1, " it  &amp; rains ")]}


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    rows=st.dictionaries(cells.filter(str.strip), st.lists(cells.filter(str.strip), min_size=3, max_size=3), min_size=1)
)
def test_awkward_names_and_captions_survive_both_forms(tmp_path: Path, rows: dict[str, list[str]]) -> None:
    path = tmp_path / "captions.csv"
    expected = {name: list(enumerate(spoken, 1)) for name, spoken in rows.items()}
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerows([["file_name", "caption_1", "caption_2", "caption_3"]])
        writer.writerows([name, *spoken] for name, spoken in rows.items())
    assert texts(path) == expected
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["fname", "raw_text"])
        writer.writerows([name, spoken] for name, several in rows.items() for spoken in dict.fromkeys(several))
    assert {name: [text for _, text in spoken] for name, spoken in texts(path).items()} == {
        name: list(dict.fromkeys(several)) for name, several in rows.items()
    }


def test_an_empty_caption_is_set_aside_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    wide = write(tmp_path, "file_name,caption_1,caption_2,caption_3\na.wav,one, \t,three\n")
    assert texts(wide) == {"a.wav": [(1, "one"), (3, "three")]}
    assert reasons(wide) == ["Line 2 of captions.csv has an empty caption for a.wav."]
    rows = write(tmp_path, "file_name,caption\na.wav,one\na.wav,\na.wav,three\n")
    assert texts(rows) == {"a.wav": [(1, "one"), (3, "three")]}
    assert reasons(rows) == ["Line 3 of captions.csv has an empty caption for a.wav."]


def test_a_sound_named_twice_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path, 'file_name,caption_1,caption_2\na.wav,"one\nline",two\na.wav,three,four\n')
    assert texts(path) == {"a.wav": [(1, "one\nline"), (2, "two")]}
    assert reasons(path) == ["Line 4 of captions.csv names a.wav again; line 2 counts."]


def test_an_identical_row_counts_once_but_equal_captions_side_by_side_stay(tmp_path: Path) -> None:
    rows = write(tmp_path, "file_name,caption\na.wav,it rains\nb.wav,it rains\na.wav,it rains\n")
    assert texts(rows) == {"a.wav": [(1, "it rains")], "b.wav": [(1, "it rains")]}
    assert reasons(rows) == ["Line 4 of captions.csv repeats a caption of a.wav."]
    wide = write(tmp_path, "file_name,caption_1,caption_2\na.wav,it rains,it rains\n")
    assert texts(wide) == {"a.wav": [(1, "it rains"), (2, "it rains")]}
    assert reasons(wide) == []


def test_rows_of_another_width_or_without_a_file_or_split_are_set_aside(tmp_path: Path) -> None:
    path = write(
        tmp_path, "file_name,split,caption\na.wav,train,rain, then wind\nb.wav\n ,train,x\nc.wav,,x\nd.wav,a/b,x\n"
    )
    assert texts(path) == {}
    assert reasons(path) == [
        "Line 2 of captions.csv has 4 cells where the header has 3. "
        "A cell that holds a comma needs double quotes around it.",
        "Line 3 of captions.csv has 1 cells where the header has 3.",
        "Line 4 of captions.csv names no file.",
        "Line 5 of captions.csv gives c.wav the split ''; a name without a slash is needed.",
        "Line 6 of captions.csv gives d.wav the split 'a/b'; a name without a slash is needed.",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("file_name,beschreibung\na.wav,x\n", "file_name, beschreibung"),
        ("file;caption\n", "file;caption"),
        ("", "none"),
    ],
)
def test_wrong_columns_name_those_found_and_wanted(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(
        DataError, match=rf"captions\.csv has the column\(s\) {found}; captions need file_name and either"
    ):
        read_captions(write(tmp_path, text))


def test_a_column_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"captions\.csv has the column caption more than once\."):
        read_captions(write(tmp_path, "file_name,caption,caption\na.wav,one,two\n"))


def test_latin_1_is_refused_by_line_and_read_when_named(tmp_path: Path) -> None:
    path = write(tmp_path, "file_name,caption\na.wav,rain\nb.wav,un café\n", encoding="latin-1")
    with pytest.raises(
        DataError, match=r"captions\.csv is not utf-8: line 3 has the byte 0xE9\..*data\.encoding=latin-1"
    ):
        read_captions(path)
    assert texts(path, encoding="latin-1")["b.wav"] == [(1, "un café")]


def test_a_quote_that_is_never_closed_is_refused_by_the_line_where_it_begins(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the row that begins on line 3 has faulty quotes"):
        read_captions(write(tmp_path, 'file_name,caption\na.wav,rain\nb.wav,"wind\nc.wav,sun\n'))


def test_a_caption_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*nowhere\.csv"):
        read_captions(tmp_path / "nowhere.csv")


def test_clothos_published_files_are_read_as_they_are(shared: Path) -> None:
    names: dict[str, list[str]] = {}
    for split, count in {"development": 3839, "validation": 1045, "evaluation": 1045}.items():
        described, set_aside = read_captions(shared / "clotho_captions" / f"clotho_captions_{split}.csv")
        assert len(described) == count
        assert set_aside == []
        assert all([number for number, _ in entry.captions] == [1, 2, 3, 4, 5] for entry in described)
        names[split] = [entry.file_name for entry in described]
    everything = [name for split in names.values() for name in split]
    assert [name for name in everything if name != name.strip()] == [
        " typical neighborhood in Porto.wav",
        " Ambience Birds.wav",
        " e ieio ieai.wav",
    ]
    # Counted with sed and grep on the files, not with this reader.
    assert sum("&#39;" in name for name in everything) == 33
    assert sum("&" in name for name in everything) == 72
    assert sum("#" in name for name in everything) == 59
    assert len(everything) - len(set(everything)) == 4
