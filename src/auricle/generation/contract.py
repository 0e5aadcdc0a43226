"""What a back end is: captions in, sounds out, nothing remembered in between.

A clip depends on its caption, its length, its seed and the back end's parameters alone: not on the batch it is made in,
on the order, on the number of workers or on a restart. Whoever implements this keeps a generator of randomness per clip
and masks padding. `auricle.generation.testing` checks that a back end does. Besides `TextToAudio` there are two other
kinds: `NamedClips` brings clips that are there already, `Augmentation` makes copies of the originals' own sounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from auricle.audio import Samples
from auricle.config import Section
from auricle.data import Caption, Clip
from auricle.errors import GenerationError


@dataclass(frozen=True)
class About:
    """What the clips of a back end owe their existence to; it goes into every manifest.

    Attributes:
        model: Its name, or the folder of its weights. revision: Commit, version or digest of the weights; empty when
        unknown. licence: Of the clips, as far as the weights determine it; empty when unknown. parameters: All that a
        clip depends on besides caption, length and seed, JSON-able: sampling, guidance, precision.
            Batch size, device and threads are not among them.
    """

    model: str
    revision: str
    licence: str
    parameters: Mapping[str, Any]


class TextToAudio(Protocol):
    """A back end that is ready to generate.

    Attributes:
        sample_rate: Of its clips, in Hz.
        max_seconds: The longest clip it can make.
        about: What its clips are made with.
    """

    sample_rate: int
    max_seconds: float
    about: About

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption.

        Args:
            captions: Not blank.
            seconds: Length of each clip, above 0 and at most `max_seconds`.
            seeds: Of each clip, non-negative, below 2**63.

        Returns:
            Mono float32 of shape (samples,) per caption. What a model makes is returned as it is, also if it is silent,
            not finite or of another length: whoever asked decides.

        Raises:
            MemoryError: If the batch is too large for the device; a smaller one may succeed.
            GenerationError: If a caption cannot become a sound; nothing of the batch is returned then.
            BackEndError: If no caption can any more.
        """

    def close(self) -> None:
        """Let go of processes and memory; nothing can be generated afterwards."""


@runtime_checkable
class NamedClips(Protocol):
    """Clips that are there already, by the name that they would have.

    Attributes:
        sample_rate: Of what is read, in Hz.
        about: What is known of them.
    """

    sample_rate: int
    about: About

    def read(self, file_name: str) -> Samples:
        """Return the clip of a name, of whatever length.

        Raises:
            GenerationError: If there is none, or it cannot be read.
        """

    def close(self) -> None:
        """Let go of processes and memory."""


@dataclass(frozen=True)
class Original:
    """A clip of development and what is said of it."""

    clip: Clip
    captions: tuple[Caption, ...]


@dataclass(frozen=True)
class Made:
    """A clip that was made, and what its collection will tell of it.

    Attributes:
        samples: Mono float32 of shape (samples,).
        caption: What it sounds like.
        licence: Under which it may be used; empty when unknown.
        mixed_with: Identity of the clip that is heard in it besides the one it is a copy of; empty if there is none.
    """

    samples: Samples
    caption: str
    licence: str
    mixed_with: str = ""


@runtime_checkable
class Augmentation(Protocol):
    """Copies of originals, made of their own sounds and captions.

    Attributes:
        sample_rate: Of the copies, in Hz.
        about: What they are made with.
    """

    sample_rate: int
    about: About

    def augment(
        self, original: Original, *, number: int, strangers: Sequence[Original], seconds: float, seed: int
    ) -> Made:
        """Make a copy, which depends on nothing but what is given here, and not on the order of `strangers`.

        Args:
            original: What it is a copy of.
            number: Of the caption that the copy is for, one of the original's.
            strangers: Other originals, which share neither a sound nor a caption with this one; there may be none.
            seconds: Length of the copy, at most that of the original.
            seed: Non-negative, below 2**63.

        Raises:
            GenerationError: If there can be no such copy.
        """

    def close(self) -> None:
        """Let go of processes and memory."""


@dataclass(frozen=True)
class BackEnd:
    """A back end that can be opened: what the registry holds, and what an entry point gives.

    Attributes:
        name: What it is called: ``audiogen``. summary: One line for a person. options: Its section of settings. open:
        From the argument behind the colon of ``diffusers:NAME`` and the options to a back end that is ready. Heavy
            libraries are imported there. Raises `BackEndError` or `ModelError` if it cannot be.
        argument: What stands behind the colon, for help: ``NAME_OR_PATH``; empty for a back end that takes none.
    """

    name: str
    summary: str
    options: type[Section]
    open: Callable[[str, Any], TextToAudio | NamedClips | Augmentation]
    argument: str = ""


def check_request(captions: Sequence[str], seconds: Sequence[float], seeds: Sequence[int], *, longest: float) -> None:
    """Check what is asked of a back end.

    Raises:
        ValueError: If the three do not have the same number of items, or a length is not within (0, `longest`].
        GenerationError: If a caption is blank.

    Example:
        >>> check_request(["rain", " "], [1.0, 1.0], [1, 2], longest=10)
        Traceback (most recent call last):
        auricle.errors.GenerationError: A caption is blank; nothing can be made of it.
    """
    if not len(captions) == len(seconds) == len(seeds):
        raise ValueError(f"{len(captions)} captions, {len(seconds)} lengths and {len(seeds)} seeds do not match")
    if not all(0 < length <= longest for length in seconds):
        raise ValueError(f"every length must be above 0 and at most {longest} s")
    if not all(caption.strip() for caption in captions):
        raise GenerationError("A caption is blank; nothing can be made of it.")
