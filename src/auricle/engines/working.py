"""What a worker of a cluster does with what it is sent."""

import socket
from pathlib import Path
from typing import Any

from auricle import progress
from auricle.engines.contract import Share
from auricle.engines.packing import unpack
from auricle.errors import AuricleError, ConfigError


class Working:
    """A worker.

    Args:
        payload: `begin`, and what this machine must see, packed.
        processors, device: Its share of the machine.

    Attributes:
        unseen: What this machine does not see; empty if it sees all.
    """

    def __init__(self, payload: bytes, *, processors: int, device: str) -> None:
        self._begin: Any
        seen: list[Path]
        self._begin, seen = unpack(payload)
        self._share = Share(processors, device)
        self._work: Any = None
        # What only proves that a folder is the same one is named by the folder.
        missing = next((path for path in seen if not path.exists()), None)
        self.unseen = "" if missing is None else str(missing.parent if missing.suffix == ".tmp" else missing)

    def do(self, shard: bytes) -> list[Any] | AuricleError:
        """Return the results of a shard, or the error that ends the work."""
        try:
            with progress.muted():
                self._work = self._work or self._begun()
                return list(self._work(unpack(shard)))
        except AuricleError as error:
            return error

    def _begun(self) -> Any:
        if self._share.device == "cuda":
            import torch

            if not torch.cuda.is_available():
                raise ConfigError(
                    f"A worker on {socket.gethostname()} was given a GPU that its PyTorch cannot use. Install "
                    "PyTorch for that GPU there, or compute without GPUs: --gpus 0."
                )
        return self._begin(self._share)
