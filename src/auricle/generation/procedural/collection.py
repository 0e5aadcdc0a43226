"""The embedded collection on disk, in Clotho's layout.

::

    development/rain-dog-000.wav ...    60 %, 32 kHz mono 16-bit; validation/ and evaluation/ 20 % each
    clotho_captions_development.csv     file_name, caption_1 .. caption_5; one per split
    classes.csv                         split, file_name, label: the kinds of a clip, sorted, joined by "+"
    procedural.json                     the seed and the version of auricle that made it

A clip depends on the seed and its number alone: more clips, another order or a restart change none that is there. A
killed run goes on where it stopped; the captions are written when all clips are there.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from auricle import __version__, audio, storage
from auricle.errors import StorageError
from auricle.generation.procedural import captions, scenes
from auricle.generation.procedural.kind import SAMPLE_RATE
from auricle.progress import track
from auricle.randomness import stream
from auricle.tables import write_rows

SPLITS = ("development", "validation", "evaluation")

_SPLIT_OF = ("development", "development", "validation", "development", "evaluation")
_RECORD = "procedural.json"


@dataclass(frozen=True)
class WrittenClip:
    """A clip of the collection.

    Attributes:
        split: development, validation or evaluation.
        file_name: Inside the folder of its split.
        kinds: Names of the kinds of sound in it, in the order in which they are heard.
    """

    split: str
    file_name: str
    kinds: tuple[str, ...]


def write_collection(folder: Path, *, clips: int = 300, seed: int = 0) -> list[WrittenClip]:
    """Write the embedded collection, or what is still missing of it.

    Args:
        folder: Where to; made if needed. It must be empty or hold a collection of the same seed and version.
        clips: How many, at least 5, so that each split has one. Clips of an earlier, larger run stay where they are
            but lose their captions.
        seed: Another seed gives other clips.

    Returns:
        The clips by number.

    Raises:
        StorageError: If the folder cannot be written or holds something else.
        ValueError: If `clips` < 5.
    """
    if clips < 5:
        raise ValueError(f"clips must be at least 5, one for each split, not {clips}")
    _claim(folder, seed=seed)
    drawn = [scenes.draw(seed, number) for number in range(clips)]
    written = [_named(number, scene) for number, scene in enumerate(drawn)]
    for number, clip in enumerate(track(written, label="making sounds", unit="clip", total=clips)):
        path = folder / clip.split / clip.file_name
        if not path.exists():
            audio.write(path, scenes.render(drawn[number], stream(seed, "sound", number)), SAMPLE_RATE)
    header = ("file_name", *(f"caption_{i}" for i in range(1, captions.N_CAPTIONS + 1)))
    for split in SPLITS:
        rows = (
            (clip.file_name, *captions.write(drawn[number], stream(seed, "captions", number)))
            for number, clip in enumerate(written)
            if clip.split == split
        )
        write_rows(folder / f"clotho_captions_{split}.csv", header, rows)
    labels = ((clip.split, clip.file_name, "+".join(sorted(clip.kinds))) for clip in written)
    write_rows(folder / "classes.csv", ("split", "file_name", "label"), labels)
    return written


def _named(number: int, scene: scenes.Scene) -> WrittenClip:
    kinds = tuple(event.kind for event in scene.events)
    return WrittenClip(_SPLIT_OF[number % len(_SPLIT_OF)], f"{'-'.join(kinds)}-{number:03d}.wav", kinds)


def _claim(folder: Path, *, seed: int) -> None:
    """Make `folder` ready for the collection of this seed, or refuse: two collections are never mixed."""
    storage.make_folder(folder)
    record, wanted = folder / _RECORD, {"seed": seed, "auricle": __version__}
    if record.exists():
        if (found := _read_record(record)) != wanted:
            raise StorageError(
                f"{folder} holds sounds made with {found}, not with {wanted}. Choose another folder or remove this one."
            )
    elif any(not path.name.startswith(".") for path in folder.iterdir()):
        raise StorageError(f"{folder} holds files that are not from here. Choose an empty folder for the sounds.")
    else:
        storage.write_json(record, wanted)
    for split in SPLITS:
        storage.remove_temporary(storage.make_folder(folder / split))


def _read_record(record: Path) -> object:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        return "something unreadable"
