"""`auricle evaluate`: how well a run retrieves on one split, written into the run.

This is one of the few places that may read the evaluation split.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auricle import progress
from auricle.config import validate
from auricle.data import Collection, Purpose, open_collection
from auricle.errors import ConfigError, DataError
from auricle.evaluation import RetrievalResult, score_both_directions, top_k, write_submission
from auricle.models import load
from auricle.places import url_of
from auricle.storage import write_json
from auricle.training import RunConfig, RunFolder
from auricle.training.objective import relevance_of

DIRECTIONS = ("text_to_audio", "audio_to_text")


@dataclass(frozen=True)
class Evaluation:
    """What came out of evaluating one run on one split.

    Attributes:
        split: Which.
        folder: Where the files are: ``measures.json``, ``ranks-{direction}.csv``, ``submission.csv``.
        results: Per direction.
    """

    split: str
    folder: Path
    results: Mapping[str, RetrievalResult]

    def measures(self) -> dict[str, dict[str, float]]:
        """Return the averages per direction."""
        return {direction: result.measures() for direction, result in self.results.items()}


def evaluate(
    run: RunFolder,
    *,
    split: str | None = None,
    collection: Path | None = None,
    which: Literal["best", "last"] = "best",
    device: str = "auto",
    settings: Mapping[str, object] | None = None,
) -> Evaluation:
    """Score a run on one split of a collection, and write ranks and submission into the run's folder.

    Args:
        run: The run.
        split: ``evaluation`` by default, or ``validation`` where the collection has none.
        collection: Another collection than the one the run was trained on.
        which: The best or the last checkpoint.
        device: As in `auricle.load`.
        settings: Settings of the section ``evaluation`` that replace the run's.

    Raises:
        ConfigError: If this is no run or the split does not exist.
        DataError: If the split has no usable captioned clip.
        ModelError: If the checkpoint cannot be used.
    """
    config = run.read_config()
    scoring = validate(
        type(config.evaluation), {**config.evaluation.model_dump(), **(settings or {})}, source="the command line"
    )
    opened = open_run_collection(config, collection, purpose=Purpose.REPORTING)
    split = split or ("evaluation" if "evaluation" in opened.splits else "validation")
    part = _captioned(opened.split(split))
    model = load(run.path, which=which, device=device, features=config.features)
    audio, unusable = model.embed_clips(part.clips)
    if unusable:
        progress.say(f"{len(unusable)} clip(s) set aside: {' '.join(list(unusable.values())[:3])}")
        part = part.without(list(unusable))
    if not part.clips:
        raise DataError(f"No captioned clip of the split {split!r} of {opened.folder} can be used.")
    captions = [caption.text for caption in part.captions]
    caption_clips = [caption.clip_id for caption in part.captions]
    clips = [clip.id for clip in part.clips]
    similarity = model.embed_captions(captions) @ audio.T
    to_audio, to_text = score_both_directions(
        similarity,
        relevance_of(captions, caption_clips, clips, scoring),
        ap_denominator=scoring.ap_denominator,
        recall=scoring.recall,
        no_relevant="skip",
    )
    results = {
        "text_to_audio": to_audio.named(queries=captions, clips=caption_clips),
        "audio_to_text": to_text.named(queries=clips, clips=clips),
    }
    name = split if collection is None else f"{split}-of-{collection.resolve().name}"
    evaluation = Evaluation(split, run.path / "evaluation" / name, results)
    write_submission(evaluation.folder / "submission.csv", top_k(similarity, k=10), captions=captions, clips=clips)
    _write(evaluation, which=which, scoring=scoring.model_dump(mode="json"))
    return evaluation


def open_run_collection(config: RunConfig, other: Path | None, *, purpose: Purpose) -> Collection:
    """Open the collection a run was trained on, or another one, read and split as in training.

    Raises:
        ConfigError: If the run's collection has moved.
        DataError: If it cannot be used.
    """
    if other is not None:
        captions = config.data.captions and Path(config.data.captions.name)
        there = captions if captions and (other / captions).is_file() else None
        return open_collection(config.data.model_copy(update={"collection": other, "captions": there}), purpose=purpose)
    folder = config.data.collection
    if folder is None or not (folder.is_dir() or url_of(folder)):
        raise ConfigError(f"The run's collection {folder} is not there. Say where it is now with --collection PATH.")
    return open_collection(config.data, purpose=purpose)


def _captioned(part: Collection) -> Collection:
    return part.without([clip.id for clip in part.clips if not part.captions_of(clip.id)])


def _write(evaluation: Evaluation, *, which: str, scoring: dict[str, object]) -> None:
    for direction, result in evaluation.results.items():
        result.write_ranks(evaluation.folder / f"ranks-{direction}.csv")
    write_json(
        evaluation.folder / "measures.json",
        {
            "split": evaluation.split,
            "checkpoint": which,
            "scoring": scoring,
            "queries": {direction: len(result.best_rank) for direction, result in evaluation.results.items()},
            "items": {direction: result.n_items for direction, result in evaluation.results.items()},
            **evaluation.measures(),
        },
    )
