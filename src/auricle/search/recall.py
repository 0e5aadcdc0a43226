"""How much of the exact answer an approximate index finds."""

import numpy as np

from auricle.search.records import Vectors
from auricle.search.store import View

K = 10


def recall_of(view: View, queries: Vectors, *, k: int = K) -> float:
    """Return recall@k of the approximate index against exact search: the share of the `k` nearest windows it finds.

    A window that is as near as the last of them counts, too: which of equal ones are listed is chance.

    Args:
        view: With an approximate index.
        queries: (queries, dim), of length 1.
        k: How many windows are looked for.
    """
    shares = []
    for vector in queries:
        _, exact = view.nearest(vector, limit=k, where="", exact=True)
        places, _ = view.nearest(vector, limit=k, where="", exact=False)
        cosines = view.vectors(places) @ vector
        shares.append(np.count_nonzero(cosines >= exact[-1] - 1e-6) / len(exact))
    return float(np.mean(shares))
