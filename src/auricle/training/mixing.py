"""Generated copies mixed into what is learned from: which originals, and which copies of each.

A copy is a clip of a source, a collection of generated clips, whose parent is an original: a clip of the split that is
learned from. Of a source, only the split of that name is used. The choice follows from the seed and the clip:

- originals are cut into consecutive parts, of which one is kept (all of them are one part by default);
- originals are ranked by a number derived from (seed, identity), and the first of them are kept;
- the copies of an original are ranked by one derived from (seed, original, generator, file name); the first are taken.

So two copies of a clip are the one that is taken alone and another, half of the originals hold a quarter of them, and
it makes no difference where the sources lie, in which order they are listed or which other clips there are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from auricle.data import Clip, Collection, SetAside
from auricle.errors import DataError
from auricle.evaluation.csv_rows import Row, pick_column
from auricle.randomness import derive_seed
from auricle.training.settings import SyntheticConfig

_CLIP_COLUMNS = ("clip", "file_name", "fname", "filename")


class ScoreTable(NamedTuple):
    """A CSV with a score for every copy, as `auricle.evaluation.csv_rows.read_rows` returns it."""

    path: Path
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Mixture:
    """What is learned from.

    Attributes:
        collection: One split: originals in their order, then copies. Copies that cannot be used are in its `set_aside`.
        originals: Those that are learned from.
        copies: Those that are, by source; every source is there.
        remarks: Sentences about what a person might not expect.
    """

    collection: Collection
    originals: tuple[Clip, ...]
    copies: Mapping[str, tuple[Clip, ...]]
    remarks: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return counts and hours of originals and copies, and what was taken from each source, JSON-able."""
        copies = [clip for taken in self.copies.values() for clip in taken]
        return {
            "originals": {"clips": len(self.originals), "hours": _hours(self.originals)},
            "copies": {"clips": len(copies), "hours": _hours(copies)},
            "sources": {
                name: {"copies": len(taken), "licences": sorted({clip.licence for clip in taken if clip.licence})}
                for name, taken in self.copies.items()
            },
        }

    @property
    def summary(self) -> str:
        """For a person: counts and hours of originals and copies, and how many are from each source."""
        facts = self.facts()
        counts = [f"{facts[kind]['clips']} {kind} ({facts[kind]['hours']:g} h)" for kind in ("originals", "copies")]
        sources = ", ".join(f"{name} ({len(taken)})" for name, taken in self.copies.items())
        return f"{', '.join(counts)}{sources and f' from {sources}'}."


@dataclass(frozen=True)
class _Copy:
    """A clip that was generated from a caption of its parent.

    Attributes:
        source: Name of the source's folder.
        clip: As the source has it.
    """

    source: str
    clip: Clip

    @property
    def mixed(self) -> Clip:
        """The clip as the mixture has it: several sources may have clips of one name."""
        return replace(self.clip, file_name=f"{self.source}/{self.clip.file_name}")

    @property
    def id(self) -> str:
        """Its identity in the mixture, ``split/source/file name``."""
        return self.mixed.id

    def rank(self, seed: int) -> tuple[int, str]:
        """Return its place among the copies of its original, the smallest first.

        Two with one generator and file name, made with different settings, are ordered by their content.
        """
        clip = self.clip
        return derive_seed(seed, "copy", clip.parent, clip.origin, clip.file_name), clip.content


def mix(
    learning: Collection,
    sources: Mapping[str, Collection],
    config: SyntheticConfig,
    *,
    scores: ScoreTable | None = None,
) -> Mixture:
    """Choose originals and copies.

    A clip of `learning` that was made from another of its clips is no original: it is learned from only as a copy,
    where a source has it. Clips of a source that have no parent are its own originals, and are not used.

    Args:
        learning: The one split that is learned from.
        sources: By the names of their folders.
        config: What is asked for.
        scores: What is in the file `config.scores`.

    Raises:
        DataError: If a source has no copy of an original, a copy would be called as a clip of the split is, scores are
            missing or faulty, or nothing is left to learn from.
    """
    sources = dict(sorted(sources.items()))
    names = {clip.id for clip in learning.clips}
    originals = [clip for clip in learning.clips if clip.parent == clip.id or clip.parent not in names]
    copies, left_out = _find_copies(learning, originals, sources)
    if scores is not None:
        copies, unscored = _good_enough(copies, scores, config)
        left_out += unscored
    kept = _first(originals, config)
    ranked = _by_original(copies, config.seed)
    chosen = [copy for clip in kept for copy in ranked.get(clip.id, [])[: config.copies]]
    if config.only and not chosen:
        raise DataError(
            "Nothing is left to learn from: training.synthetic.only leaves the originals out, and none of them has a "
            "copy that is good enough. Set it to false, or ask for less with min_score, keep_fraction or fraction."
        )
    remarks = []
    if made := len(learning.clips) - len(originals):
        remarks.append(
            f"{made} clip(s) of {learning.splits[0]} were made from others of it and are no originals: they are "
            "learned from only as copies, where their folder is one of training.synthetic.sources."
        )
    if left_out:
        remarks.append(f"{len(left_out)} clip(s) are not mixed in. {left_out[0].reason}")
    if few := sum(len(ranked.get(clip.id, [])) < config.copies for clip in kept):
        remarks.append(f"{few} of {len(kept)} originals have fewer copies than asked for; all of theirs are taken.")
    kept = [] if config.only else kept
    return Mixture(
        collection=_joined(learning, kept, chosen, sources, left_out),
        originals=tuple(kept),
        copies={name: tuple(copy.mixed for copy in chosen if copy.source == name) for name in sources},
        remarks=tuple(remarks),
    )


def _find_copies(
    learning: Collection, originals: Sequence[Clip], sources: Mapping[str, Collection]
) -> tuple[list[_Copy], list[SetAside]]:
    """Return each copy of an original once, and what else the sources have with a parent."""
    split, names = learning.splits[0], {clip.id for clip in learning.clips}
    known = {clip.id for clip in originals}
    found: dict[tuple[str, ...], _Copy] = {}
    left_out = []
    for name, source in sources.items():
        copies = [_Copy(name, clip) for clip in source.clips if clip.split == split and clip.parent]
        if not any(copy.clip.parent in known for copy in copies):
            first = f" (the first has {copies[0].clip.parent!r})" if copies else ""
            raise DataError(
                f"{source.folder} cannot be mixed in: none of its clips in {split!r} has an original of "
                f"{learning.folder} as its parent{first}. A source has {split}/ beside {split}_captions.csv, whose "
                f"column 'parent' names the original of each clip, as in {learning.clips[0].id}."
            )
        for copy in copies:
            clip = copy.clip
            if copy.id in names:
                raise DataError(
                    f"The copy {copy.id} would be called as a clip of {learning.folder} is. Rename {source.folder}."
                )
            if clip.parent not in known:
                left_out.append(SetAside(copy.id, f"The parent of {copy.id}, {clip.parent!r}, is no original."))
                continue
            same = found.setdefault((clip.parent, clip.origin, clip.file_name, clip.content), copy)
            if same is not copy:
                left_out.append(SetAside(copy.id, f"{copy.id} is the same as {same.id}."))
    return list(found.values()), left_out


def _good_enough(
    copies: Sequence[_Copy], table: ScoreTable, config: SyntheticConfig
) -> tuple[list[_Copy], list[SetAside]]:
    """Return the copies whose scores are good enough, and those whose score is empty."""
    scores, sign = _match_scores(copies, table, column=config.score_column), -1 if config.lower_is_better else 1
    good = []
    for source in sorted({copy.source for copy in copies}):
        scored = [copy for copy in copies if copy.source == source and not math.isnan(scores[copy.id])]
        scored.sort(key=lambda copy: (-sign * scores[copy.id], copy.rank(config.seed)))
        if config.keep_fraction is not None:
            scored = scored[: max(1, round(config.keep_fraction * len(scored)))]
        good += [
            copy for copy in scored if config.min_score is None or sign * (scores[copy.id] - config.min_score) >= 0
        ]
    empty = [copy.id for copy in copies if math.isnan(scores[copy.id])]
    return good, [SetAside(name, f"The score of {name} in {table.path.name} is empty.") for name in empty]


def _match_scores(copies: Sequence[_Copy], table: ScoreTable, *, column: str) -> dict[str, float]:
    """Return the score of each copy by its identity, NaN where the cell is empty or says so.

    A share of half a table is not what was asked for: a copy without a row is an error, rows of other clips are not.
    """
    clip_column = pick_column(table.path, table.columns, _CLIP_COLUMNS)
    score_column = pick_column(table.path, table.columns, (column,))
    by_name: dict[str, list[_Copy]] = {}
    for copy in copies:
        for name in (copy.clip.file_name, copy.clip.id):
            by_name.setdefault(name, []).append(copy)
    scores: dict[str, float] = {}
    for row in table.rows:
        where = f"{table.path}, line {row.line}"
        named = [copy for copy in by_name.get(row.cells[clip_column], []) if _is_about(row, copy)]
        if len(named) > 1:
            raise DataError(
                f"{where}: {row.cells[clip_column]!r} stands for {named[0].id} and {named[1].id}. Add a column "
                "'source' with the name of the folder."
            )
        for copy in named:
            if copy.id in scores:
                raise DataError(f"{where}: {copy.id} has a score already. Remove one of the two rows.")
            scores[copy.id] = _number(row.cells[score_column], where)
    if missing := [copy.id for copy in copies if copy.id not in scores]:
        raise DataError(
            f"{table.path} has no score for {len(missing)} of {len(copies)} copies, the first is {missing[0]!r}. Add a "
            "row for each; with an empty score it is left out."
        )
    return scores


def _is_about(row: Row, copy: _Copy) -> bool:
    cells = row.cells
    return cells.get("source", copy.source) == copy.source and cells.get("origin", copy.clip.origin) == copy.clip.origin


def _number(cell: str, where: str) -> float:
    try:
        return float(cell.strip() or "nan")
    except ValueError:
        raise DataError(f"{where}: {cell!r} is no number. Correct it, or leave the cell empty.") from None


def _first(originals: Sequence[Clip], config: SyntheticConfig) -> list[Clip]:
    """Return the originals that are kept, in the order in which they come."""
    originals = _part(originals, config)
    ranked = sorted(originals, key=lambda clip: (derive_seed(config.seed, "original", clip.id), clip.id))
    kept = {clip.id for clip in ranked[: max(2, round(config.fraction * len(ranked)))]}  # of one there is no negative
    return [clip for clip in originals if clip.id in kept]


def _part(originals: Sequence[Clip], config: SyntheticConfig) -> Sequence[Clip]:
    """Return one of the consecutive parts; the first parts are longer by one where the originals do not go even."""
    if config.parts > 1 and len(originals) < 2 * config.parts:
        raise DataError(
            f"{len(originals)} originals cannot be cut into training.synthetic.parts={config.parts} parts of two or "
            "more. Ask for fewer parts."
        )
    size, longer = divmod(len(originals), config.parts)
    first = (config.part - 1) * size + min(config.part - 1, longer)
    return originals[first : first + size + (config.part <= longer)]


def _by_original(copies: Sequence[_Copy], seed: int) -> dict[str, list[_Copy]]:
    ranked: dict[str, list[_Copy]] = {}
    for copy in sorted(copies, key=lambda copy: copy.rank(seed)):
        ranked.setdefault(copy.clip.parent, []).append(copy)
    return ranked


def _joined(
    learning: Collection,
    originals: Sequence[Clip],
    copies: Sequence[_Copy],
    sources: Mapping[str, Collection],
    left_out: Sequence[SetAside],
) -> Collection:
    """Return originals and copies as one collection, with all that any of them sets aside."""
    kept = learning.without({clip.id for clip in learning.clips} - {clip.id for clip in originals})
    captions = [
        replace(caption, clip_id=copy.id)
        for copy in copies
        for caption in sources[copy.source].captions_of(copy.clip.id)
    ]
    set_aside = [
        replace(one, what=f"{name}/{one.what}") for name, source in sources.items() for one in source.set_aside
    ]
    return replace(
        kept,
        clips=(*kept.clips, *(copy.mixed for copy in copies)),
        captions=(*kept.captions, *captions),
        set_aside=(*kept.set_aside, *set_aside, *left_out),
    )


def _hours(clips: Sequence[Clip]) -> float:
    return round(sum(clip.duration_s for clip in clips) / 3600, 3)
