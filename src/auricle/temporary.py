"""Hidden names under which files are written before they are whole, and the removal of what killed processes left."""

import os
import re
import socket
import uuid
from pathlib import Path

_TEMPORARY = re.compile(r"^\.(?P<final>.+)\.(?P<host>[^.]*)-(?P<process>\d+)-[0-9a-f]{8}\.tmp$")


def temporary_name(path: Path) -> Path:
    """Return a new name beside `path` that says which process of which machine writes it."""
    return path.with_name(f".{path.name}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def remove_temporary(folder: Path) -> None:
    """Remove what killed processes of this machine left in `folder`; files still being written are not touched."""
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.match(path.name)
        if found and found["host"] == _host() and not alive(int(found["process"])):
            path.unlink(missing_ok=True)


def alive(process: int) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", socket.gethostname())
