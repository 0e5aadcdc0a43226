"""Weight files: reading them without running code, loading them strictly, and telling two sets of weights apart."""

import hashlib
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from auricle.errors import ModelError

_numpy_scalar: Callable[..., Any] = np.int64(0).__reduce__()[0]  # type: ignore[assignment]
_NUMPY_INTEGER: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    _numpy_scalar,
    (_numpy_scalar, "numpy.core.multiarray.scalar"),  # as numpy 1 called it
    np.dtype,
    type(np.dtype(np.int64)),
]
"""What a pickle may build beyond tensors and containers: an integer of numpy, as training code leaves it behind."""

_REFUSED = re.compile(r"Unsupported (global|class)|Can only build|unrecognized function")
"""How torch says that a pickle asks for what is not allowed, rather than being no pickle."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by name.

    Of a pickle only tensors, containers and numpy integers are built; one that asks for more is refused.

    Args:
        path: A ``.safetensors`` file, or a pickle of torch that holds a state dict: alone, under ``model`` or
            ``state_dict``, or as the first of a tuple.

    Raises:
        ModelError: If the file is missing, damaged, wants to run code, or holds no tensors.
    """
    if not path.is_file():
        raise ModelError(f"There is no weight file {path}.")
    content = _read(path)
    if isinstance(content, tuple) and content:
        content = content[0]
    for key in ("model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content or not all(isinstance(t, Tensor) for t in content.values()):
        raise ModelError(f"{path.name} holds no named tensors; a state dict is needed.")
    return dict(content)


def _read(path: Path) -> object:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals(_NUMPY_INTEGER), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an old pickle protocol
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if _REFUSED.search(str(error)):
            raise ModelError(
                f"{path.name} wants to build more than tensors while it is read, which could run code, and is refused. "
                "Save its state dict alone, best as safetensors."
            ) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, IndexError):
        pass
    raise ModelError(f"{path.name} is damaged or not a checkpoint.") from None


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], *, source: str, only: tuple[str, ...] = ()) -> None:
    """Fill a module, or some of its parts, with exactly the tensors that it has.

    Args:
        module: Filled in place, or not touched at all.
        tensors: By the module's own names.
        source: What to call the weights in a message.
        only: Parts to fill, such as ``conv_block1``; the whole module by default.

    Raises:
        ModelError: If a tensor is missing, has no place or has another shape; the message names them.
    """
    prefixes = tuple(f"{part}." for part in only) or ("",)
    wanted = {name: tensor for name, tensor in module.state_dict().items() if name.startswith(prefixes)}
    faults = [f"{name} is missing" for name in wanted if name not in tensors]
    faults += [f"{name} has no place" for name in tensors if name not in wanted]
    faults += [
        f"{name} is {tuple(tensors[name].shape)} where {tuple(tensor.shape)} is needed"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if faults:
        more = f", and {len(faults) - 4} more" if len(faults) > 4 else ""
        raise ModelError(f"{source} does not fit {type(module).__name__}: {'; '.join(faults[:4])}{more}.")
    module.load_state_dict(dict(tensors), strict=not only)


def digest_weights(module: nn.Module) -> str:
    """Return a SHA-256 that changes with any weight, name or shape of a module.

    Example:
        >>> one, other = nn.Linear(2, 2), nn.Linear(2, 2)
        >>> digest_weights(one) == digest_weights(other)
        False
        >>> _ = other.load_state_dict(one.state_dict())
        >>> digest_weights(one) == digest_weights(other)
        True
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
