"""Files of labels and of relevant pairs, good and bad: every fault names file and line."""

from pathlib import Path

import pytest

from auricle.errors import DataError
from auricle.evaluation import read_labels, read_relevance

CLIPS = ["test/Rain &#39;.wav", "test/dog, far.wav", "test/bell.wav"]
CAPTIONS = [" it rains", "a dog barks", "it rings", "a dog barks"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given.csv"


def test_labels_come_in_the_order_of_the_clips(path: Path) -> None:
    path.write_text(
        "split,file_name,label,class\n"
        "test,bell.wav,bell,metal\n"
        "development,bell.wav,train,metal\n"
        '\ntest,"dog, far.wav",dog,animal\n'
        "test,Rain &#39;.wav,rain,water\n"
    )
    assert read_labels(path, clips=CLIPS) == ["rain", "dog", "bell"]
    assert read_labels(path, clips=CLIPS, label_column="class") == ["water", "animal", "metal"]


@pytest.mark.parametrize("header", ["clip,label", "file_name,label", "fname,label"])
def test_a_clip_is_named_by_identity_or_by_file_name(path: Path, header: str) -> None:
    prefix = "test/" if header.startswith("clip") else ""
    names = [f'"{prefix}{clip.removeprefix("test/")}",{number}' for number, clip in enumerate(CLIPS)]
    path.write_text("\n".join([header, *names]), encoding="utf-8-sig")  # with a byte order mark, as Excel writes
    assert read_labels(path, clips=CLIPS) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "split,file_name,kind\ntest,bell.wav,bell\n",
            "no column 'label'; its columns are 'split', 'file_name', 'kind'",
        ),
        ("split,label\ntest,bell\n", "no column 'clip' or 'file_name'"),
        ("clip,label\ntest/bell.wav,bell\n", r"no label for 2 of 3 clips, the first is 'test/Rain &#39;.wav'"),
        (
            "clip,label\ntest/bell.wav,a\ntest/bell.wav,a\n",
            "line 3: clip 'test/bell.wav' has a label on line 2 already",
        ),
        ("clip,label\ntest/bell.wav, \n", "line 2: the label of clip 'test/bell.wav' is empty"),
        ("clip,label\ntest/bell.wav,a,b\n", "line 2: 3 cells where 2 are needed"),
        ('clip,label\n"test/\nbell.wav",a\ntest/bell.wav\n', "line 4: 1 cells where 2"),
        ('clip,label\n"test/bell.wav,a\n', "line 2 has faulty quotes"),
        ("clip,clip\na,b\n", "line 1: a column is named twice"),
        ("clip,label\n", "holds no rows"),
        ("", "holds no rows"),
    ],
)
def test_a_bad_label_file_is_refused(path: Path, text: str, message: str) -> None:
    path.write_text(text)
    with pytest.raises(DataError, match=message) as refused:
        read_labels(path, clips=CLIPS)
    assert path.name in str(refused.value)


def test_latin_1_is_refused_by_line(path: Path) -> None:
    path.write_bytes("clip,label\ntest/bell.wav,bell\ntest/café.wav,x\n".encode("latin-1"))
    with pytest.raises(DataError, match="is not utf-8: line 3 has the byte 0xE9"):
        read_labels(path, clips=CLIPS)


def test_what_cannot_be_opened_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_labels(path, clips=CLIPS)
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_labels(path.parent, clips=CLIPS)


def test_a_file_name_in_two_splits_needs_the_split(path: Path) -> None:
    path.write_text("file_name,label\nbell.wav,bell\n")
    with pytest.raises(DataError, match=r"line 2: 'bell.wav' stands for 2 clips \(a/bell.wav, b/bell.wav\)"):
        read_labels(path, clips=["a/bell.wav", "b/bell.wav"])


def test_a_row_counts_for_every_caption_with_that_text(path: Path) -> None:
    path.write_text(
        "query,split,file_name\n"
        " it rains,test,Rain &#39;.wav\n"
        "a dog barks,test,bell.wav\n"
        'a dog barks,test,"dog, far.wav"\n'
        "it rings,test,bell.wav\n"
        "it rings,development,bell.wav\n"  # another split's business
    )
    relevance = read_relevance(path, captions=CAPTIONS, clips=CLIPS)
    assert relevance.astype(int).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 1, 1]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["it rains,test/bell.wav"], "line 2: 'it rains' is none of the 4 captions. Did you mean ' it rains'"),
        (["it rings,test/bel.wav"], "line 2: 'test/bel.wav' is none of the 3 clips. Did you mean 'test/bell.wav'"),
        (["it rings,"], "line 2: '' is none of the 3 clips"),
        (["it rings,test/bell.wav"] * 2, "line 3: the same query and clip stand on line 2 already"),
        (["it rings,test/bell.wav"], "names no clip for 3 of 4 captions, the first is ' it rains'"),
    ],
)
def test_a_bad_relevance_file_is_refused(path: Path, rows: list[str], message: str) -> None:
    path.write_text("\n".join(["caption,clip", *rows]))
    with pytest.raises(DataError, match=message):
        read_relevance(path, captions=CAPTIONS, clips=CLIPS)


def test_captions_without_a_row_may_be_skipped(path: Path) -> None:
    path.write_text("caption,clip\nit rings,test/bell.wav\n")
    relevance = read_relevance(path, captions=CAPTIONS, clips=CLIPS, no_relevant="skip")
    assert relevance.sum(axis=1).tolist() == [0, 0, 1, 0]


def test_relevance_needs_a_query_column(path: Path) -> None:
    path.write_text("text,clip\nit rings,test/bell.wav\n")
    with pytest.raises(DataError, match="no column 'query' or 'caption'; its columns are 'text', 'clip'"):
        read_relevance(path, captions=CAPTIONS, clips=CLIPS)
