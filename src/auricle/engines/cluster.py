"""A Ray cluster as the engine: one actor per worker, each of which begins once and is given shard after shard.

Which shard is done where is decided here, one after another; Ray starts the actors, carries the bytes and tells who has
died. A worker that dies, alone or with its machine, costs what it was doing: that goes back to the queue, and another
actor is asked for, which works as soon as the cluster has room for it. Nothing is kept in the cluster.

Source: P. Moritz et al., Ray: A Distributed Framework for Emerging AI Applications, OSDI 2018.
"""

import logging
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from auricle import progress
from auricle.engines.contract import Begin, Result, Shard, Share
from auricle.engines.deaths import Deaths
from auricle.engines.packing import pack
from auricle.engines.settings import EngineConfig
from auricle.errors import AuricleError, ConfigError, StorageError
from auricle.places import shown, url_of
from auricle.temporary import temporary_name

AHEAD = 2
"""Shards that a worker has been given, so that it does not wait for the next."""

_TOLD_S = 30.0
"""How long nothing may begin before a person is told what is waited for."""


class ClusterEngine:
    """A Ray cluster, which is connected to when there is something to do.

    Args:
        address: ``ray://HOST:10001``; None for the cluster that this machine belongs to, or one of this machine alone.
        config: How many workers there are, and what each of them has.

    Raises:
        ConfigError: If Ray is not installed; when there is something to do, if the cluster cannot be reached.
    """

    remote = True

    def __init__(self, address: str | None, config: EngineConfig) -> None:
        if not is_installed("ray"):
            raise ConfigError("--engine ray needs Ray, which is not installed: pip install 'auricle[cluster]'")
        self._address = address
        self._config = config

    @contextmanager
    def working(
        self,
        begin: Begin[Shard, Result],
        shards: Iterable[Shard],
        *,
        network: bool = False,
        reads: Sequence[Path] = (),
        writes: Sequence[Path] = (),
    ) -> Iterator[Iterator[Result]]:
        """Do all shards; see `auricle.engines.contract.Engine`."""
        with ExitStack() as stack:
            tokens = [token for folder in writes if (token := stack.enter_context(_token(folder)))]
            seen = [folder.absolute() for folder in reads if url_of(folder) is None]
            payload = pack((begin, [*seen, *tokens]))
            workers = _Workers(_connected(self._address), self._config, network=network, payload=payload)
            stack.callback(workers.end)
            yield _done(workers, iter(shards))


def _done(workers: "_Workers", shards: Iterator[Shard]) -> Iterator[Any]:
    """Yield the results of all shards, giving the next to whoever has time."""
    queue: deque[tuple[int, bytes]] = deque()
    numbered = enumerate(shards)
    deaths = Deaths()

    def upcoming() -> tuple[int, bytes] | None:
        if queue:
            return queue.popleft()
        return next(((number, pack(shard)) for number, shard in numbered), None)

    def busy() -> bool:
        while worker := workers.free():
            if (shard := upcoming()) is None:
                break
            workers.give(worker, shard)
        return workers.busy

    first = upcoming()
    if first is None:
        return
    queue.append(first)
    workers.start()
    while busy() or queue:
        answer = workers.next()
        if isinstance(answer, _Died):
            queue.extendleft(reversed(answer.shards))
            # Of what it had been given, the first is what it was doing.
            deaths.count(answer.shards[0][0] if answer.shards else -1, cause=answer.cause)
            workers.replace()
        elif isinstance(answer, AuricleError):
            raise answer
        elif answer is not None:
            yield from answer


@dataclass
class _Worker:
    """An actor with what it has been given, oldest first."""

    actor: Any
    ready: bool = False
    given: deque[tuple[Any, tuple[int, bytes]]] = field(default_factory=deque)


@dataclass(frozen=True)
class _Died:
    """What a worker that died had been given."""

    shards: list[tuple[int, bytes]]
    cause: BaseException


class _Workers:
    """The actors of one piece of work."""

    def __init__(self, ray: Any, config: EngineConfig, *, network: bool, payload: bytes) -> None:
        self._ray = ray
        total = ray.cluster_resources()
        gpus = config.gpus if config.gpus is not None else float(network and total.get("GPU", 0) >= 1)
        self._share = Share(max(1, int(config.cpus)), "cuda" if gpus else "cpu")
        self._needs = {"num_cpus": config.cpus, "num_gpus": gpus}
        self._count = config.workers or _room(total, config.cpus, gpus)
        self._payload = ray.put(payload)
        self._class = ray.remote(_worker_class()).options(
            **self._needs,
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env=_environment(config, threads=self._share.processors),
        )
        self._workers: list[_Worker] = []
        self._waiting: dict[Any, _Worker] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is being done."""
        return any(worker.given for worker in self._workers)

    def start(self) -> None:
        """Ask for all workers."""
        while len(self._workers) < self._count:
            self.replace()

    def replace(self) -> None:
        """Ask for one worker."""
        worker = _Worker(self._class.remote())
        self._workers.append(worker)
        self._waiting[worker.actor.begin.remote(self._payload, self._share.processors, self._share.device)] = worker

    def free(self) -> _Worker | None:
        """Return the worker that has least to do, if it may be given more."""
        ready = [worker for worker in self._workers if worker.ready and len(worker.given) < AHEAD]
        return min(ready, key=lambda worker: len(worker.given), default=None)

    def give(self, worker: _Worker, shard: tuple[int, bytes]) -> None:
        """Give a shard to a worker."""
        answer = worker.actor.do.remote(shard[1])
        worker.given.append((answer, shard))
        self._waiting[answer] = worker

    def next(self) -> list[Any] | AuricleError | _Died | None:
        """Return the results of a shard, or what else has happened; None if that is nothing that matters."""
        from ray.exceptions import RayActorError, RayTaskError, RuntimeEnvSetupError

        answers, _ = self._ray.wait(list(self._waiting), num_returns=1, timeout=_TOLD_S)
        if not answers:
            self._tell()
            return None
        worker = self._waiting.pop(answers[0])
        try:
            said = self._ray.get(answers[0])
        except RayTaskError as error:
            raise error.as_instanceof_cause() from None  # type: ignore[no-untyped-call]
        except RuntimeEnvSetupError as error:
            raise ConfigError(f"The workers' environment cannot be made: {_last_line(error)}") from None
        except RayActorError as error:
            return self._bury(worker, error)
        if not worker.ready:
            return self._welcome(worker, said)
        worker.given.popleft()
        return said if isinstance(said, AuricleError) else list(said)

    def end(self) -> None:
        """End all workers, whatever they are doing."""
        for worker in self._workers:
            self._ray.kill(worker.actor)

    def _bury(self, worker: _Worker, cause: BaseException) -> _Died:
        self._workers.remove(worker)
        for answer, _ in worker.given:
            self._waiting.pop(answer, None)
        return _Died([shard for _, shard in worker.given], cause)

    def _welcome(self, worker: _Worker, said: dict[str, str]) -> ConfigError | StorageError | None:
        machine, own = said["machine"], version("auricle")
        if "missing" in said:
            return ConfigError(
                f"The workers on {machine} cannot import {said['missing']}. Install auricle {own} on every "
                "machine of the cluster, or name an environment that has it with --runtime-env."
            )
        if said["version"] != own:
            return ConfigError(
                f"The workers on {machine} have auricle {said['version']}, this is {own}. Install the same on "
                "every machine of the cluster."
            )
        if "unseen" in said:
            return StorageError(
                f"The machine {machine} does not see {said['unseen']}. Keep what a cluster works on in a folder that "
                "all its machines have under the same path, or in an object store (s3://...)."
            )
        worker.ready = True
        return None

    def _tell(self) -> None:
        if not any(worker.ready for worker in self._workers):
            free = self._ray.available_resources()
            progress.say(
                f"Waiting for the cluster: a worker needs {self._needs['num_cpus']:g} processors and "
                f"{self._needs['num_gpus']:g} GPUs; free are {free.get('CPU', 0):g} and {free.get('GPU', 0):g}. "
                "If that does not change, `ray status` and the workers' environment (--runtime-env) may say why."
            )


def _worker_class() -> Callable[[], Any]:
    """Return the class of the actors: by value, so that a machine without auricle can say that it has none."""

    class Worker:
        def begin(self, payload: bytes, processors: int, device: str) -> dict[str, str]:
            import socket
            from importlib.metadata import version

            said = {"machine": socket.gethostname()}
            try:
                from auricle.engines.working import Working
            except ImportError as error:
                return {**said, "missing": error.name or str(error)}
            said["version"] = version("auricle")
            self.working = Working(payload, processors=processors, device=device)
            return said | ({"unseen": self.working.unseen} if self.working.unseen else {})

        def do(self, shard: bytes) -> Any:
            return self.working.do(shard)

    return Worker


def _environment(config: EngineConfig, *, threads: int) -> Any:
    from ray.runtime_env import RuntimeEnv

    given = config.read_runtime_env()
    try:
        variables = {"OMP_NUM_THREADS": str(threads), **given.get("env_vars", {})}
        return RuntimeEnv(**{**given, "env_vars": variables})
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{config.runtime_env} is no environment for Ray: {_last_line(error)}") from None


def _connected(address: str | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        return ray
    try:
        with warnings.catch_warnings(action="ignore"):  # LanceDB's of forks, which here become other programs
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = address or os.environ.get("RAY_ADDRESS") or "this machine"
        raise ConfigError(
            f"The Ray cluster of {where} cannot be reached: {_last_line(error)}. A cluster that wants a token is asked "
            "with RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or ~/.ray/auth_token."
        ) from None
    return ray


def is_installed(package: str) -> bool:
    """Return whether a package could be imported, without doing so."""
    try:
        return find_spec(package) is not None
    except ValueError:  # Python's word for one that was kept from being imported
        return False


@contextmanager
def _token(folder: Path) -> Iterator[Path | None]:
    """Put a file into a folder that others are to see; nothing into an object store, which all see."""
    if url_of(folder):
        yield None
        return
    token = temporary_name(folder.absolute() / "seen")
    try:
        token.touch()
        yield token
    except OSError as error:
        raise StorageError(f"Cannot write to {shown(folder)}: {error.strerror}.") from None
    finally:
        token.unlink(missing_ok=True)


def _room(total: dict[str, float], cpus: float, gpus: float) -> int:
    """Return how many workers a cluster has room for, at least one."""
    rooms = [total.get(name, 0) / need for name, need in (("CPU", cpus), ("GPU", gpus)) if need]
    return max(1, int(min(rooms, default=1)))


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
