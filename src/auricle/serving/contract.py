"""What the service asks of an index, and what a client may ask of the service.

`Searchable` is the part of `auricle.search.Index` that answers requests; anything that keeps it can be served. `Limits`
holds every bound in one place: whoever asks for more is told so in a sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from auricle.search import Found, Hit, IndexFacts

MB = 1_000_000


class Searchable(Protocol):
    """An index as the service uses it; asked by several threads at a time."""

    def facts(self) -> "IndexFacts":
        """Return what is in it."""

    def load_model(self) -> object:
        """Make the first search as quick as the others."""

    def search(
        self,
        query: str | Sequence[str] = (),
        *,
        like: Path | str | Sequence[Path | str] = (),
        like_windows: Sequence[str] = (),
        without: Sequence[str] = (),
        where: str = "",
        top: int = 10,
        hybrid: bool = False,
        fold: bool = True,
    ) -> "list[Hit]":
        """Return the nearest windows.

        Raises:
            ConfigError: If the query or the condition cannot be understood.
            DataError: If the index has no such window.
            AudioError: If a file of `like` is no sound.
        """

    def locate(self, window: str) -> "Found":
        """Return where a window's sound is: the only way from a client's words to the file system.

        Raises:
            DataError: If the index has no such window, or its file is gone or leads out of the folder.
        """


@dataclass(frozen=True)
class Limits:
    """What one client can cost.

    Attributes:
        sentence_characters: Of one sentence.
        sentences: Sentences of one search, wanted and unwanted.
        windows: Windows of one search that results shall be like.
        top: Results of one search.
        upload_bytes: Size of a sound that is sent.
        upload_s: Its length.
        excerpt_s: Length of a window that is decoded to be heard or drawn.
        searches: Searches at the same time; others wait.
        decodings: Sounds that are decoded at the same time.
        uploads: Sounds that are received at the same time.
        wait_s: How long a request waits for its turn before it is sent away.
        answer_s: How long it may take then.
        connections: Connections at the same time; one more drops the one that has kept the service waiting longest.
        request_s: How long a request may take to arrive, from its first byte to its last.
        head_bytes: Size of a request without its body: address and headers.
    """

    sentence_characters: int = 1_000
    sentences: int = 16
    windows: int = 16
    top: int = 200
    upload_bytes: int = 50 * MB
    upload_s: float = 600.0
    excerpt_s: float = 60.0
    searches: int = 4
    decodings: int = 4
    uploads: int = 4
    wait_s: float = 5.0
    answer_s: float = 30.0
    connections: int = 256
    request_s: float = 60.0
    head_bytes: int = 128 * 1024
