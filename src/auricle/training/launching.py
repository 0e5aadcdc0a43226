"""How the processes of one training are started, find each other and end.

Lightning Fabric starts them, or finds that torchrun or srun has: this same command, once per device. None is left
behind: whoever loses another one ends. What is alike in all of them is said once, by the first, and the exit status
is the first's too: Fabric kills a training one of whose other processes has a status, perhaps before the state is
saved.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from auricle import progress
from auricle.errors import AuricleError, ConfigError
from auricle.models import pick_device
from auricle.processes import ending_with_parent
from auricle.training.pairs import Part
from auricle.training.ranks import ALONE, Ranks
from auricle.training.settings import RunConfig, TrainerConfig

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_FEATURES_TAKE_AT_MOST = timedelta(days=1)
"""How long one process waits for another that describes sounds; of one that has died it knows at once."""


@contextmanager
def joined(config: RunConfig) -> Iterator[tuple["Fabric", Ranks]]:
    """Start or find the processes that train together; yield the device and precision, and who they are.

    Other processes than the first say nothing, and end here: they are there for nothing else.

    Raises:
        ConfigError: If this machine has not so many devices, or the processes were started otherwise.
        AuricleError: If another process ends before the training does.
    """
    fabric, nodes = open_fabric(config)
    if fabric.world_size == 1:
        yield fabric, ALONE
        return
    _check_command()
    first = fabric.global_rank == 0
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    with ExitStack() as stack:
        if not first:
            stack.enter_context(progress.muted())
        if _was_started_by_the_first():
            stack.enter_context(ending_with_parent())
        try:
            yield fabric, _connected(fabric, nodes)
        except RuntimeError as error:
            if not _is_about_a_lost_connection(error):
                raise
            if not first:
                raise SystemExit(1) from None  # the first says what there is to say, unless it was killed
            raise AuricleError(
                "Another process of this training has ended, so this one ends too. What it had to say stands above; "
                "what was saved is kept, and the same command goes on with it."
            ) from error
        except KeyboardInterrupt:
            if first:
                raise
        if not first:
            raise SystemExit(0)


def leave_to_the_first() -> None:
    """End every process but the first that torchrun or srun started: what comes is not for several.

    Raises:
        SystemExit: In the others.
    """
    rank = os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0"))
    if int(rank) > 0 and _started_from_outside() is not None:
        raise SystemExit(0)


def open_fabric(config: RunConfig) -> tuple["Fabric", int]:
    """Return Fabric, which has not started anything yet, and the number of machines.

    Raises:
        ConfigError: As `joined` does.
    """
    from lightning_fabric import Fabric  # here, because asking a run needs none
    from lightning_fabric.strategies.ddp import DDPStrategy

    accelerator = pick_device(config.trainer.accelerator).type
    devices, nodes = _arrangement(config.trainer, accelerator)
    if devices * nodes == 1:
        return Fabric(accelerator=accelerator, devices=1, precision=config.trainer.precision), 1
    if accelerator == "mps":
        raise ConfigError("mps is one device; set trainer.devices=1, or trainer.accelerator=cpu to try several.")
    audio, text = config.models.audio, config.models.text
    strategy = DDPStrategy(
        # Sentence encoders and CLAP have parameters that no embedding depends on.
        find_unused_parameters=not text.frozen or (audio.encoder == "clap" and not audio.frozen)
    )
    with _said_in_a_sentence():
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=config.trainer.precision,
            strategy=strategy,
        )
    return fabric, nodes


def _arrangement(trainer: TrainerConfig, accelerator: str) -> tuple[int, int]:
    """Return devices per machine and machines: as configured, or as torchrun or srun started processes."""
    available = torch.cuda.device_count() if accelerator == "cuda" else None
    devices = (available or 1) if trainer.devices == "auto" else trainer.devices
    started = _started_from_outside()
    if started is not None:
        by, per_node, nodes = started
        fits = trainer.devices in ("auto", per_node) and trainer.nodes == nodes
        if not fits and (trainer.devices, trainer.nodes) != (1, 1):
            raise ConfigError(
                f"trainer.devices={trainer.devices} and trainer.nodes={trainer.nodes} are set, but {by} started "
                f"{per_node} on each of {nodes} machines. Leave both settings out, or tell {by} the same numbers."
            )
        devices, trainer = per_node, trainer.model_copy(update={"nodes": nodes})
    elif trainer.nodes > 1 and "MASTER_ADDR" not in os.environ:
        raise ConfigError(
            f"trainer.nodes={trainer.nodes}, but nothing started this command on {trainer.nodes} machines. Start it by "
            "srun or torchrun, or on each by hand with MASTER_ADDR, MASTER_PORT and NODE_RANK set."
        )
    if available is not None and devices > available:
        raise ConfigError(f"{devices} devices are wanted, but this machine has {available}. Set trainer.devices.")
    return devices, trainer.nodes


def _started_from_outside() -> tuple[str, int, int] | None:
    """Return who started processes, how many per machine, and on how many machines."""
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    if TorchElasticEnvironment.detect():
        per_node = int(os.environ["LOCAL_WORLD_SIZE"])
        return "torchrun", per_node, int(os.environ["WORLD_SIZE"]) // per_node
    if SLURMEnvironment.detect():
        nodes = int(os.environ.get("SLURM_NNODES", "1"))
        return "srun", int(os.environ["SLURM_NTASKS"]) // nodes, nodes
    return None


def _connected(fabric: "Fabric", nodes: int) -> Ranks:
    if torch.distributed.is_initialized():
        raise ConfigError(
            "This process has trained together with others before, which have ended since. Train each run in a process "
            "of its own."
        )
    with _said_in_a_sentence():
        fabric.launch()
    told: Any = torch.distributed.new_group(backend="gloo", timeout=_FEATURES_TAKE_AT_MOST)
    return Ranks(Part(fabric.global_rank, fabric.world_size), nodes, fabric.local_rank, told)


@contextmanager
def _said_in_a_sentence() -> Iterator[None]:
    """Turn what Fabric and torch refuse inside into an error for a person."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"The processes of this training cannot be started or joined: {error}") from error


def _check_command() -> None:
    """Refuse commands that train among other things: Fabric would start all of it again in every process."""
    name, *arguments = (Path(sys.argv[0]).name, *sys.argv[1:])
    if name in ("auricle", "__main__.py") and arguments[:1] != ["train"]:
        raise ConfigError(
            "Only `auricle train` trains on several devices. Set trainer.devices=1 and trainer.nodes=1 here."
        )


def _was_started_by_the_first() -> bool:
    """Whether Fabric started this process, so that it has no reason to outlive the one that asked for it."""
    return int(os.environ.get("LOCAL_RANK", "0")) > 0 and _started_from_outside() is None


def _is_about_a_lost_connection(error: RuntimeError) -> bool:
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error)
