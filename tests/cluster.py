"""A real Ray cluster of two nodes with a processor each, on this machine."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest


@contextmanager
def two_nodes() -> Iterator[Any]:
    """Start a cluster that ``--engine ray`` finds, and yield it; it ends with the block.

    ``cluster.worker_nodes`` holds the second node, which may be removed.
    """
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'auricle[cluster]'")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            cluster.add_node(num_cpus=1)
            patch.setenv("RAY_ADDRESS", cluster.address)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()  # type: ignore[no-untyped-call]


def working_processes() -> list[int]:
    """Return the processes that are auricle's workers now, in the order in which they were started."""
    found = []
    for process in psutil.process_iter(["cmdline", "ppid", "create_time"]):
        if any(part.startswith("ray::") and "Worker" in part for part in process.info["cmdline"] or []) and _ours(
            process
        ):
            found.append((process.info["create_time"], process.pid))
    return [pid for _, pid in sorted(found)]


def _ours(process: psutil.Process) -> bool:
    """Return whether a process was started by this one, however indirectly."""
    try:
        return os.getpid() in [parent.pid for parent in process.parents()]
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Any, *, seconds: float = 60.0) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: If it does not come to be.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError("what was waited for has not come to be")
        time.sleep(0.05)
