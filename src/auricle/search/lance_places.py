"""Where LanceDB's table is: in the folder of the index, or in the object store that the folder mirrors.

A table in an object store is read and written there, not in the mirror: LanceDB reads the parts that it needs, and
commits a state by a write that fails if another has taken its number. Address and credentials of the store are those
that AWS's tools use, from the environment and the files in ``~/.aws``.
"""

import os
from pathlib import Path
from typing import Any

from auricle import places

FRESH_S = 1.0
"""How long a reader of an object store goes without asking for a newer state: it is a request of its own."""


def connect(folder: Path) -> Any:
    """Return LanceDB's connection to the table of an index.

    Args:
        folder: Of the index.
    """
    import lancedb

    url = places.url_of(folder)
    return lancedb.connect(url, storage_options=options(url)) if url else lancedb.connect(folder)


def options(url: str) -> dict[str, str]:
    """Return what LanceDB does not find out by itself of how a store is reached.

    Example:
        >>> options("gs://bucket/index")
        {}
    """
    if not url.startswith("s3://"):
        return {}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    found: dict[str, str] = {}
    if endpoint:
        found["endpoint"] = endpoint
        found["allow_http"] = str(endpoint.startswith("http://")).lower()
        region = region or "us-east-1"  # which nobody asks for, but signatures need one
    if region:
        found["region"] = region
    return found
