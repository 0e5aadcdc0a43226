"""Where and with what a run is made: versions, machine, the checkout that auricle runs from.

Nothing here may fail, and nothing depends on how the command was typed.
"""

import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from auricle import __file__ as _package
from auricle import __version__

_PACKAGES = (
    "torch",
    "lightning-fabric",
    "numpy",
    "scipy",
    "soundfile",
    "soxr",
    "sentence-transformers",
    "transformers",
)
_GIT_S = 5.0


def describe_environment(
    *, device: str, devices: int, nodes: int, seed: int, encoders: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what ``environment.json`` says of this sitting.

    Args:
        device: Where it trains; of several processes, the first.
        devices: How many of them on each machine.
        nodes: Machines.
        seed: Of the run.
        encoders: Of both sides: name, digest, licence, source.
    """
    return {
        "auricle": __version__,
        "git": checkout(Path(_package).parent),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "device": device,
        "devices": devices,
        "nodes": nodes,
        "world_size": devices * nodes,
        "seed": seed,
        "packages": {name: version(name) for name in _PACKAGES},
        "encoders": dict(encoders),
    }


@cache
def checkout(folder: Path) -> dict[str, Any] | None:
    """Return the ``commit`` a folder is checked out at, and whether something in it is ``changed`` since.

    None where there is no git, where the folder is in no checkout, and where it merely lies inside another project's,
    as an installed package may.
    """
    tracked = _git(folder, "ls-files", "--", ".")
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if not tracked or not commit or changes is None:
        return None
    return {"commit": commit, "changed": bool(changes)}


def _git(folder: Path, *arguments: str) -> str | None:
    # Variables of git's own would point it to another checkout, as inside a hook.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_GIT_S,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()
