"""models: what learns.

The question this room answers: *how do a sound and a sentence get into the same space?* A configuration becomes a
`DualEncoder` of two towers; training fills it; `checkpoint` keeps it in one file; `load` opens it again as a
`RetrievalModel` that embeds any text and any sound.
"""

from auricle.models.checkpoint import Header
from auricle.models.dual_encoder import AudioTower, DualEncoder, TextTower
from auricle.models.retrieval import RetrievalModel, load, pick_device
from auricle.models.settings import AudioTowerConfig, ModelsConfig, TextTowerConfig

__all__ = [
    "AudioTower",
    "AudioTowerConfig",
    "DualEncoder",
    "Header",
    "ModelsConfig",
    "RetrievalModel",
    "TextTower",
    "TextTowerConfig",
    "load",
    "pick_device",
]
