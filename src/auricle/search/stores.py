"""Which vector store an index has: LanceDB's in its own folder, or the collection that its address names."""

from pathlib import Path
from typing import TYPE_CHECKING

from auricle.errors import ConfigError
from auricle.search.qdrant_address import Address

if TYPE_CHECKING:
    from auricle.search.folder import About
    from auricle.search.store import Store


def complete_address(store: str) -> str:
    """Return the address of a store as an index keeps it; empty for the store in its own folder.

    Raises:
        ConfigError: If it is no address of a store.
    """
    return str(Address.parse(store)) if store else ""


def open_store(about: "About", folder: Path, *, create: bool = False) -> "Store":
    """Open the store of an index.

    Args:
        about: What the index is of.
        folder: Of the index.
        create: Make a collection that is not there; LanceDB's table is made by whoever opens it.

    Raises:
        ConfigError: If what it needs is not installed, or the collection is of something else.
        StorageError: If it cannot be opened.
    """
    if not about.store:
        from auricle.search.lance import LanceStore

        return LanceStore(folder, dim=about.dim)
    from auricle.search.qdrant import QdrantStore

    return QdrantStore(Address.parse(about.store), dim=about.dim, create=create)


def check_unused(about: "About", folder: Path) -> None:
    """Check that no other index keeps its windows where a new one is to: it would remove them.

    Raises:
        ConfigError: If one does.
        StorageError: If the store cannot be opened.
    """
    if about.store and open_store(about, folder, create=True).view().n_windows:
        raise ConfigError(
            f"The store {about.store} holds the windows of another index. Name another collection, or remove that one; "
            "the folder of its own index opens it without --store."
        )
