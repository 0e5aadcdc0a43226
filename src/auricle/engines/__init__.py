"""engines: who does work that comes in many parts, on this machine or on a cluster.

The question this room answers: *where is it computed?* Batch stages hand over what is to be done with every shard
(`contract`); `local` does it here, `cluster` on a Ray cluster. Shards leave files, done means that the file exists, and
whoever is killed is replaced.
"""

from auricle.engines.contract import Begin, Engine, Share
from auricle.engines.local import LocalEngine
from auricle.engines.settings import EngineConfig

__all__ = ["Begin", "Engine", "EngineConfig", "LocalEngine", "Share", "open_engine"]


def open_engine(config: EngineConfig, *, processes: int = 1) -> Engine:
    """Return the engine that is configured.

    Args:
        config: Which, and its workers.
        processes: Of the local one, unless the configuration says how many.

    Raises:
        ConfigError: If it is a cluster, and Ray is not installed.
    """
    if config.name == "local":
        return LocalEngine(config.workers or processes)
    from auricle.engines.cluster import ClusterEngine

    return ClusterEngine(None if config.name == "ray" else config.name, config)
