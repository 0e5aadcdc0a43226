"""From a folder to facts: open the collection, or read caption files alone, and what is published beside them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auricle.data.captions import read_captions
from auricle.data.collection import Clip, SetAside, split_order
from auricle.data.layouts import CLOTHO_CAPTIONS
from auricle.data.listing import list_sounds
from auricle.data.metadata import FILE_NAME, Metadata, match_names, read_metadata
from auricle.data.opening import DataConfig, open_collection, take_in
from auricle.data.policy import Purpose
from auricle.data.statistics.counting import count
from auricle.data.statistics.facts import ClipFacts, Statistics, Tagging
from auricle.data.statistics.tagging import count_parts_of_speech, find_tagger
from auricle.errors import DataError
from auricle.progress import track


def describe(config: DataConfig, *, top: int = 20, tag: bool = False) -> Statistics:
    """Return what is known of a collection, or of Clotho's caption files where there are no sounds.

    Args:
        config: Names the folder, and how it is read.
        top: How many frequent words are shown, at least 0.
        tag: Whether parts of speech are counted, if a tagger is installed; some 3,000 captions a second.

    Raises:
        ConfigError: If no folder is named.
        DataError: If the folder is missing, holds neither sounds nor captions, or a file in it is at fault as a whole.
        StorageError: If the manifest of a collection cannot be written.
    """
    folder = config.collection
    if folder is not None:
        take_in(folder)
    if folder is not None and folder.is_dir() and config.captions is None and not list_sounds(folder):
        clips, set_aside = _read_captions_alone(folder, config)
    else:
        collection = open_collection(config, purpose=Purpose.REPORTING)
        folder, set_aside = collection.folder, list(collection.set_aside)
        clips = [_of_clip(clip, [c.text for c in collection.captions_of(clip.id)]) for clip in collection.clips]
    clips = _with_metadata(folder, clips, licence=config.licence)
    tagging, parts_of_speech = _tag(clips) if tag else ("not asked for", None)
    return count(folder, clips, top=top, tagging=tagging, parts_of_speech=parts_of_speech, set_aside=set_aside)


def _read_captions_alone(folder: Path, config: DataConfig) -> tuple[list[ClipFacts], list[SetAside]]:
    """Read the caption file of each split, in the splits' order; Clotho's own name goes before the other."""
    files: dict[str, Path] = {}
    names = sorted(path.name for path in folder.iterdir() if path.name[0] != "." and path.is_file())
    for pattern in CLOTHO_CAPTIONS:
        for match in filter(None, map(pattern.fullmatch, names)):
            files.setdefault(match[1], folder / match[0])
    clips, set_aside = [], []
    for split in split_order(files):
        described, unusable = read_captions(files[split], encoding=config.encoding)
        set_aside += unusable
        for entry in described:
            if entry.captions:
                texts = tuple(text for _, text in entry.captions)
                clips.append(ClipFacts(split, entry.file_name, texts, licence=entry.provenance.licence))
    if config.strict and set_aside:
        raise DataError(set_aside[0].reason)
    if not clips:
        raise DataError(
            f"{folder} holds neither sounds nor captions in Clotho's files (clotho_captions_SPLIT.csv or "
            "SPLIT_captions.csv). Name a folder that holds either."
        )
    return clips, set_aside


def _of_clip(clip: Clip, captions: Sequence[str]) -> ClipFacts:
    """Return what the collection knows of a clip; a length, rate or number of channels that cannot be is unknown."""
    return ClipFacts(
        split=clip.split,
        file_name=clip.file_name,
        captions=tuple(captions),
        duration_s=clip.duration_s if clip.duration_s > 0 and math.isfinite(clip.duration_s) else None,
        sample_rate=clip.sample_rate or None,
        channels=clip.channels or None,
        content=clip.content,
        licence=clip.licence,
    )


def _with_metadata(folder: Path, clips: Sequence[ClipFacts], *, licence: str) -> list[ClipFacts]:
    """Add what is published about the clips of each split that has a metadata file; `licence` is for the rest."""
    completed = []
    for split in split_order(clip.split for clip in clips):
        members = [clip for clip in clips if clip.split == split]
        path = folder / FILE_NAME.format(split=split)
        published = match_names(read_metadata(path) if path.is_file() else {}, {clip.file_name for clip in members})
        for clip in members:
            said = published.get(clip.file_name, Metadata())
            completed.append(replace(clip, sound_id=said.sound_id, licence=clip.licence or said.licence or licence))
    return completed


def _tag(clips: Sequence[ClipFacts]) -> tuple[Tagging, dict[str, dict[str, int]] | None]:
    tagger = find_tagger()
    if tagger is None:
        return "not installed", None
    counted = {}
    for split in split_order(clip.split for clip in clips):
        sentences = [sentence.split() for clip in clips if clip.split == split for sentence in clip.plain_captions]
        tracked = track(sentences, label=f"Tagging {split}", unit="caption", total=len(sentences))
        counted[split] = count_parts_of_speech(tracked, tagger=tagger)
    return "counted", counted
