"""Clotho, from its publisher to a collection: download, unpack, correct file names, count.

The files of a release and their checksums are in `release`; a folder and what lies where in it, in `folder`. The
stages can be used alone (`download`, `extract`, `rename`), or all in one (`fetch`); each can be killed
and started again.
"""

from auricle.data.clotho.fetching import Sources, download, extract, fetch, rename
from auricle.data.clotho.folder import ClothoFolder, Count
from auricle.data.clotho.release import RELEASES, PublishedFile, PublishedSplit, Release

__all__ = [
    "RELEASES",
    "ClothoFolder",
    "Count",
    "PublishedFile",
    "PublishedSplit",
    "Release",
    "Sources",
    "download",
    "extract",
    "fetch",
    "rename",
]
