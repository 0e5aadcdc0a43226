"""search: one's own sounds, found by describing them.

The question this room answers: *which of these sounds is like that?* `indexing` reads a folder and writes an index;
`index` opens one and answers sentences and sounds with hits. An index keeps the embeddings of overlapping windows in a
vector store (`store`, `lance`), made by one model and no other (`embedders`, `baseline`)::

    from auricle.search import Index, index_folder

    index_folder("~/Sounds")
    hits = Index.open().search("a dog barks far away in the rain", where="duration < 20")

Conventions: paths are relative to the indexed folder, with ``/`` between folders; times are in seconds; scores are
cosines.
"""

from auricle.search.folder import default_folder
from auricle.search.index import Found, Index, IndexFacts
from auricle.search.indexing import IndexingReport, build_approximate, index_folder
from auricle.search.querying import Hit

__all__ = [
    "Found",
    "Hit",
    "Index",
    "IndexFacts",
    "IndexingReport",
    "build_approximate",
    "default_folder",
    "index_folder",
]
