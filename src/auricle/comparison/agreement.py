"""How far two embeddings agree: of an original and its synthetic version, or of a clip and its caption.

The measure is the cosine of the angle between them, whatever their lengths: 1 is the same direction, 0 is unrelated,
-1 is opposite. A distance is 1 less the cosine. Where the two rows come from is the business of the module `listeners`.
"""

import numpy as np
from numpy.typing import NDArray

from auricle.comparison.distances import Embeddings


def cosine(a: Embeddings, b: Embeddings) -> tuple[NDArray[np.float64], list[str]]:
    """Return the cosine of each row of `a` with the same row of `b`.

    It is computed in float64; rows that are equal give exactly 1.

    Args:
        a: Of shape (batch, dim).
        b: Of the same shape.

    Returns:
        Values (batch,) from -1 to 1, nan where there is none; and a note for each row that says why, empty elsewhere.

    Raises:
        ValueError: If the shapes are not equal or not (batch, dim).

    Example:
        >>> values, notes = cosine(np.array([[3.0, 0.0], [1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 0.0]]))
        >>> values.tolist(), notes
        ([0.6, nan], ['', 'the second embedding is zero'])
    """
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"embeddings of shape {a.shape} and {b.shape}; two of one shape (batch, dim) are needed")
    notes = [_fault(*rows) for rows in zip(a, b, strict=True)]
    usable = np.array([not note for note in notes], bool)
    one, other = _scaled(a[usable]), _scaled(b[usable])
    products = [np.einsum("ij,ij->i", *pair) for pair in ((one, other), (one, one), (other, other))]
    values = np.full(len(a), np.nan)
    values[usable] = np.clip(products[0] / np.sqrt(products[1] * products[2]), -1, 1)
    return values, notes


def _fault(one: Embeddings, other: Embeddings) -> str:
    faults = []
    for place, row in (("first", one), ("second", other)):
        if not np.isfinite(row).all():
            faults.append(f"the {place} embedding is not finite (NaN or infinity)")
        elif not row.any():
            faults.append(f"the {place} embedding is zero")
    return "; ".join(faults)


def _scaled(rows: Embeddings) -> NDArray[np.float64]:
    """Return the rows in float64 with 1 as their largest magnitude, so that no square of them is lost or overflows."""
    exact = rows.astype(np.float64)
    return np.asarray(exact / np.abs(exact).max(axis=1, keepdims=True, initial=0))
