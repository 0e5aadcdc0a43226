"""The columns of LanceDB's table, one row per window, and what a row and a condition look like."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auricle.errors import StorageError
from auricle.places import url_of
from auricle.search.fingerprints import SIZE
from auricle.storage import writing

if TYPE_CHECKING:
    import pyarrow as pa

ARRAYS = ("vector", "fingerprint")


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the library below says of files into one sentence."""
    try:
        with writing(folder):
            yield
    except (RuntimeError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        if url := url_of(folder):
            raise StorageError(
                f"The index in {url} cannot be read or written ({reason}). Is the object store reachable, and may this "
                "user read and, for `auricle index`, write there?"
            ) from None
        raise StorageError(
            f"The index in {folder} cannot be read or written ({reason}). If the disk is not full, remove the "
            "folder and index again."
        ) from None


def among(records: Collection[str]) -> str:
    """Return the condition that a row is of one of these records."""
    return f"record IN ({', '.join(repr(record) for record in records)})"


def schema(dim: int) -> "pa.Schema":
    """Return the columns of the table, with vectors of so many dimensions."""
    import pyarrow as pa

    words, number = pa.string(), pa.int64()
    return pa.schema(
        [
            *((name, words) for name in ("file", "record", "content", "path")),
            *((name, pa.float64()) for name in ("start", "end", "duration", "rate", "channels")),  # any can be compared
            *((name, words) for name in ("licence", "tags", "caption", "words", "stated")),
            *((name, number) for name in ("size_bytes", "modified_ns")),
            ("vector", pa.list_(pa.float32(), dim)),
            ("fingerprint", pa.list_(pa.float16(), SIZE)),
        ]
    )


def column(matrix: NDArray[Any]) -> "pa.Array":
    """Return a matrix (rows, dim) as a column."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(matrix).ravel()), matrix.shape[1])


def matrix(column: Any) -> NDArray[Any]:
    """Return a column of vectors as (rows, dim)."""
    chunks = [chunk.flatten().to_numpy().reshape(len(chunk), -1) for chunk in column.chunks if len(chunk)]
    width = column.type.list_size
    return np.concatenate(chunks) if chunks else np.zeros((0, width), column.type.value_type.to_pandas_dtype())
