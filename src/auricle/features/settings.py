"""The configuration section ``features``."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from auricle.config import Place, Section
from auricle.engines import Engine, EngineConfig, open_engine
from auricle.places import cache_folder


class FeaturesConfig(Section):
    """Where features are kept and how they are computed.

    Attributes:
        folder: The folder of all feature stores; ``features`` in the cache by default. Stores are shared by all
            collections, since a sound is known by its content. It may be the URL of a folder in an object store.
        precision: Of stored log-mels; float16 halves the space and errs by up to 0.016 at -36.
        threads: Number of threads that decode and transform; all processors by default.
        engine: Who computes what is missing.
    """

    folder: Place | None = None
    precision: Literal["float32", "float16"] = "float32"
    threads: int | None = Field(None, ge=1)
    engine: EngineConfig = EngineConfig()

    @property
    def root(self) -> Path:
        """The folder of all feature stores."""
        return self.folder or cache_folder() / "features"

    def open_engine(self) -> Engine:
        """Return who computes what is missing.

        Raises:
            ConfigError: As `auricle.engines.open_engine`.
        """
        return open_engine(self.engine)

    @property
    def workers(self) -> int:
        """The number of threads to use on this machine."""
        return self.threads or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(2))
