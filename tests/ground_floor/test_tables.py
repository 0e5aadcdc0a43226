"""CSV files: what is written is read, whatever the cells hold, and a fault is named by its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.errors import DataError
from auricle.tables import read_rows, write_rows

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), min_size=1)


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("tables") / "a.csv"
    write_rows(path, ("one", "two"), rows)
    assert [tuple(cells) for _, cells in read_rows(path)] == [("one", "two"), *rows]


def test_rows_are_numbered_by_their_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfa,b\r\n\r\n"two\nlines",x\r\nlast,"a ""quoted"" word"')
    assert list(read_rows(path)) == [(1, ["a", "b"]), (3, ["two\nlines", "x"]), (5, ["last", 'a "quoted" word'])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\nc,"d\n', r"a\.csv cannot be read as CSV: the row that begins on line 2 has faulty quotes"),
        (b"a,b\nc\xe9,d\n", r"a\.csv is not utf-8: line 2 has the byte 0xE9\. Save the file as UTF-8\."),
    ],
)
def test_a_fault_is_named_by_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_rows(tmp_path / "a.csv"))
    with pytest.raises(DataError, match="There is no file"):
        list(read_rows(tmp_path / "b.csv"))
