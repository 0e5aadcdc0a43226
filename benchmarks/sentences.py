"""Sentence embedding in batches of one length against one sentence at a time.

Run: ``python -m benchmarks sentences``, after ``auricle models fetch minilm``. Both sides embed the same captions with
the same weights and threads; their results are compared. The captions are made up, of 3 to 25 words as real ones are.
"""

import numpy as np
from numpy.typing import NDArray

from auricle.encoders import build_sentence_encoder

from .comparison import Row, in_turns, row

N_CAPTIONS = 256
TOLERANCE = 1e-5
_WORDS = ["a", "the", "dog", "rain", "car", "bird", "people", "water", "barks", "falls", "sings", "far"]


def captions() -> list[str]:
    """Return made-up captions of 3 to 25 words."""
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(_WORDS, size=draw.integers(3, 26))) for _ in range(N_CAPTIONS)]


def rows() -> list[Row]:
    """Return the table's one row."""
    encoder, sentences = build_sentence_encoder("minilm"), captions()

    def together() -> NDArray[np.float32]:
        return encoder.encode(sentences)

    def alone() -> NDArray[np.float32]:
        return encoder.encode(sentences, batch_size=1)

    np.testing.assert_allclose(together(), alone(), rtol=0, atol=TOLERANCE)
    ours, theirs = in_turns(together, alone, repetitions=3)
    return [
        row(
            f"sentence embedding, {N_CAPTIONS} captions, minilm",
            peer="one sentence at a time",
            ours=ours,
            theirs=theirs,
            amount=N_CAPTIONS,
            unit="captions",
            note=f"equal within {TOLERANCE}",
        )
    ]
