"""comparison: how near a synthetic clip is to its original and to its caption, and what a measure is worth.

The question this room answers: *how good is a synthetic clip?* It reads a collection and folders of synthetic clips
that name their parents, and writes a table clip x measure, figures and a page::

    warping, correlation, prior    measures between two log-mels, pure functions; `measures` has them by name
    listeners, agreement           what a network hears, and cosines of it: between clips, between clip and caption
    distances                      between sets of embeddings: Fréchet and kernel audio distance
    sanity                         facts of one clip: loudness, silence, clipping, bandwidth
    pairs, chance                  which clips belong together, and how well a measure tells it
    stored, run, folders           what is kept, and the way from folders to folders
    result, figures, page          what came out, drawn and written for a reader

Conventions: log-mels are (frames, mels) of one front end; where there is no value it is nan, and a note says why::

    from auricle.comparison import PAIR_MEASURES
    from auricle.features import FRONT_ENDS
    log_mel = FRONT_ENDS.get("clotho-baseline")
    PAIR_MEASURES.get("dtw").compare(log_mel(original), log_mel(synthetic))
"""

from auricle.comparison.folders import Compared, compare_folders
from auricle.comparison.measures import PAIR_MEASURES, Measure
from auricle.comparison.result import ComparedPair, Comparison
from auricle.comparison.run import MEASURES, compare
from auricle.comparison.settings import ComparisonConfig
from auricle.comparison.warping import PairDistance

__all__ = [
    "MEASURES",
    "PAIR_MEASURES",
    "Compared",
    "ComparedPair",
    "Comparison",
    "ComparisonConfig",
    "Measure",
    "PairDistance",
    "compare",
    "compare_folders",
]
