"""Models in a folder or of the Hugging Face hub: from its cache as long as they are there, then from the network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from auricle.encoders.contract import Origin
from auricle.encoders.quiet import quiet
from auricle.errors import ModelError

Model = TypeVar("Model")


def from_folder_or_hub(name_or_folder: str, load: Callable[[str, bool], Model], *, complaint: str) -> Model:
    """Load a model from a folder, if there is one, or else as `cached_or_fetched`.

    Args:
        name_or_folder: A folder, or a name on the hub.
        load: Called with the one or the other, and with whether to stay offline.
        complaint: As `cached_or_fetched`.

    Raises:
        ModelError: If it cannot be had, or is no such model.
    """
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return load(str(folder), True)
    return cached_or_fetched(name_or_folder, lambda offline: load(name_or_folder, offline), complaint=complaint)


def origin_of(name_or_folder: str) -> Origin:
    """Return what is known of where such a model came from: the folder's name, or the name on the hub and its page."""
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return Origin(folder.absolute().name)
    return Origin(name_or_folder, source=f"https://huggingface.co/{name_or_folder}")


def cached_or_fetched(name: str, load: Callable[[bool], Model], *, complaint: str) -> Model:
    """Load a model of the hub, asking the network only for what is not in the cache.

    Args:
        name: On the hub.
        load: Called with whether to stay offline; raises `ModelError` where it cannot.
        complaint: What to say if the hub does not have it or cannot be reached.

    Raises:
        ModelError: If it is not in the cache and cannot be had, or what came is no such model.
    """
    try:
        return load(True)
    except ModelError:  # not in the cache
        pass
    with quiet(), translated(complaint):
        from huggingface_hub import HfApi

        HfApi().model_info(name, timeout=30)  # fails at once where loading would try for minutes
    return load(False)


@contextmanager
def translated(complaint: str) -> Iterator[None]:
    """Turn whatever the libraries below raise, from `OSError` to kinds of their own, into one sentence.

    Raises:
        ModelError: With the complaint.
    """
    try:
        yield
    except Exception as error:
        raise ModelError(complaint) from error
