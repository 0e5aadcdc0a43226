"""``make bench``: what backs each claim about speed, as a ratio against a named peer in one run.

Run: ``python -m benchmarks`` in the repository for all, ``python -m benchmarks loss scoring`` for some. It prints one
Markdown table and leaves no files. Where both sides compute the same, they are asserted to agree before they are timed.
"""

import sys

from . import (
    feature_store,
    generation,
    log_mel,
    loss,
    pair_measures,
    scoring,
    sentences,
    set_distances,
    significance,
    training_step,
    vectors,
)
from .comparison import print_table

BENCHMARKS = {
    "log_mel": log_mel.rows,
    "loss": loss.rows,
    "scoring": scoring.rows,
    "significance": significance.rows,
    "sentences": sentences.rows,
    "feature_store": feature_store.rows,
    "training_step": training_step.rows,
    "generation": generation.rows,
    "pair_measures": pair_measures.rows,
    "set_distances": set_distances.rows,
    "vectors": vectors.rows,
}


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"No benchmark named {', '.join(unknown)}. Known: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print_table({name: BENCHMARKS[name] for name in names or BENCHMARKS})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
