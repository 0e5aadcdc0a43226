"""AudioGen with sixteen captions at once against one caption at a time.

Run: ``python -m benchmarks generation``, with the tiny checkpoint of ``../shared/data/audiogen_tiny``. Both sides make
the same clips with the same weights, on one thread: two would mostly wait for each other over so small a model.
"""

from pathlib import Path

import numpy as np
import torch

from auricle.audio import Samples
from auricle.errors import ModelError
from auricle.generation.audiogen.back_end import AUDIOGEN, AudioGen, AudioGenOptions

from .comparison import Row, in_turns, row

N_CLIPS = 16
DURATION_S = 2.0
TOLERANCE = 1e-5
SHARED = Path(__file__).parents[2] / "shared" / "data" / "audiogen_tiny"


def tiny_audiogen() -> AudioGen:
    """Return the tiny AudioGen with random weights.

    Raises:
        ModelError: If it is not there.
    """
    if not SHARED.is_dir():
        raise ModelError("The tiny AudioGen of ../shared/data is not beside this repository.")
    options = AudioGenOptions(model=str(SHARED / "audiogen-tiny"), text_encoder=str(SHARED / "t5-large"), device="cpu")
    back_end = AUDIOGEN.open("", options)
    assert isinstance(back_end, AudioGen)
    return back_end


def rows() -> list[Row]:
    """Return the table's one row."""
    back_end, threads = tiny_audiogen(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [compared(back_end)]
    finally:
        torch.set_num_threads(threads)


def compared(back_end: AudioGen) -> Row:
    captions = [f"a dog barks {'in the rain ' * (number % 4)}{number} times" for number in range(N_CLIPS)]

    def made(numbers: list[int]) -> list[Samples]:
        return back_end.generate(
            [captions[number] for number in numbers], seconds=[DURATION_S] * len(numbers), seeds=numbers
        )

    def together() -> list[Samples]:
        return made(list(range(N_CLIPS)))

    def alone() -> list[Samples]:
        return [clip for number in range(N_CLIPS) for clip in made([number])]

    np.testing.assert_allclose(together(), alone(), rtol=0, atol=TOLERANCE)
    ours, theirs = in_turns(together, alone, repetitions=5)
    return row(
        f"AudioGen, tiny and random, {N_CLIPS} clips of {DURATION_S:.0f} s, batch {N_CLIPS}",
        peer="batch 1",
        ours=ours,
        theirs=theirs,
        amount=N_CLIPS,
        unit="clips",
        note=f"one thread each; equal within {TOLERANCE}",
    )
