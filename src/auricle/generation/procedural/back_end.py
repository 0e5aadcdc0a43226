"""The back end `procedural`: no weights; the words of a caption choose the recipes, the seed the rest.

The embedded default: it makes sounds of 32 kinds and knows no others. A caption that names none of them is refused.
"""

from collections.abc import Sequence

import numpy as np

from auricle import __version__
from auricle.audio import Samples
from auricle.config import Section
from auricle.errors import GenerationError
from auricle.generation.contract import About, BackEnd, check_request
from auricle.generation.procedural.kind import SAMPLE_RATE
from auricle.randomness import stream


class ProceduralOptions(Section):
    """The back end has no settings."""


class Procedural:
    """Renders the sounds that a caption names.

    Example:
        >>> (clip,) = Procedural().generate(["A dog barks in the rain."], seconds=[2.0], seeds=[7])
        >>> clip.shape, clip.dtype
        ((64000,), dtype('float32'))
    """

    sample_rate = SAMPLE_RATE
    max_seconds = 60.0
    about = About("procedural", revision=__version__, licence="CC0-1.0", parameters={})

    def generate(self, captions: Sequence[str], *, seconds: Sequence[float], seeds: Sequence[int]) -> list[Samples]:
        """Make one clip per caption; see `auricle.generation.contract.TextToAudio`."""
        check_request(captions, seconds, seeds, longest=self.max_seconds)
        return [self._clip(*asked) for asked in zip(captions, seconds, seeds, strict=True)]

    def close(self) -> None:
        """There is nothing to let go of."""

    def _clip(self, caption: str, seconds: float, seed: int) -> Samples:
        from auricle.generation.procedural import scenes
        from auricle.generation.procedural.telling import scene_of

        rng = stream(seed, "procedural")
        scene = scene_of(caption, max(seconds, scenes.SHORTEST_S), rng)
        if scene is None:
            raise GenerationError(f"{_shortened(caption)!r} names no sound that procedural can make.")
        rendered = scenes.render(scene, rng, sample_rate=self.sample_rate)
        return np.ascontiguousarray(rendered[: round(seconds * self.sample_rate)])


def _shortened(caption: str) -> str:
    return caption if len(caption) <= 80 else f"{caption[:77]}..."


PROCEDURAL = BackEnd(
    name="procedural",
    summary="numpy recipes for 32 kinds of sound, chosen by the words of the caption; no weights, CC0",
    options=ProceduralOptions,
    open=lambda _argument, _options: Procedural(),
)
