"""`auricle retrieve`: the sounds that are nearest to a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auricle import progress
from auricle.data import Purpose
from auricle.errors import ConfigError, DataError
from auricle.evaluation import top_k
from auricle.models import load
from auricle.runs.evaluating import open_run_collection
from auricle.training import RunFolder


@dataclass(frozen=True)
class Hit:
    """One sound that was found.

    Attributes:
        rank: From 1.
        similarity: Cosine between sentence and sound, from -1 to 1.
        clip: Identity of the clip.
        path: Where the file is.
        duration_s: Length in seconds.
    """

    rank: int
    similarity: float
    clip: str
    path: Path
    duration_s: float


def retrieve(
    run: RunFolder,
    sentences: Sequence[str],
    *,
    top: int = 10,
    collection: Path | None = None,
    split: str | None = None,
    device: str = "auto",
) -> list[list[Hit]]:
    """Find the nearest sounds to each sentence.

    Args:
        run: The run whose model is used.
        sentences: What is looked for.
        top: Number of hits per sentence; fewer where there are fewer sounds.
        collection: A folder of sounds, with or without captions; the run's own collection by default, of which the
            split ``evaluation`` is left out, since it is for reporting.
        split: One split of it; all by default.
        device: As in `auricle.load`.

    Returns:
        Hits per sentence, best first.

    Raises:
        ConfigError: If this is no run, a sentence is blank, or the split does not exist or is the run's evaluation.
        DataError: If there is no usable sound.
    """
    if not all(sentence.strip() for sentence in sentences):
        raise ConfigError("The query is empty. Describe the sound in a few words.")
    config = run.read_config()
    trained_on = config.data.collection
    own = collection is None or (trained_on is not None and collection.resolve() == trained_on.resolve())
    # Sounds that the run has never seen may all be found; its own evaluation split stays closed.
    opened = open_run_collection(config, collection, purpose=Purpose.LEARNING if own else Purpose.REPORTING)
    clips = list((opened.split(split) if split else opened).clips)
    model = load(run.path, device=device, features=config.features)
    if opened.closed and not split:
        progress.say(f"The split {', '.join(opened.closed)} is left out: it is for reporting.")
    audio, unusable = model.embed_clips(clips)
    if unusable:
        progress.say(f"{len(unusable)} sound(s) set aside: {' '.join(list(unusable.values())[:3])}")
    clips = [clip for clip in clips if clip.id not in unusable]
    if not clips:
        raise DataError(f"There is no usable sound in {opened.folder}.")
    similarity = model.embed_text(sentences) @ audio.T
    best = top_k(similarity, k=min(top, len(clips)))
    return [
        [
            Hit(rank, float(row[place]), clips[place].id, clips[place].path, clips[place].duration_s)
            for rank, place in enumerate(places, start=1)
        ]
        for row, places in zip(similarity, best.tolist(), strict=True)
    ]
