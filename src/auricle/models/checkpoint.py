"""A checkpoint: one safetensors file with the learned weights, the configuration and what it was trained on.

It is opened without executing code. Frozen encoders are not inside; they are named with the digest of their weights,
and another version of them is refused.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from auricle import object_store
from auricle.config import validate
from auricle.errors import ModelError
from auricle.models.dual_encoder import DualEncoder
from auricle.models.settings import ModelsConfig
from auricle.places import shown
from auricle.storage import atomic

FORMAT = 1
_KEY = "auricle"


@dataclass(frozen=True)
class Header:
    """What a checkpoint says about itself.

    Attributes:
        models: The configuration of the towers.
        encoders: Name, digest of the weights, licence and source of both encoders.
        front_end: Every number of the front end.
        trained: Where in training it was taken: epoch, step, measures.
    """

    models: ModelsConfig
    encoders: dict[str, dict[str, Any]]
    front_end: dict[str, Any]
    trained: dict[str, Any]


def save(path: Path, model: DualEncoder, header: Header) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        StorageError: If the folder cannot be written.
    """
    from safetensors.torch import save

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.learned_state().items()}
    about = {
        "format": FORMAT,
        "models": header.models.model_dump(mode="json"),
        "encoders": header.encoders,
        "front_end": header.front_end,
        "trained": header.trained,
    }
    with atomic(path) as temporary:
        temporary.write_bytes(save(state, metadata={_KEY: json.dumps(about)}))


def read(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Read a checkpoint.

    Raises:
        ModelError: If it is missing, damaged, not auricle's, or of a later format.
    """
    from safetensors import SafetensorError, safe_open

    if not object_store.fetch(path):
        raise ModelError(f"There is no checkpoint {shown(path)}.")
    try:
        with safe_open(str(path), framework="pt") as opened:
            metadata = opened.metadata() or {}
            state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The checkpoint {shown(path)} is damaged ({error}). Train again, or take the run's other one."
        ) from None
    if _KEY not in metadata:
        raise ModelError(f"{path} is a safetensors file, but not a checkpoint of auricle.")
    try:
        about = json.loads(metadata[_KEY])
        if about["format"] != FORMAT:
            raise ModelError(
                f"{path} has format {about['format']}; this version of auricle reads {FORMAT}. Update auricle."
            )
        models = validate(ModelsConfig, about["models"], source=str(path))
        return Header(models, about["encoders"], about["front_end"], about["trained"]), state
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The checkpoint {shown(path)} is damaged (its header: {error!r}). Train again.") from None
