"""What a measure is worth: how often it finds a matched pair nearer than a mismatched one.

Source: J. A. Hanley, B. J. McNeil, The Meaning and Use of the Area under a ROC Curve, Radiology 143, 1982.
"""

import math
from collections.abc import Sequence

import numpy as np

from auricle.comparison.result import Chance


def against_chance(matched: Sequence[float], other: Sequence[float], *, lower_is_nearer: bool) -> Chance:
    """Return the probability that a matched pair is nearer than a mismatched one; ties count half.

    Args:
        matched: Values of pairs that belong together; NaN are left out.
        other: Values of pairs that do not; NaN are left out.
        lower_is_nearer: Whether small values mean near.

    Returns:
        The area under the curve, NaN where one side has no value.

    Example:
        >>> against_chance([0.1, 0.3], [0.2, 0.4], lower_is_nearer=True).auc
        0.75
    """
    from scipy.stats import rankdata

    near = np.array([value for value in matched if not math.isnan(value)])
    far = np.array([value for value in other if not math.isnan(value)])
    if not (len(near) and len(far)):
        return Chance(math.nan, tuple(far.tolist()))
    ranks = rankdata(np.concatenate([near, far]))
    above = (ranks[: len(near)].sum() - len(near) * (len(near) + 1) / 2) / (len(near) * len(far))
    return Chance(float(1 - above if lower_is_nearer else above), tuple(far.tolist()))
