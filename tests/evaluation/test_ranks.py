"""Tables of ranks: what was written is read back, and what is damaged is refused by file, line and reason."""

from pathlib import Path

import numpy as np
import pytest

from auricle.errors import DataError
from auricle.evaluation import Ranks, read_ranks, score

HEADER = "query,clip,best_rank,ap,R@1,R@5,R@10"
ROW = "a dog,t/1.wav,2,0.5,0.0,1.0,1.0"


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_was_written_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    captions = [' a dog, "far" away', "water\ndrops &#39;", "a dog", "a dog", "été ☂"] * 4
    clips = [f"evaluation/ {number // 5} #.wav" for number in range(20)]
    relevance = rng.random((20, 30)) < 0.2
    relevance[:, 0] = True
    result = score(rng.normal(size=(20, 30)), relevance, recall="share").named(queries=captions, clips=clips)
    result.write_ranks(tmp_path / "ranks.csv")
    ranks = read_ranks(tmp_path / "ranks.csv")
    assert ranks.queries == tuple(captions)
    assert ranks.clips == tuple(clips)
    np.testing.assert_array_equal(ranks.best_rank, result.best_rank)
    np.testing.assert_array_equal(ranks.average_precision, result.average_precision)
    assert list(ranks.recall_at) == [1, 5, 10]
    for k, recall in result.recall_at.items():
        np.testing.assert_array_equal(ranks.recall_at[k], recall)
    assert list(ranks.measures().items()) == list(result.measures().items())
    assert list(ranks.per_query) == ["R@1", "R@5", "R@10", "mAP@10", "MRR"]
    assert {name: values.mean() for name, values in ranks.per_query.items()}.items() <= result.measures().items()


def test_columns_may_stand_in_any_order_among_others(tmp_path: Path) -> None:
    path = table(tmp_path / "ranks.csv", "R@10,ap,note,query,R@2,clip,best_rank", "1.0,0.5,x,a dog,1.0,t/1.wav,2")
    ranks = read_ranks(path)
    assert ranks.measures() == {"R@2": 1.0, "R@10": 1.0, "mAP@10": 0.5, "median rank": 2.0, "MRR": 0.5}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["query,clip,best_rank,ap", "a dog,t/1.wav,2,0.5"], r"lacks the column\(s\) R@1\. `auricle evaluate` writes"),
        (["query,clip,R@1", "a dog,t/1.wav,0"], r"lacks the column\(s\) best_rank, ap\. "),
        (["query,rank,R@0,R@x,R@²", "a dog,2,0,0,0"], r"lacks the column\(s\) clip, best_rank, ap, R@1\. "),
        ([HEADER.replace("R@5", "R@1"), ROW], "line 1: a column is named twice"),
        ([HEADER], "holds no rows"),
        ([], "holds no rows"),
        ([HEADER, ROW, "rain,t/2.wav,1,1.0,1.0,1"], "line 3: 6 cells where 7 are needed"),
        ([HEADER, ROW, "rain,t/2.wav,1.5,1.0,1.0,1.0,1.0"], r"line 3: best_rank is '1\.5'; a whole number is needed"),
        ([HEADER, ROW, "rain,t/2.wav,,1.0,1.0,1.0,1.0"], "line 3: best_rank is ''; a whole number"),
        ([HEADER, ROW, "rain,t/2.wav,1,good,1.0,1.0,1.0"], "line 3: ap is 'good'; a number is needed"),
        ([HEADER, ROW, "rain,t/2.wav,0,1.0,1.0,1.0,1.0"], "damaged: a best rank is no whole number of at least 1"),
        ([HEADER, ROW, f"rain,t/2.wav,{10**30},1.0,1.0,1.0,1.0"], "is damaged"),
        (
            [HEADER, ROW, "rain,t/2.wav,1,nan,1.0,1.0,1.0"],
            "damaged: a value of average precision is not within 0 and 1",
        ),
        ([HEADER, ROW, "rain,t/2.wav,1,1.0,1.0,inf,1.0"], "damaged: a value of R@5 is not within 0 and 1"),
        ([HEADER, ROW, "rain,t/2.wav,1,1.0,1.0,1.0,-1"], "damaged: a value of R@10 is not within 0 and 1"),
        ([HEADER, '"rain,t/2.wav'], "faulty quotes"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_ranks(table(tmp_path / "ranks.csv", *lines))
    assert "ranks.csv" in str(raised.value)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_ranks(tmp_path / "ranks.csv")


def test_a_table_cut_anywhere_is_refused_or_whole_rows(tmp_path: Path) -> None:
    path = table(tmp_path / "ranks.csv", HEADER, ROW, 'été,"t/2, a.wav",1,1.0,1.0,1.0,1.0')
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            ranks = read_ranks(path)
        except DataError:
            continue
        assert ranks.queries in (("a dog",), ("a dog", "été"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"clips": ("t/1",)}, r"2 queries, 1 clips and best rank of shape \(2,\); one of each is needed"),
        ({"best_rank": np.array([1])}, r"best rank of shape \(1,\)"),
        ({"recall_at": {5: np.zeros(3)}}, r"R@5 of shape \(3,\)"),
        ({"best_rank": np.array([1.0, 2.0])}, "no whole number"),
        ({"average_precision": np.array([0.5, np.nan])}, "average precision is not within"),
    ],
)
def test_ranks_that_cannot_be_are_refused(changed: dict[str, object], message: str) -> None:
    fields = {
        "queries": ("a", "b"),
        "clips": ("t/1", "t/1"),
        "best_rank": np.array([1, 2]),
        "average_precision": np.array([1, 0.5]),
        "recall_at": {},
    }
    with pytest.raises(ValueError, match=message):
        Ranks(**{**fields, **changed})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one query"):
        Ranks((), (), np.zeros(0, int), np.zeros(0), {})
