"""Models of the Hugging Face hub: from its cache as long as they are there, and only then from the network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from auricle.encoders.quiet import quiet
from auricle.errors import ModelError

Model = TypeVar("Model")


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
