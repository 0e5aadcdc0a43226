"""What an index says of itself, and the list of what it cannot use."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auricle.errors import DataError, StorageError
from auricle.search import default_folder
from auricle.search.folder import About, IndexFolder, SetAside

ABOUT = About(Path("/home/ä b/Sounds"), "classes", {"baseline": "classes", "n": [1, "ü"]}, 384, 10.0, 5.0)


def test_what_an_index_is_of_comes_back(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path / "index")
    assert not folder.exists()
    folder.write(ABOUT)
    assert folder.exists()
    assert IndexFolder(tmp_path / "index").read() == ABOUT
    folder.write(replace(ABOUT, hop_s=2.5))
    assert folder.read().hop_s == 2.5


def test_no_index_a_damaged_one_and_one_of_tomorrow(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path)
    with pytest.raises(DataError, match=rf"^There is no index in {tmp_path}\. `auricle index FOLDER` makes one"):
        folder.read()
    folder.write(ABOUT)
    about = json.loads((tmp_path / "index.json").read_text())
    for damaged in ('{"format": 1', "", "[]", "{}", '{"format": 1}', '{"format": 1, "about": {"root": "/"}}', "null"):
        (tmp_path / "index.json").write_text(damaged)
        with pytest.raises(StorageError, match=r"index\.json is damaged\. Remove the index and make it again\.$"):
            folder.read()
    (tmp_path / "index.json").write_text(json.dumps({**about, "format": 2}))
    with pytest.raises(StorageError, match=r"has the format 2, this auricle reads 1\. Use the version that made it"):
        folder.read()


UGLY = [
    SetAside("a, \"b\"\n'c'.wav", 'It said: "no", and more.', 5, 1_700_000_000_123_456_789),
    SetAside("ä/\r\n.wav", "Line\r\nbreaks.", 0, 0),
    SetAside("\rcarriage.wav", "A carriage return.\r", 2**40, -5),
    SetAside("", "No name.", 1, 1),
    SetAside(" spaces .wav ", " ", 1, 1),
]


def test_what_was_set_aside_comes_back_whatever_the_names(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path)
    assert folder.read_set_aside() == []
    folder.write_set_aside(UGLY)
    assert sorted(folder.read_set_aside(), key=lambda sound: sound.path) == sorted(UGLY, key=lambda sound: sound.path)
    folder.write_set_aside([])
    assert folder.read_set_aside() == []
    assert folder.set_aside.read_text() == "path,reason,size_bytes,modified_ns\n"


@pytest.mark.parametrize(
    "damaged",
    [
        b"path,reason,size_bytes,modified_ns\na.wav,no sound,5\n",
        b"path,reason,size_bytes,modified_ns\na.wav,no sound,five,6\n",
        b"path,reason,size_bytes,modified_ns\n\xff.wav,no sound,5,6\n",
        b'path,reason,size_bytes,modified_ns\n"a.wav,no sound,5,6\n',
    ],
)
def test_a_list_that_somebody_has_edited_is_told(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "set-aside.csv").write_bytes(damaged)
    with pytest.raises(StorageError, match=r"set-aside\.csv is damaged\. Remove it and index the folder again\.$"):
        IndexFolder(tmp_path).read_set_aside()


def test_where_an_index_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for name in ("AURICLE_INDEX", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert default_folder() == Path("/home/ada/.local/share/auricle/index")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_folder() == Path("/data/auricle/index")
    monkeypatch.setenv("AURICLE_INDEX", "~/my index")
    assert default_folder() == Path("/home/ada/my index")
