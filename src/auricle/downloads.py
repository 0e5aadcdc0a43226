"""Files from elsewhere: going on where it stopped, checked, and in place only when they are whole.

pooch compares checksums and puts a file in place; going on with a part that has arrived, which it lacks, is done here.
"""

import time
from pathlib import Path

from auricle.errors import DownloadError
from auricle.progress import bar, say

ATTEMPTS = 5
_BLOCK_BYTES = 1 << 16
"""What a broken connection costs at most, besides the time."""

_LONG_TO_CHECK = 200_000_000  # bytes
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may succeed."""

_ARRIVING = ".arriving"
"""The hidden folder, beside the target, of what is on its way."""


def matches(path: Path, checksum: str) -> bool:
    """Return whether a file is there and has a checksum, given as ``md5:...`` or ``sha256:...``."""
    import pooch

    algorithm, _, expected = checksum.partition(":")
    if not path.is_file():
        return False
    if path.stat().st_size > _LONG_TO_CHECK:
        say(f"Checking {path.name} ...")
    return bool(pooch.file_hash(str(path), alg=algorithm) == expected)


def fetch_file(url: str, target: Path, *, checksum: str, size_bytes: int, pause_s: float = 1.0) -> None:
    """Download a file whose checksum is published, unless it is there already.

    One process at a time may fetch into a folder.

    Args:
        url: Where it is.
        target: Where it goes; it has this name only when it is complete and checked.
        checksum: ``md5:...`` or ``sha256:...``.
        size_bytes: As `remote_size` gives it.
        pause_s: As in `download_url`.

    Raises:
        DownloadError: If it cannot be had, or is not what was published.
        OSError: If it cannot be written.
    """
    import pooch

    if matches(target, checksum):
        return
    arriving = target.parent / _ARRIVING
    arriving.mkdir(parents=True, exist_ok=True)
    for left_behind in arriving.glob("tmp*"):  # pooch's, of a process that was killed
        left_behind.unlink()
    whole = arriving / f"{target.name}.whole"

    def resume(url: str, output: str, _: object) -> None:
        download_url(url, whole, size_bytes=size_bytes, pause_s=pause_s)
        whole.replace(output)

    pooch.get_logger().setLevel("WARNING")
    try:
        arrived = pooch.retrieve(url, checksum, fname=target.name, path=arriving, downloader=resume)
    except ValueError:  # pooch has removed it
        raise DownloadError(
            f"{url} is not what was published: its checksum is not {checksum}. It is not kept. Run the same command "
            "again; if that does not help, the server has another file."
        ) from None
    Path(arrived).replace(target)
    if not any(arriving.iterdir()):
        arriving.rmdir()


def part_of(target: Path) -> int:
    """Return how many bytes of a file that `fetch_file` did not finish are there already."""
    return _size(target.parent / _ARRIVING / f"{target.name}.whole.part")


def remote_size(url: str) -> int:
    """Return the size of a file in bytes, as its server gives it.

    Raises:
        DownloadError: If the server cannot be reached, has no such file, or does not tell.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    with requests.Session() as session:
        waiting = Retry(total=ATTEMPTS, backoff_factor=0.2, status_forcelist=_PASSING, raise_on_status=False)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=waiting))
        try:  # not HEAD, which some servers do not answer
            with session.get(url, headers=_headers(0), stream=True, timeout=60) as response:
                response.raise_for_status()
                size = response.headers.get("Content-Length", "")
        except requests.RequestException as error:
            raise DownloadError(
                f"{url} cannot be had: {_reason(error)}. Check the network and run the same command again, or give "
                "copies that were downloaded otherwise (--from)."
            ) from None
    if not size.isdigit():
        raise DownloadError(f"{url}: the server does not say how large the file is. Download it otherwise (--from).")
    return int(size)


def download_url(url: str, target: Path, *, size_bytes: int, pause_s: float = 1.0) -> None:
    """Download a file of known size; what an earlier attempt has brought is kept, and only the rest is asked for.

    Args:
        url: Where it is.
        target: Where it goes; it has this name only when it is complete.
        size_bytes: Its size.
        pause_s: Seconds before the second attempt; each further pause is twice as long.

    Raises:
        DownloadError: If it cannot be had after five attempts that brought nothing new, or has another size.
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
            reason = _reason(error)
            if error.response is not None and error.response.status_code not in _PASSING:
                barren = ATTEMPTS
        barren = 0 if _size(partial) > have else barren + 1
        if barren >= ATTEMPTS:
            raise DownloadError(
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
    with requests.get(url, headers=_headers(have), stream=True, timeout=60) as response:
        response.raise_for_status()
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            have = 0  # the server sends the whole file
        name = url.partition("?")[0].rpartition("/")[2]
        drawn = bar(total=size_bytes, label=f"Downloading {name}", unit="byte", initial=have, in_bytes=True)
        with drawn, partial.open("ab" if resumed else "wb") as opened:
            for block in response.iter_content(_BLOCK_BYTES):
                have += len(block)
                if have > size_bytes:
                    opened.truncate(0)
                    raise DownloadError(
                        f"{url} is larger than the {size_bytes} bytes it is known to have: it is another file. "
                        "Give a copy that was downloaded otherwise (--from)."
                    )
                opened.write(block)
                drawn.update(len(block))


def _headers(have: int) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "auricle"}
    return {**headers, "Range": f"bytes={have}-"} if have else headers


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code}"
    return f"the connection failed ({type(error).__name__})"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
