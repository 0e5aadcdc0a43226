"""The back end `mixture`: every copy is its original with a stranger in it, and has the captions of both.

All that is drawn follows from the copy's seed: the level, the place, the order in which strangers are tried. The first
of them that can be heard is taken; one more or less in the collection changes few other copies. Of an original that is
to be shortened the loudest part is taken, since what its caption names should be heard.
"""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from auricle import __version__
from auricle.audio import Samples, decode
from auricle.config import Section
from auricle.data.metadata import joined_licences
from auricle.data.words import plain
from auricle.errors import AudioError, GenerationError
from auricle.generation.contract import About, BackEnd, Made, Original
from auricle.generation.finishing import SILENT_RMS, rms
from auricle.generation.mixture.captions import join_captions
from auricle.generation.mixture.sounds import lay_under, loudest_part, part
from auricle.randomness import derive_seed, stream

SAMPLE_RATE = 44_100


class MixtureOptions(Section):
    """How two clips become one.

    Attributes:
        min_snr_db: How far the original is above the other clip at least, in dB; drawn evenly up to `max_snr_db`.
        max_snr_db: See `min_snr_db`.
        conjunction: Between the two captions, behind a comma.
    """

    min_snr_db: float = Field(default=-3.0, ge=-60, le=60)
    max_snr_db: float = Field(default=3.0, ge=-60, le=60)
    conjunction: str = Field(default="and", pattern=r"\S")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_snr_db > self.max_snr_db:
            raise ValueError(f"min_snr_db is {self.min_snr_db:g}, above max_snr_db, {self.max_snr_db:g}")
        return self


class ClipMixer:
    """Mixes clips; see `auricle.generation.contract.Augmentation`.

    Args:
        options: How.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, options: MixtureOptions) -> None:
        self._options = options
        self.about = About("mixture", revision=__version__, licence="", parameters=options.model_dump(mode="json"))

    def augment(
        self, original: Original, *, number: int, strangers: Sequence[Original], seconds: float, seed: int
    ) -> Made:
        """Lay the first stranger that can be heard under an original.

        A silent original makes a silent copy: whoever asked decides.

        Raises:
            GenerationError: If the original cannot be read or has no words, or no stranger can be heard.
        """
        said = _spoken(original)
        if number not in said:
            raise GenerationError(f"Caption {number} of {original.clip.file_name} has no words; it cannot be joined.")
        try:
            whole = decode(original.clip.path, sample_rate=SAMPLE_RATE)
        except AudioError as error:
            raise GenerationError(str(error)) from None
        rng = stream(seed, "mixture")
        snr_db = rng.uniform(self._options.min_snr_db, self._options.max_snr_db)
        place, choice = rng.random(2)
        first = loudest_part(whole, max(1, round(seconds * SAMPLE_RATE)))
        for stranger in sorted(strangers, key=lambda one: derive_seed(seed, "stranger", one.clip.id)):
            theirs = _spoken(stranger)
            second = _heard(stranger, len(first), place=place)
            if theirs and second is not None:
                also = theirs.get(number) or [*theirs.values()][int(choice * len(theirs))]
                return Made(
                    lay_under(first, second, snr_db=snr_db, place=place),
                    caption=join_captions(said[number], also, conjunction=self._options.conjunction.strip()),
                    licence=joined_licences([original.clip.licence, stranger.clip.licence]),
                    mixed_with=stranger.clip.id,
                )
        raise GenerationError(
            f"No other clip can be mixed into {original.clip.file_name}: all that can be heard share a sound or a "
            "caption with it."
        )

    def close(self) -> None:
        """There is nothing to let go of."""


def _spoken(original: Original) -> dict[int, str]:
    """Return the captions that have words, by number."""
    return {caption.number: caption.text for caption in original.captions if plain(caption.text)}


def _heard(original: Original, length: int, *, place: float) -> Samples | None:
    """Return a part of a clip, None if it cannot be read or is silent; the clip itself is set aside for that."""
    try:
        samples = part(decode(original.clip.path, sample_rate=SAMPLE_RATE), length, place=place)
    except AudioError:
        return None
    return samples if rms(samples) >= SILENT_RMS else None


MIXTURE = BackEnd(
    name="mixture",
    summary="another clip of the collection laid under each, their captions joined; no model",
    options=MixtureOptions,
    open=lambda _argument, options: ClipMixer(options),
)
