"""Where a Qdrant collection is: ``qdrant://HOST:6333/COLLECTION``, ``qdrants://`` with TLS.

The address is part of what an index says of itself. The key is not: it is read from ``$QDRANT_API_KEY`` whenever a
client is made, and stands in no file, address or message.
"""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auricle.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

KEY = "QDRANT_API_KEY"
"""Variable of the environment that holds the key."""

INSTALL = "pip install 'auricle[cluster]'"

_SCHEMES = {"qdrant": False, "qdrants": True}
_PORT = 6333
_TIMEOUT_S = 60
_OLDEST = (1, 10)
"""The first version of the server that weighs words by how rare they are."""


@dataclass(frozen=True)
class Address:
    """Where a collection is.

    Attributes:
        host: Name or address of the server.
        port: Of its HTTP interface.
        collection: Name of the collection.
        tls: Whether what is said to it is encrypted.
    """

    host: str
    port: int
    collection: str
    tls: bool = False

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read an address as it is typed.

        Raises:
            ConfigError: If it is none.

        Example:
            >>> str(Address.parse("qdrant://Search-1/sounds"))
            'qdrant://search-1:6333/sounds'
        """
        wanted = "An address of a store is written as in qdrant://HOST:6333/COLLECTION, with TLS qdrants://"
        try:
            parts = urlsplit(text)
            port = parts.port or _PORT
        except ValueError:
            raise ConfigError(f"{wanted}. The port or the host of what came is none.") from None
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(f"{wanted}, and nothing else; a key is read from the environment, ${KEY}.")
        collection = parts.path.strip("/")
        if parts.scheme not in _SCHEMES or not parts.hostname or not re.fullmatch(r"[\w.-]{1,255}", collection):
            raise ConfigError(f"{wanted}; {text!r} came. The name of a collection has letters, digits and . _ - only.")
        return cls(parts.hostname, port, collection, _SCHEMES[parts.scheme])

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'qdrants' if self.tls else 'qdrant'}://{host}:{self.port}/{self.collection}"


def connect(address: Address) -> "QdrantClient":
    """Return a client of the server; nothing is asked yet.

    Raises:
        ConfigError: If what it needs is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError:
        raise ConfigError(f"The store {address} needs what is not installed. Install it: {INSTALL}") from None
    scheme = "https" if address.tls else "http"
    host = f"[{address.host}]" if ":" in address.host else address.host
    with warnings.catch_warnings():  # that a key goes unencrypted over qdrant:// is said in docs/search.md
        warnings.simplefilter("ignore")
        return QdrantClient(
            url=f"{scheme}://{host}:{address.port}",
            api_key=os.environ.get(KEY) or None,
            timeout=_TIMEOUT_S,
            check_compatibility=False,
        )


def check_version(client: "QdrantClient", address: Address) -> None:
    """Ask the server for its version.

    Raises:
        StorageError: If it does not answer, or is too old.
    """
    with asking(address):
        version = client.info().version
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise StorageError(f"The Qdrant server of {address} has the version {version}; at least {oldest} is needed.")


@contextmanager
def asking(address: Address) -> Iterator[None]:
    """Turn whatever goes wrong between here and the server into one sentence."""
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except ResponseHandlingException as error:
        raise StorageError(
            f"The Qdrant server of {address} does not answer ({_first_line(error.source)}). Is it running, and is the "
            "address right?"
        ) from None
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise StorageError(
                f"The Qdrant server of {address} refuses the key. Set the environment variable {KEY} to one that may "
                "read and, for `auricle index`, write the collection."
            ) from None
        if error.status_code == 404:
            raise StorageError(
                f"There is no collection {address.collection!r} on the Qdrant server of {address}. `auricle index "
                "FOLDER` makes it again."
            ) from None
        raise StorageError(f"The Qdrant server of {address} says: {_said(error)}") from None
    except (ApiException, QdrantException, ValueError) as error:
        raise StorageError(f"The store {address} cannot be read or written ({_first_line(error)}).") from None


def _said(error: object) -> str:
    try:
        said = error.structured()["status"]["error"]  # type: ignore[attr-defined]
    except (ValueError, KeyError, TypeError, AttributeError):
        said = error
    return _first_line(said).rstrip(".") + "."


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
