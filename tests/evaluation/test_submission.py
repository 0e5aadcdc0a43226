"""DCASE's submission file: what is in it, byte by byte where it matters, and that foreign files are read or refused."""

import csv
from pathlib import Path

import numpy as np
import pytest

from auricle.errors import DataError
from auricle.evaluation import own_clip, read_submission, score, score_ranking, top_k, write_submission

HEADER = "caption,fname_1,fname_2,fname_3,fname_4,fname_5,fname_6,fname_7,fname_8,fname_9,fname_10"
CLIPS = ["evaluation/Rain &#39;.wav", "evaluation/dog, far.wav", "evaluation/ bell  #2.wav"]
CAPTIONS = [' it "rains", slowly', "a dog", "a dog"]
RANKING = np.array([[0, 2, 1], [1, 0, 2], [2, 1, 0]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "submission.csv"


def test_names_and_captions_survive_and_missing_clips_leave_cells_empty(path: Path) -> None:
    write_submission(path, RANKING, captions=CAPTIONS, clips=CLIPS)
    assert path.read_text(encoding="utf-8").splitlines() == [
        HEADER,
        '" it ""rains"", slowly",Rain &#39;.wav, bell  #2.wav,"dog, far.wav",,,,,,,',
        'a dog,"dog, far.wav",Rain &#39;.wav, bell  #2.wav,,,,,,,',
        'a dog, bell  #2.wav,"dog, far.wav",Rain &#39;.wav,,,,,,,',
    ]
    assert read_submission(path, captions=CAPTIONS, clips=CLIPS).tolist() == RANKING.tolist()


def test_rows_in_another_order_are_the_same_submission(path: Path) -> None:
    write_submission(path, RANKING[[1, 0, 2]], captions=["a dog", CAPTIONS[0], "a dog"], clips=CLIPS)
    assert read_submission(path, captions=CAPTIONS, clips=CLIPS).tolist() == RANKING.tolist()


def test_ten_of_many_clips_are_listed_and_score_as_the_matrix(path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = [f"evaluation/{number}.wav" for number in range(30)]
    captions = [f"caption {number}" for number in range(60)]
    caption_clips = [clips[number // 2] for number in range(60)]
    own = own_clip(caption_clips, clips)
    similarity = rng.permuted(np.tile(np.arange(30.0), (60, 1)), axis=1)
    similarity[np.arange(60), own] += rng.uniform(0, 30, 60)
    write_submission(path, top_k(similarity, k=30), captions=captions, clips=clips)
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[1][0] == "caption 0"
    assert rows[1][1:] == [f"{item}.wav" for item in np.argsort(-similarity[0])[:10]]
    submitted = score_ranking(read_submission(path, captions=captions, clips=clips), own, n_items=30).measures()
    whole = score(similarity, own).measures()
    assert 0.2 < whole["mAP@10"] < 0.9
    assert {name: submitted[name] for name in ("R@1", "R@5", "R@10", "mAP@10")} == pytest.approx(
        {name: whole[name] for name in ("R@1", "R@5", "R@10", "mAP@10")}
    )


def test_two_splits_in_one_submission_are_refused(path: Path) -> None:
    with pytest.raises(DataError, match=r"'a/x.wav' and 'b/x.wav' have the same file name"):
        write_submission(path, np.array([[0, 1]]), captions=["x"], clips=["a/x.wav", "b/x.wav"])
    assert not path.exists()


def test_a_ranking_of_other_captions_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match=r"ranking of shape \(3, 3\) for 2 captions"):
        write_submission(path, RANKING, captions=CAPTIONS[:2], clips=CLIPS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a dog,a,b,c,,,,,,,"], r"has no row for 1 of 2 captions, the first is 'rain'"),
        (["a dog,a,b,c,,,,,,,", "rian,a,b,c,,,,,,,"], "line 3: the caption 'rian' was not asked. Did you mean 'rain'"),
        (
            ["a dog,a,b,c,,,,,,,"] * 2,
            "line 3: the caption 'a dog' has a row already for each time it was asked. Remove",
        ),
        (["a dog,a,b,d,,,,,,,"], "line 2: 'd' is none of the 3 clips"),
        (["a dog,a,b,a,,,,,,,"], "line 2: 'a' is listed twice"),
        (["a dog,a,b,,,,,,,,"], "line 2: 2 clips are listed; the first 3 cells are needed"),
        (["a dog,a,b,,c,,,,,,"], "line 2: 3 clips are listed; the first 3 cells are needed"),
        (["a dog,a,b,c"], "line 2: 4 cells where 11 are needed"),
    ],
)
def test_a_bad_submission_is_refused(path: Path, rows: list[str], message: str) -> None:
    path.write_text("\n".join([HEADER, *rows]))
    with pytest.raises(DataError, match=message):
        read_submission(path, captions=["a dog", "rain"], clips=["t/a", "t/b", "t/c"])


def test_other_columns_are_refused(path: Path) -> None:
    path.write_text("caption,file_name\na dog,a.wav\n")
    with pytest.raises(DataError, match="has the columns caption,file_name; a submission has caption,fname_1,"):
        read_submission(path, captions=["a dog"], clips=["t/a.wav"])
