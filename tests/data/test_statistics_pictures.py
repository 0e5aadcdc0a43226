"""Pictures of the data: what stands in them is checked against counting by hand; how they look, nothing can check."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from auricle.data.statistics import ClipFacts, Statistics, count, draw
from auricle.data.statistics.pictures import _caption_lengths, _durations, _frequent_words
from auricle.errors import StorageError


def bars(figure: Figure | None) -> list[list[Rectangle]]:
    """Return the bars of each of the axes, empty ones left out."""
    assert figure is not None
    rectangles = [[bar for bar in axes.patches if isinstance(bar, Rectangle)] for axes in figure.axes]
    return [[bar for bar in row if bar.get_height() > 0] for row in rectangles]


def centres(row: list[Rectangle]) -> list[float]:
    return [round(bar.get_x() + bar.get_width() / 2, 6) for bar in row]


def shares(row: list[Rectangle]) -> list[float]:
    return [round(bar.get_height(), 6) for bar in row]


@pytest.fixture
def known() -> Statistics:
    captions = ("A dog barks.", "The dog", "$x_ 犬 dog")
    return count(
        Path(),
        [
            ClipFacts("development", "a.wav", captions, duration_s=1.2),
            ClipFacts("development", "b.wav", ("Rain",), duration_s=30.0),
            ClipFacts("validation", "c.wav", ("Rain falls",), duration_s=20.1),
        ],
    )


def test_three_pictures_are_written(known: Statistics, tmp_path: Path) -> None:
    drawn = draw(known, tmp_path / "pictures")
    assert [path.name for path in drawn] == ["durations.png", "caption-lengths.png", "frequent-words.png"]
    for path in drawn:
        height, width, _ = imread(path).shape
        assert width == 960
        assert height > 100
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(path.name for path in drawn)


def test_caption_lengths_are_shares_centred_on_whole_numbers(known: Statistics) -> None:
    development, validation = bars(_caption_lengths(known.splits))
    assert (centres(development), shares(development)) == ([1, 2, 3], [0.25, 0.25, 0.5])
    assert (centres(validation), shares(validation)) == ([2], [1])


def test_durations_are_shares_and_each_lies_within_its_bar(known: Statistics) -> None:
    development, validation = bars(_durations(known.splits))
    assert (shares(development), shares(validation)) == ([0.5, 0.5], [1])
    for bar, duration_s in zip([*development, *validation], [1.2, 30.0, 20.1], strict=True):
        assert bar.get_x() <= duration_s <= bar.get_x() + bar.get_width()


def test_durations_that_are_all_equal_can_be_drawn() -> None:
    clips = [ClipFacts("sounds", f"{number}.wav", duration_s=5.0) for number in range(3)]
    ((bar,),) = bars(_durations(count(Path(), clips).splits))
    assert bar.get_height() == 1
    assert bar.get_x() <= 5.0 <= bar.get_x() + bar.get_width()


def test_frequent_words_stand_from_top_to_bottom_without_function_words(known: Statistics) -> None:
    figure = _frequent_words(known.whole, 3)
    (row,) = bars(figure)
    assert [bar.get_width() for bar in row] == [3, 2, 1]
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dog", "rain", "barks"]
    assert axes.yaxis_inverted()


def test_what_is_not_known_is_not_drawn(tmp_path: Path) -> None:
    captions_alone = count(Path(), [ClipFacts("train", "a.wav", ("Rain falls.",))])
    assert [path.name for path in draw(captions_alone, tmp_path)] == ["caption-lengths.png", "frequent-words.png"]
    sounds_alone = count(Path(), [ClipFacts("sounds", "a.wav", duration_s=1.0)])
    assert [path.name for path in draw(sounds_alone, tmp_path)] == ["durations.png"]


def test_a_folder_that_cannot_be_made_is_refused(known: Statistics, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot write to"):
        draw(known, tmp_path / "file" / "pictures")
