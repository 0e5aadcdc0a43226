"""Qdrant without a server: the client's own imitation, one for each folder of a test.

It keeps what a server keeps, and ignores what only makes a server fast: graphs, indexes of payload.
"""

from functools import cache
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from auricle.search.qdrant import QdrantStore
from auricle.search.qdrant_address import Address
from tests.search.fakes import DIM

ADDRESS = Address("qdrant.test", 6333, "sounds")

QUIET = pytest.mark.filterwarnings(
    "ignore:Local mode performs exact:UserWarning", "ignore:Payload indexes have no effect:UserWarning"
)
"""What the imitation says it ignores."""


@cache
def client_of(folder: Path) -> QdrantClient:
    """Return the server that belongs to a folder."""
    return QdrantClient(":memory:")


def qdrant_in_memory(folder: Path) -> QdrantStore:
    """Open the collection that belongs to a folder."""
    return QdrantStore(ADDRESS, dim=DIM, client=client_of(folder))
