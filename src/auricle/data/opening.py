"""From a configuration to a collection: list, look at what is new, remember, report.

The caption files are read each time; the sounds are read once (see `auricle.data.manifest`). Only headers and bytes are
looked at here: a sound that turns out to be undecodable or not finite is found by whoever decodes it, and left out with
`Collection.without`.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from auricle import object_store
from auricle.audio import SUFFIXES
from auricle.config import Place, Section
from auricle.data.collection import Caption, Clip, Collection, Provenance, SetAside
from auricle.data.layouts import Sound, list_collection
from auricle.data.listing import Stamp
from auricle.data.manifest import FILE_NAME, Measured, Row, manifest_path, measure, read_manifest, save_manifest
from auricle.data.policy import Purpose
from auricle.data.splitting import draw_splits, file_name_of_parent
from auricle.errors import AudioError, ConfigError, DataError
from auricle.places import shown
from auricle.progress import say, track

SAVE_INTERVAL_S = 30.0
"""How much looking a killed process loses at most, in seconds."""


class DataConfig(Section):
    """Which collection is used, and how it is read.

    Attributes:
        collection: Folder of the collection, or its URL in an object store.
        captions: The caption file, where the folder has several or none; as given, else inside the collection.
        encoding: Of the caption files, as Python names it.
        origin: Of the clips for which neither caption file nor manifest states one.
        licence: As `origin`.
        validation_share: Part of the clips drawn for validation, where captions come without splits.
        evaluation_share: As `validation_share`.
        split_seed: Of that draw.
        strict: Make the first sound or caption that cannot be used an error, instead of setting it aside.
    """

    collection: Place | None = None
    captions: Place | None = None
    encoding: str = "utf-8"
    origin: str = ""
    licence: str = ""
    validation_share: float = Field(default=0.1, ge=0, lt=1)
    evaluation_share: float = Field(default=0.1, ge=0, lt=1)
    split_seed: int = 0
    strict: bool = False

    @field_validator("encoding")
    @classmethod
    def _know_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError:
            raise ValueError("no such encoding; utf-8, latin-1 and cp1252 are the usual ones") from None
        return name

    @model_validator(mode="after")
    def _leave_development(self) -> Self:
        if self.validation_share + self.evaluation_share >= 1:
            raise ValueError("validation_share and evaluation_share leave nothing for development")
        return self


def open_collection(config: DataConfig, *, purpose: Purpose) -> Collection:
    """Open a folder of sounds, less the splits that are closed to a purpose.

    What cannot be used is set aside and summed up in one line on standard error. The first opening reads every sound
    once; later ones only what is new or changed.

    Raises:
        ConfigError: If no folder is named.
        DataError: If the folder is missing, has no layout that is known or nothing that can be used, if a caption file
            is at fault as a whole, or, with `strict`, if anything was to be set aside.
        StorageError: If the manifest cannot be written.
    """
    return _open(config, stated={}).closed_to(purpose)


def write_manifest(folder: Path, provenance: Mapping[str, Provenance]) -> Collection:
    """State where the sounds of a collection came from, for good, and return the collection.

    For whoever makes a collection: write sounds and caption files first, then call this.

    Args:
        folder: Of the collection.
        provenance: File relative to `folder` (in Clotho's layout the identity of the clip) -> where it came from. What
            is empty leaves what was stated before.

    Raises:
        ValueError: If a file is not in the collection.
        DataError: As `open_collection`.
        StorageError: As `open_collection`.
    """
    return _open(DataConfig(collection=folder), stated=provenance)


def _open(config: DataConfig, *, stated: Mapping[str, Provenance]) -> Collection:
    folder = _existing_folder(config)
    listed = list_collection(folder, captions=_caption_file(config, folder), encoding=config.encoding)
    if unknown := stated.keys() - listed.stamps.keys():
        raise ValueError(f"{shown(folder)} has no captioned sound {min(unknown)!r}")
    if config.strict and listed.set_aside:
        raise DataError(listed.set_aside[0].reason)
    path = manifest_path(folder, listed.stamps)
    known = read_manifest(folder / FILE_NAME)
    if path.parent != folder:
        known |= read_manifest(path)
    sounds = _draw_missing_splits(_with_provenance(listed.sounds, stated, known), config)
    rows, unusable = _look(folder, sounds, listed.stamps, known=known, path=path)
    set_aside = (*listed.set_aside, *unusable)
    if not rows:
        raise DataError(f"{shown(folder)} has no clip that can be used. {_first_reasons(set_aside)}")
    if config.strict and unusable:
        raise DataError(unusable[0].reason)
    if set_aside:
        say(f"{shown(folder)}: {len(set_aside)} set aside, {len(rows)} clips remain. {_first_reasons(set_aside)}")
    return _collect(folder, sounds, rows, set_aside, config)


def _existing_folder(config: DataConfig) -> Path:
    folder = config.collection
    if folder is None:
        raise ConfigError("No collection is named. Say where the sounds are, as in data.collection=FOLDER.")
    take_in(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "is not there"
        raise DataError(
            f"The collection {shown(folder)} {what}. Name the folder of sounds, as in data.collection=FOLDER."
        )
    return folder


def take_in(folder: Path) -> None:
    """Bring here what an object store has of a collection, but for the sounds.

    Raises:
        StorageError: If it cannot be read.
    """
    object_store.pull(folder, wanted=_is_no_sound, watch=track)


def _is_no_sound(name: str) -> bool:
    """Of an object store's collection, sounds are fetched when they are opened: the manifest knows those seen."""
    return not name.lower().endswith(tuple(SUFFIXES))


def _caption_file(config: DataConfig, folder: Path) -> Path | None:
    if config.captions is None or object_store.pull_file(config.captions) or config.captions.exists():
        return config.captions
    return folder / config.captions


def _with_provenance(
    sounds: Iterable[Sound], stated: Mapping[str, Provenance], known: Mapping[str, Row]
) -> list[Sound]:
    """Complete what caption files say of each sound: what the caller states comes before it, the manifest after."""
    completed = []
    for sound in sounds:
        provenance = stated.get(sound.file, Provenance()).over(sound.provenance)
        if row := known.get(sound.file):
            provenance = provenance.over(row.provenance)
        completed.append(replace(sound, provenance=provenance))
    return completed


def _draw_missing_splits(sounds: list[Sound], config: DataConfig) -> list[Sound]:
    """Give each sound that has no split one, and write what it was made from, if that is among them, as identities."""
    parents = {sound.file_name: sound.provenance.parent for sound in sounds if not sound.split}
    drawn = draw_splits(
        parents,
        seed=config.split_seed,
        validation_share=config.validation_share,
        evaluation_share=config.evaluation_share,
        mixed_with={sound.file_name: sound.provenance.mixed_with for sound in sounds if not sound.split},
    )

    def complete(sound: Sound) -> Sound:
        def identity(said: str) -> str:
            name = file_name_of_parent(said, parents)
            return f"{drawn[name]}/{name}" if name and name != sound.file_name else said

        said = sound.provenance
        provenance = replace(said, parent=identity(said.parent), mixed_with=identity(said.mixed_with))
        return replace(sound, split=drawn[sound.file_name], provenance=provenance)

    return [sound if sound.split else complete(sound) for sound in sounds]


def _look(
    folder: Path, sounds: Sequence[Sound], stamps: Mapping[str, Stamp], *, known: Mapping[str, Row], path: Path
) -> tuple[dict[str, Row], list[SetAside]]:
    """Look at the sounds that are new or have changed, and bring the manifest up to date.

    Returns:
        The row of each sound that can be used, by file, and the others.
    """
    rows, new = {}, {}
    for sound in sounds:
        stamp, row = stamps[sound.file], known.get(sound.file)
        if row and row.stamp == stamp:
            rows[sound.file] = _row(sound, row.measured, stamp)
        else:
            new[sound.file] = sound
    unusable = []
    saved = time.monotonic()
    looking = track(measure(folder, new), label="Looking at sounds", unit="clip", total=len(new))
    for file, found in looking if new else ():
        if isinstance(found, AudioError):
            unusable.append(SetAside(file, str(found)))
        else:
            rows[file] = _row(new[file], found, stamps[file])
        if time.monotonic() - saved > SAVE_INTERVAL_S:
            _keep(folder, path, rows, known)
            saved = time.monotonic()
    return _keep(folder, path, rows, known), unusable


def _row(sound: Sound, measured: Measured, stamp: Stamp) -> Row:
    return Row(sound.file, sound.split, sound.file_name, measured, stamp, sound.provenance)


def _keep(folder: Path, path: Path, rows: dict[str, Row], known: Mapping[str, Row]) -> dict[str, Row]:
    """Write the manifest if it changes, and return `rows` with what another process has stated in it meanwhile.

    A row whose sound is gone or damaged stays if something was stated in it: the sound may come back.
    """
    stated = {file: row for file, row in known.items() if row.provenance != Provenance()}
    if not rows or {**stated, **rows} == known:
        return rows
    for file, row in read_manifest(path, report=False).items():
        if file in rows:
            rows[file] = replace(rows[file], provenance=rows[file].provenance.over(row.provenance))
    if path.parent != folder and not path.exists():
        say(f"{shown(folder)} may not be written; what is seen of its sounds is kept in {path}.")
    save_manifest(path, {**stated, **rows}.values())
    return rows


def _first_reasons(set_aside: Sequence[SetAside], count: int = 3) -> str:
    more = f" And {len(set_aside) - count} more." if len(set_aside) > count else ""
    return " ".join(one.reason for one in set_aside[:count]) + more


def _collect(
    folder: Path,
    sounds: Sequence[Sound],
    rows: Mapping[str, Row],
    set_aside: tuple[SetAside, ...],
    config: DataConfig,
) -> Collection:
    default = Provenance(origin=config.origin, licence=config.licence)
    clips, captions = [], []
    for sound in sounds:
        if row := rows.get(sound.file):
            provenance = row.provenance.over(default)
            clip = Clip(
                split=row.split,
                file_name=row.file_name,
                path=folder / row.file,
                duration_s=row.measured.duration_s,
                sample_rate=row.measured.sample_rate,
                channels=row.measured.channels,
                content=row.measured.content,
                origin=provenance.origin,
                parent=provenance.parent,
                licence=provenance.licence,
                mixed_with=provenance.mixed_with,
            )
            clips.append(clip)
            captions += [Caption(clip.id, number, text) for number, text in sound.captions]
    return Collection(folder, tuple(clips), tuple(captions), set_aside)
