"""What is known: clips, their captions, their splits, and where they came from.

A collection is a folder of sounds. `open_collection` recognises its layout (Clotho's; sounds with one CSV of captions;
sounds alone), looks at every sound once, and remembers what it saw in one manifest. A clip is called
``split/file name``, whatever the folder is called and wherever it stands; names and captions are taken as they are
written, with their spaces and entities.

One bad sound or caption among many is set aside with a sentence that says why, and listed in `Collection.set_aside`;
``data.strict=true`` makes the first of them an error. The collection's chapter of docs/layout.md shows every file.
"""

from auricle.data.collection import Caption, Clip, Collection, Provenance, SetAside
from auricle.data.opening import DataConfig, open_collection, write_manifest
from auricle.data.policy import Purpose

__all__ = [
    "Caption",
    "Clip",
    "Collection",
    "DataConfig",
    "Provenance",
    "Purpose",
    "SetAside",
    "open_collection",
    "write_manifest",
]
