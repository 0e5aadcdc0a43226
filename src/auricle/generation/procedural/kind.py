"""A kind of sound: the words that name it and the recipe that makes it.

Two sorts: a bed (rain, an engine) goes on as long as it is asked to; an event (a bark, a stroke of a bell) has a length
of its own and, mostly, can be repeated.

Level: a finished sound is scaled so that the loudest 125 ms have the same root mean square whatever the kind. 125 ms is
the "fast" time weighting of sound level meters (IEC 61672-1), so a rare click and a steady hiss come out comparable.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from auricle.audio import Samples
from auricle.generation.procedural.synthesis import Signal

SAMPLE_RATE = 32000
LEVEL = 0.1
"""Root mean square of the loudest 125 ms of a finished sound."""

PEAK = 0.9

Recipe = Callable[[int, np.random.Generator, int], Signal]
"""(number of samples, randomness, sample rate in Hz) -> samples of any level."""


class Clause(NamedTuple):
    """One way to say that something sounds, in the words of a caption.

    Attributes:
        subject: With its article: ``a dog``.
        verb: Agreeing with the subject, with what follows it: ``barks at something``.
        participle: The same as ``barking at something``.
    """

    subject: str
    verb: str
    participle: str


@dataclass(frozen=True)
class Kind:
    """A kind of sound.

    Attributes:
        name: One word, as in file names and labels.
        recipe: Makes the sound.
        words: Whole words any of which names this kind and no other.
        clauses: Ways to say that it sounds.
        nouns: Phrases for the sound itself, with an article where English wants one: ``the barking of a dog``.
        length_s: Length of one occurrence, None for a bed.
        interval_s: Time from one occurrence to the next where it is repeated; None where nobody would count.
    """

    name: str
    recipe: Recipe
    words: tuple[str, ...]
    clauses: tuple[Clause, ...]
    nouns: tuple[str, ...]
    length_s: float | None = None
    interval_s: float | None = None

    @property
    def continuous(self) -> bool:
        """Whether it is a bed, which goes on as long as it is asked to."""
        return self.length_s is None

    def render(self, seconds: float, rng: np.random.Generator, *, sample_rate: int = SAMPLE_RATE) -> Samples:
        """Make the sound.

        Args:
            seconds: Length of the result, at least 0.1; an event that is longer is faded out.
            rng: Everything random about it.
            sample_rate: In Hz, at least 16,000.

        Returns:
            Samples of shape (round(seconds * sample_rate),), finite, within [-0.9, 0.9], at a level that is comparable
            between kinds.

        Raises:
            ValueError: If it would be too short or the rate too low for the recipes.
        """
        if seconds < 0.1 or sample_rate < 16000:
            raise ValueError(f"at least 0.1 s at 16000 Hz are needed, not {seconds} s at {sample_rate} Hz")
        n = round(seconds * sample_rate)
        return normalised(faded(self.recipe(n, rng, sample_rate), sample_rate), sample_rate)


def faded(samples: Signal, rate: int, *, rise_s: float = 0.001, fall_s: float = 0.008) -> Signal:
    """Return `samples` with a straight rise at the beginning and a straight fall to zero at the end."""
    rise, fall = int(rise_s * rate), int(fall_s * rate)
    shaped = samples.copy()
    shaped[:rise] *= np.linspace(0, 1, rise)
    shaped[-fall:] *= np.linspace(1, 0, fall)
    return shaped


def normalised(samples: Signal, rate: int) -> Samples:
    """Return `samples` with the loudest 125 ms at `LEVEL`, or lower where a peak would pass `PEAK`."""
    power = ndimage.uniform_filter1d(np.square(samples), min(len(samples), rate // 8), mode="constant")
    gain = min(LEVEL / np.sqrt(power.max() + 1e-20), PEAK / (np.abs(samples).max() + 1e-20))
    return np.asarray(samples * gain, dtype=np.float32)
