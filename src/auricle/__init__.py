"""auricle: find sounds by describing them.

Three lines open a trained model and embed anything::

    from auricle import load
    model = load("runs/NAME")
    model.embed_text(["a dog barks far away"]) @ model.embed_audio(["dog.wav"]).T

ARCHITECTURE.md is the map of the rooms; importing this package loads none of them.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["load"]

if TYPE_CHECKING:
    from auricle.models import load


def __getattr__(name: str) -> object:
    if name == "load":
        from auricle.models import load  # here, because torch takes seconds to import

        return load
    raise AttributeError(f"module 'auricle' has no attribute {name!r}")
