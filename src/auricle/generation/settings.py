"""The configuration of a generation run."""

from pathlib import Path

from pydantic import Field, field_validator

from auricle.config import Place, Section


class GenerationConfig(Section):
    """What is generated from a collection, and how it is written.

    Attributes:
        numbers: Numbers of the captions, from 1; all by default.
        seed: Of the whole run; every clip derives its own from it.
        seconds: Length of every clip; by default that of the clip that the caption belongs to, as far as the back end
            goes.
        batch_size: Clips that are made at once; halved when memory runs out.
        sample_rate: Of the clips as they are written, in Hz.
        loudness_lufs: Of the clips as they are written; null leaves them as the back end made them.
        attempts: How often an unusable clip is tried, each time with the next seed.
        output: The folder of the folders that are written.
    """

    numbers: tuple[int, ...] = ()
    seed: int = 0
    seconds: float | None = Field(default=None, gt=0)
    batch_size: int = Field(default=8, ge=1)
    sample_rate: int = Field(default=44_100, ge=8000)
    loudness_lufs: float | None = Field(default=-14.0, le=0)
    attempts: int = Field(default=4, ge=1)
    output: Place = Path()

    @field_validator("numbers")
    @classmethod
    def _begin_at_one(cls, numbers: tuple[int, ...]) -> tuple[int, ...]:
        if any(number < 1 for number in numbers):
            raise ValueError("captions are numbered from 1")
        return tuple(sorted(set(numbers)))
