"""Sentence embedding in batches of like length against one sentence at a time.

Run: ``python benchmarks/sentences.py``, after ``auricle models fetch minilm``. Both sides embed the same captions with
the same weights and threads in this run, in turns, the best of three; their results are compared. The captions are made up, of 3 to 25 words as
real ones are.
"""

import time

import numpy as np

from auricle.encoders import build_sentence_encoder

N_CAPTIONS = 256
REPETITIONS = 3
_WORDS = (
    "a",
    "the",
    "dog",
    "rain",
    "car",
    "bird",
    "people",
    "water",
    "barks",
    "falls",
    "drives",
    "sings",
    "far",
    "loud",
)


def captions() -> list[str]:
    """Return made-up captions of 3 to 25 words."""
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(_WORDS, size=draw.integers(3, 26))) for _ in range(N_CAPTIONS)]


def rows() -> list[dict[str, str]]:
    """Return the table's one row: ``what, peer, ours, peer_time, ratio, note``."""
    encoder, sentences = build_sentence_encoder("minilm"), captions()
    encoder.encode(sentences[:64])  # the first call is slower
    durations_s: dict[str, list[float]] = {"together": [], "alone": []}
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        together = encoder.encode(sentences)
        between = time.perf_counter()
        alone = np.concatenate([encoder.encode([sentence]) for sentence in sentences])
        durations_s["together"].append(between - start)
        durations_s["alone"].append(time.perf_counter() - between)
    ours, theirs = min(durations_s["together"]), min(durations_s["alone"])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    return [
        {
            "what": f"sentence embedding, {N_CAPTIONS} captions, minilm",
            "peer": "one sentence at a time",
            "ours": f"{ours:.2f} s",
            "peer_time": f"{theirs:.2f} s",
            "ratio": f"{theirs / ours:.1f}",
            "note": f"{N_CAPTIONS / ours:.0f} captions/s; results equal",
        }
    ]


def main() -> None:
    for row in rows():
        print("{what}: {ours}; {peer}: {peer_time}; ratio {ratio}; {note}".format(**row))


if __name__ == "__main__":
    main()
