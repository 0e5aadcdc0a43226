"""What several processes that train together have in common, and how they come to it.

Every process, a *rank*, plans the same epochs from the same seed and takes the same decisions from the same numbers;
what only one of them can know (a signal, a validation, a fault) is told to all. Rank 0 alone writes and speaks.

Two groups of connections: the default one, of the devices, sums embeddings and gradients; one over TCP carries what
is told. A process may have to wait there while another computes features for hours. One that has died is noticed at
once, since its connections close.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from auricle.encoders.summing import sum_over_processes
from auricle.errors import AuricleError
from auricle.randomness import derive_seed
from auricle.training.pairs import WHOLE, Part

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """The processes that train together, as one of them sees them.

    Attributes:
        part: Which rows of every batch are this one's, and with that its rank.
        nodes: Number of machines.
        local_rank: Among the processes of this machine, from 0.
        told: The group that objects are told in; None if there is one process.
    """

    part: Part = WHOLE
    nodes: int = 1
    local_rank: int = 0
    told: Any = field(default=None, repr=False)

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks."""
        return self.part.rank == 0

    @property
    def devices(self) -> int:
        """Processes per machine."""
        return self.part.size // self.nodes

    def gather(self, own: Sequence[Tensor], *, n_rows: int) -> list[Tensor]:
        """Return matrices of the whole batch, of which every process has its own rows; gradients flow back to those.

        Args:
            own: Matrices (own rows, dim), of any dims.
            n_rows: Of the whole batch.

        Returns:
            The same matrices (n_rows, dim), at least float32.
        """
        joined = torch.cat([matrix.to(torch.promote_types(matrix.dtype, torch.float32)) for matrix in own], dim=1)
        whole = joined.new_zeros((n_rows, joined.shape[1]))
        whole[self.part.rows(n_rows)] = joined
        return list(torch.split(sum_over_processes(whole), [matrix.shape[1] for matrix in own], dim=1))

    @contextmanager
    def own_randomness(self, device: torch.device) -> Iterator[None]:
        """Let torch draw inside what no other process draws, and leave its generators as they were."""
        with random_state(derive_seed(torch.initial_seed(), "rank", self.part.rank), device):
            yield

    def any(self, here: bool) -> bool:
        """Return whether it is so in any process."""
        if self.told is None:
            return here
        anywhere = torch.tensor([here], dtype=torch.int32)
        torch.distributed.all_reduce(anywhere, op=torch.distributed.ReduceOp.MAX, group=self.told)
        return bool(anywhere)

    def tell(self, value: T) -> T:
        """Return the `value` that the first process has; what the others give is not looked at."""
        if self.told is None:
            return value
        values = [value]
        torch.distributed.broadcast_object_list(values, src=0, group=self.told, device=torch.device("cpu"))
        return values[0]

    @contextmanager
    def agreeing(self) -> Iterator[None]:
        """Let all processes leave the block together, or none.

        Raises:
            AuricleError: In the first process, if any raised one inside: that of the lowest rank.
            SystemExit: In all others then, without a word or a status, which are the first's.
        """
        if self.told is None:
            yield
            return
        fault: AuricleError | None = None
        try:
            yield
        except AuricleError as error:
            fault = error
        faults: list[AuricleError | None] = [None] * self.part.size
        torch.distributed.all_gather_object(faults, fault, group=self.told)
        for one in faults:
            if one is not None:
                raise one if self.first else SystemExit(0)


ALONE = Ranks()
"""A process that trains by itself."""


@contextmanager
def random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Let torch's generators draw from `seed` inside, and leave them as they were."""
    devices = [device] if device.type != "cpu" else []
    with torch.random.fork_rng(devices, device_type=device.type if devices else "cuda"):
        torch.manual_seed(seed)
        yield
