"""Asking an object store: the connection, and what it answers, in sentences.

Endpoint and credentials are found as the store's own tools find them: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
``AWS_PROFILE``, ``~/.aws``, the role of a machine. A connection is shared by the threads of a process.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from auricle.errors import AuricleError, StorageError

CONNECTIONS = 16
"""How many files are on their way at once."""

_PACKAGES = {"s3": "auricle[cluster]", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}

_WAITING = {  # with what s3fs tries on its own, a store that does not answer is given up after about half a minute
    "connect_timeout": 5,
    "read_timeout": 15,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "max_pool_connections": CONNECTIONS,
}
_ATTEMPTS = 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class ChangedMeanwhileError(Exception):
    """A write that was to happen only if nobody else had written has not happened."""


@contextmanager
def asking(url: str) -> Iterator[Any]:
    """Yield the file system of fsspec that a URL is of.

    Raises:
        FileNotFoundError: If the body asks for what is not there.
        ChangedMeanwhileError: If the body writes on a condition that does not hold any more.
        StorageError: For all else that goes wrong.
    """
    try:
        yield _connected(url.partition(":")[0], os.getpid(), _environment())
    except (AuricleError, ChangedMeanwhileError):
        raise
    except Exception as error:
        code = _code(error)
        if code in _CHANGED or isinstance(error, FileExistsError):
            raise ChangedMeanwhileError from error
        if isinstance(error, FileNotFoundError) and code != "NoSuchBucket":
            raise
        raise StorageError(_sentence(url, error, code)) from error


def key_of(store: Any, url: str) -> str:
    """Return a URL as its file system writes it: ``bucket/sounds/rain.wav``."""
    key: str = store._strip_protocol(url)
    return key


def _environment() -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))


@lru_cache(maxsize=4)
def _connected(scheme: str, process: int, environment: tuple[tuple[str, str], ...]) -> Any:  # noqa: ARG001 - of the key
    try:
        import fsspec

        options = {"config_kwargs": _WAITING} if scheme == "s3" else {}
        store = fsspec.filesystem(scheme, use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError as error:
        package = _PACKAGES.get(scheme, "fsspec")
        raise StorageError(
            f"{scheme}:// needs a package that is not installed ({error}). Run: pip install '{package}'"
        ) from None
    store.retries = _ATTEMPTS
    return store


def _code(error: BaseException) -> str:
    """Return what S3 calls the error; empty for other stores."""
    for found in (error, error.__cause__):
        response = getattr(found, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def _sentence(url: str, error: Exception, code: str) -> str:
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    bucket = "/".join(url.split("/")[:3])
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if getattr(error, "errno", None) in _NO_ROOM:
        return (
            f"{url} cannot be fetched: the disk of the cache is full. Free some space and run the same command again."
        )
    if kinds & {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError"}:
        return (
            f"There are no credentials for {bucket} ({said}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE."
        )
    if code == "NoSuchBucket":
        return f"There is no bucket {bucket}. Make it, or correct the name or AWS_ENDPOINT_URL."
    if isinstance(error, PermissionError):
        return f"{url} may not be used with these credentials ({said}). Check them, and what they are allowed."
    if kinds & {"HTTPClientError", "ConnectionError", "TimeoutError", "ClientConnectionError"}:
        return (
            f"The object store of {url} does not answer ({said}). Check the network and AWS_ENDPOINT_URL, and run the "
            "same command again."
        )
    return f"{url} cannot be used: the object store says {said!r}."
