"""What tables say of sounds; every table here is written out."""

from pathlib import Path
from typing import Any

import pytest

from auricle.errors import DataError
from auricle.search.records import Said
from auricle.search.stated import read_stated, spoken_of

METADATA_HEADER = "file_name,keywords,sound_id,sound_link,start_end_samples,manufacturer,license\n"


def table(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_a_folder_without_tables_says_nothing(root: Path) -> None:
    assert read_stated(root) == {}


def test_a_table_of_tags_licences_and_captions(root: Path) -> None:
    table(
        root,
        "list.csv",
        "Licence, TAGS ,id,File,Caption",
        "CC0,dog park,1,dogs/a.wav,A dog barks.",
        ",,2,b c.wav,",
        '"CC BY 4.0, by Ada",,3,ä.wav,"It rains, and ""stops""."',
    )
    assert read_stated(root) == {
        "dogs/a.wav": Said("CC0", "dog park", "A dog barks."),
        "b c.wav": Said(),
        "ä.wav": Said("CC BY 4.0, by Ada", "", 'It rains, and "stops".'),
    }


@pytest.mark.parametrize("column", ["file_name", "fname", "filename", "file", "path", "FILE_NAME", " path "])
def test_files_may_be_called_so(root: Path, column: str) -> None:
    table(root, "list.csv", f"{column},keywords", "a.wav,rain;roof")
    assert read_stated(root) == {"a.wav": Said(tags="rain;roof")}


def test_several_captions_are_joined_and_told_once(root: Path) -> None:
    rows = ("a.wav,It rains.,x", "b.wav,A dog.,", "a.wav,Rain falls.,y", "a.wav, It rains. ,", "a.wav,,")
    table(root, "rows.csv", "file_name,caption,tags", *rows)
    table(root, "wide.csv", "caption_2,file_name,caption_1", "Second.,c.wav,First.", ",d.wav,Only.")
    assert read_stated(root) == {
        "a.wav": Said(tags="x", caption="It rains. | Rain falls."),
        "b.wav": Said(caption="A dog."),
        "c.wav": Said(caption="Second. | First."),
        "d.wav": Said(caption="Only."),
    }


def test_clothos_tables_speak_of_the_folder_of_their_split(root: Path) -> None:
    (root / "development").mkdir()
    (root / "development" / "Café 1.wav").touch()
    table(root, "clotho_captions_development.csv", "file_name,caption_1,caption_2", "Café 1.wav,One.,Two.")
    link = "https://freesound.org/7"
    row = f"Café 1.wav,cup;crema,7,{link},[0 9],ada,http://creativecommons.org/licenses/by/3.0/"
    table(root, "clotho_metadata_development.csv", METADATA_HEADER + row, encoding="latin-1")
    table(root, "evaluation_captions.csv", "file_name,caption_1", "rain.wav,No such folder.")
    assert read_stated(root) == {
        "development/Café 1.wav": Said("http://creativecommons.org/licenses/by/3.0/", "cup; crema", "One. | Two."),
        "rain.wav": Said(caption="No such folder."),
    }
    assert spoken_of(root, root / "development_captions.csv") == "development/"
    assert spoken_of(root, root / "list.csv") == ""


def test_metadata_that_lost_or_kept_a_leading_space(root: Path) -> None:
    (root / "development").mkdir()
    (root / "development" / "birds.wav").touch()
    row = " birds.wav,song,7,link,[0 9],ada,CC0"
    table(root, "clotho_metadata_development.csv", METADATA_HEADER + row, encoding="latin-1")
    assert read_stated(root)["development/birds.wav"] == Said("CC0", "song")


def test_metadata_that_are_given_speak_of_the_folder_itself(root: Path, tmp_path: Path) -> None:
    (root / "Café.wav").touch()
    row = "Café.wav,cup,7,link,[0 9],ada,CC0"
    given = table(tmp_path, "clotho_metadata_development.csv", METADATA_HEADER + row, encoding="latin-1")
    assert read_stated(root, table=given) == {"Café.wav": Said("CC0", "cup")}


def test_what_the_publisher_does_not_know_is_unknown(root: Path) -> None:
    (root / "development").mkdir()
    (root / "development" / "birds.wav").touch()
    row = "birds.wav,song,Not found,Not found,[0 9],Not found,Not found"
    table(root, "clotho_metadata_development.csv", METADATA_HEADER + row, encoding="latin-1")
    assert read_stated(root)["development/birds.wav"] == Said("", "song")


def test_a_given_table_goes_before_those_of_the_folder(root: Path, tmp_path: Path) -> None:
    given = table(tmp_path, "mine.csv", "file,licence,caption", "a.wav,CC0,", "x/b.wav,,Mine.")
    table(root, "theirs.csv", "file,licence,tags,caption", "a.wav,CC BY,rain,Theirs.", "c.wav,,,Theirs.")
    assert read_stated(root, table=given) == {
        "a.wav": Said("CC0", "rain", "Theirs."),
        "x/b.wav": Said("", "", "Mine."),
        "c.wav": Said("", "", "Theirs."),
    }
    inside = table(root, "zz.csv", "file,licence", "a.wav,CC0")
    assert read_stated(root, table=inside)["a.wav"].licence == "CC0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,label\na.wav,dog\n", r"^mine\.csv has the column\(s\) file, label; it needs file_name and one of capt"),
        (b"caption\nA dog.\n", r"^mine\.csv has the column\(s\) caption; it needs file_name and one of caption, tags"),
        (b"", r"^mine\.csv has the column\(s\) none; it needs file_name"),
        (b"file,caption\na.wav,Caf\xe9\n", r"^mine\.csv is not utf-8: line 2 has the byte 0xE9\. Save the file as"),
        (b'file,caption\na.wav,"A dog\n', r"^mine\.csv cannot be read as CSV: the row that begins on line 2 has fau"),
    ],
)
def test_a_given_table_has_to_be_one(root: Path, tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_stated(root, table=tmp_path / "mine.csv")


def test_a_given_table_has_to_be_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.csv cannot be read: No such file or directory\.$"):
        read_stated(root, table=tmp_path / "nothing.csv")


def test_tables_of_the_folder_that_are_at_fault_are_passed_over_with_a_word(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "bad encoding.csv").write_bytes(b"file,caption\na.wav,Caf\xe9\n")
    (root / "bad quotes.csv").write_bytes(b'file,caption\na.wav,"A dog\n')
    (root / "locked.csv").write_bytes(b"file,caption\na.wav,A dog.\n")
    (root / "good.csv").write_bytes(b"\xef\xbb\xbffile,caption\r\na.wav,A dog.\r\n")
    (root / "measurements.csv").write_bytes(b"time,level\n0,1\n")
    (root / "empty.csv").write_bytes(b"")
    (root / "binary.csv").write_bytes(bytes(range(256)) * 300)
    (root / ".hidden.csv").write_bytes(b"file,caption\nh.wav,A dog.\n")
    (root / "folder.csv").mkdir()
    (root / "below").mkdir()
    (root / "below" / "list.csv").write_bytes(b"file,caption\nb.wav,A dog.\n")

    def refuse(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return original(path, *arguments, **named)

    original = Path.open
    monkeypatch.setattr(Path, "open", refuse)
    assert read_stated(root) == {"a.wav": Said(caption="A dog.")}
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        f"{name}.csv is passed over" for name in ("bad encoding", "bad quotes", "locked")
    ]


def test_rows_that_do_not_fit_are_left_out(root: Path) -> None:
    table(root, "list.csv", "file,caption", "a.wav,Fits.", "b.wav,Too,long.", "c.wav", ",Nobody's.", "  ,Nobody's.", "")
    assert read_stated(root) == {"a.wav": Said(caption="Fits.")}


def test_endings_in_capitals_and_columns_that_are_there_twice(root: Path) -> None:
    table(root, "LIST.CSV", "file,tags,tags", "a.wav,first,second")
    assert read_stated(root) == {"a.wav": Said(tags="first")}


def test_a_split_is_a_folder_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "development").mkdir()
    (tmp_path / "development" / "rain.wav").touch()
    (tmp_path / "dog.wav").touch()
    (tmp_path / "table.csv").write_text("split,file_name,tags\ndevelopment,rain.wav,wet\ndevelopment,dog.wav,bark\n")
    assert read_stated(tmp_path) == {"development/rain.wav": Said(tags="wet"), "dog.wav": Said(tags="bark")}
