"""Cosines, by scipy and by what is known beforehand."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from auricle.comparison.agreement import cosine


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, 50, 7)).astype(np.float32)


def test_as_scipy(rows: np.ndarray) -> None:
    values, notes = cosine(*rows)
    assert values.dtype == np.float64
    assert values == pytest.approx(1 - np.diag(cdist(*rows, "cosine")), abs=1e-12)
    assert notes == [""] * 50


def test_equal_opposite_and_right_angled_rows_are_exact(rows: np.ndarray) -> None:
    assert (cosine(rows[0], rows[0])[0] == 1).all()
    assert (cosine(rows[0], -rows[0])[0] == -1).all()
    assert cosine(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))[0].tolist() == [0.0]


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200])
def test_the_length_does_not_matter(rows: np.ndarray, scale: float) -> None:
    a, b = np.round(rows.astype(np.float64), 1)
    tolerance = 1e-2 if scale == 1e-320 else 1e-12  # so near to 0 a number has four digits
    assert cosine(a * scale, b)[0] == pytest.approx(cosine(a, b)[0], abs=tolerance)


def test_half_precision_is_computed_exactly() -> None:
    large = np.full((1, 2048), 60_000, np.float16)
    assert cosine(large, large)[0].tolist() == [1.0]


def test_what_has_no_direction_has_a_note_and_spares_the_others() -> None:
    a = np.array([[0, 0], [1, np.nan], [3, 4], [np.inf, 1], [1, 1]])
    b = np.array([[1, 0], [0, 0], [4, 3], [1, -np.inf], [0, 0]])
    values, notes = cosine(a, b)
    assert values.tolist() == pytest.approx([np.nan, np.nan, 0.96, np.nan, np.nan], nan_ok=True)
    first, second = "the first embedding is", "the second embedding is"
    strange = "not finite (NaN or infinity)"
    assert notes == [
        f"{first} zero",
        f"{first} {strange}; {second} zero",
        "",
        f"{first} {strange}; {second} {strange}",
        f"{second} zero",
    ]


@pytest.mark.parametrize("shape", [(0, 0), (0, 7)])
def test_no_rows(shape: tuple[int, int]) -> None:
    values, notes = cosine(np.zeros(shape), np.zeros(shape))
    assert (values.shape, notes) == ((0,), [])


@pytest.mark.parametrize(("a", "b"), [((3,), (3,)), ((2, 3), (2, 4)), ((2, 3), (1, 3))])
def test_shapes_that_do_not_fit(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"two of one shape \(batch, dim\) are needed"):
        cosine(np.ones(a), np.ones(b))
