"""`auricle search --eval`: how well an index answers questions whose answers are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from auricle import progress
from auricle.data.captions import read_captions
from auricle.errors import DataError
from auricle.evaluation import RelevantPairs, RetrievalResult, score_ranking
from auricle.search.index import Index
from auricle.search.stated import spoken_of

_DEPTH = 100


def score_index(
    index: Index, queries: Path, *, where: str = "", hybrid: bool = False, exact: bool | None = None
) -> RetrievalResult:
    """Ask an index every sentence of a table and score what it finds.

    Args:
        index: Which.
        queries: A caption file: ``file_name,caption``, one row per sentence and sound that it is about, or
            ``file_name,caption_1,caption_2,...``; the same sentence in several rows has several sounds. File names are
            paths inside the indexed folder, or in the folder of the split that the table names or is named after.
        where: A condition on what is ranked; sounds that do not meet it cannot be found.
        hybrid: As in `Index.search`.
        exact: As in `Index.search`.

    Returns:
        One value per distinct sentence: recall and mAP@10 among all files of the index; near duplicates are not folded.

    Raises:
        DataError: If the table cannot be read, or names a file that is not in the index.
    """
    paths = index.paths()
    place = {path: number for number, path in enumerate(paths)}
    wanted: dict[str, set[int]] = {}
    described, _ = read_captions(queries)
    below = spoken_of(index.about.root, queries)
    for sound in described:
        named = (below + sound.file_name, f"{sound.split}/{sound.file_name}", sound.file_name)
        path = next((path for path in named if path in place), None)
        if path is None:
            raise DataError(
                f"Line {sound.line} of {queries.name} names {sound.file_name}, which is not in the index of "
                f"{index.about.root}. File names are paths inside that folder."
            )
        for _, text in sound.captions:
            wanted.setdefault(text, set()).add(place[path])
    if not wanted:
        raise DataError(f"{queries.name} has no sentence.")
    ranking = np.zeros((len(wanted), _DEPTH), np.int64)
    for row, text in zip(ranking, progress.track(wanted, label="search", unit="query", total=len(wanted)), strict=True):
        hits = index.search(text, top=min(len(paths), _DEPTH), where=where, hybrid=hybrid, exact=exact, fold=False)
        found = [place[hit.path] for hit in hits if hit.path in place]  # others are new since
        row[:] = [*found, *range(len(paths), len(paths) + _DEPTH - len(found))]  # places that nothing was found for
    pairs = sorted((row, item) for row, items in enumerate(wanted.values()) for item in items)
    rows, items = np.array(pairs, np.int64).T
    n_items = len(paths) + _DEPTH
    relevance = RelevantPairs(rows, items, n_queries=len(wanted), n_items=n_items)
    return replace(score_ranking(ranking, relevance, n_items=n_items), n_items=len(paths))
