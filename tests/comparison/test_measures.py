"""What every measure between two log-mels must do."""

import math

import numpy as np
import pytest

from auricle.comparison import PAIR_MEASURES, Measure
from auricle.errors import ConfigError


@pytest.fixture(params=list(PAIR_MEASURES))
def measure(request: pytest.FixtureRequest) -> Measure:
    return PAIR_MEASURES.get(request.param)


def test_a_sound_is_at_distance_zero_from_itself(measure: Measure) -> None:
    sound = np.random.default_rng(0).normal(-6, 3, (70, 64)).astype(np.float32)
    assert measure.lower_is_nearer
    assert measure.compare(sound, sound).value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n_first", "n_second"), [(1, 1), (1, 40), (40, 40), (39, 40), (40, 1), (0, 40), (0, 0)])
@pytest.mark.parametrize("silent", ["neither", "first", "second", "both"])
def test_whatever_the_lengths_a_number_in_range_or_a_reason(
    measure: Measure, n_first: int, n_second: int, silent: str
) -> None:
    draw = np.random.default_rng(1)
    first, second = (draw.normal(-6, 3, (n, 64)).astype(np.float32) for n in (n_first, n_second))
    if silent in ("first", "both"):
        first[:] = -36.04
    if silent in ("second", "both"):
        second[:] = -36.04
    found = measure.compare(first, second)
    if math.isnan(found.value):
        assert found.note
        assert found.where is None
    else:
        low, high = measure.range
        assert low <= found.value <= high
        assert not found.note


def test_the_inputs_stay_as_they_are(measure: Measure) -> None:
    first, second = np.random.default_rng(2).normal(size=(2, 30, 8))
    first.flags.writeable = second.flags.writeable = False
    before = first.copy(), second.copy()
    measure.compare(first, second)
    np.testing.assert_array_equal((first, second), before)


def test_any_layout_in_memory_gives_the_same(measure: Measure) -> None:
    first, second = (np.random.default_rng(3).normal(size=(n, 7)) for n in (20, 30))
    turned = measure.compare(np.asfortranarray(first), np.asfortranarray(second))
    assert turned.value == pytest.approx(measure.compare(first, second).value, abs=1e-6)


def test_each_says_what_must_be_known(measure: Measure) -> None:
    assert PAIR_MEASURES.get(measure.name) is measure
    assert all((measure.summary, measure.cost, measure.blind_to))
    assert ("not meaningful" in measure.blind_to) == measure.name.startswith("prior_")


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"No pair measure named 'dwt'\. Did you mean 'dtw'"):
        PAIR_MEASURES.get("dwt")
