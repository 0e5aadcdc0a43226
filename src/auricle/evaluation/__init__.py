"""How good is a ranking? Pure functions of similarities and relevance; they know no model.

Any matrix of similarities will do, from any system::

    from auricle.evaluation import own_clip, score_both_directions, table
    text_to_audio, audio_to_text = score_both_directions(similarity, own_clip(caption_clips, clips))
    print(table({"text -> audio": text_to_audio, "audio -> text": audio_to_text}))

Conventions: a similarity matrix is (queries, items), higher is nearer; ranks start at 1; ties are counted
pessimistically (`ranking`), average precision and recall as named in `measures`. What is relevant is said in one of
three forms (`relevance`). A result keeps one value per query (`result`), which is written and read back (`ranks`).

Is a difference real? `significance` asks it of clips, for two systems that answered the same queries; `samples` of
trainings, for one number per run; `association` asks whether two numbers of many runs go together.
"""

from auricle.evaluation.association import Association, associate
from auricle.evaluation.measures import (
    ApDenominator,
    RecallDefinition,
    average_precision_at_k,
    chance_average_precision_at_k,
    chance_recall_at_k,
    recall_at_k,
)
from auricle.evaluation.ranking import UNRANKED, Similarity, relevant_ranks, top_k
from auricle.evaluation.ranks import MEDIAN_RANK, Ranks, read_ranks
from auricle.evaluation.relevance import (
    NoRelevant,
    Relevance,
    RelevantPairs,
    own_clip,
    relevant_pairs,
    same_label,
)
from auricle.evaluation.relevance_files import read_labels, read_relevance
from auricle.evaluation.result import RetrievalResult, table
from auricle.evaluation.sample_tests import Tested
from auricle.evaluation.samples import (
    Detectable,
    Effect,
    SamplesComparison,
    Summary,
    compare_samples,
    summarise,
)
from auricle.evaluation.scoring import score, score_both_directions, score_ranking
from auricle.evaluation.settings import EvaluationConfig
from auricle.evaluation.significance import Difference, Interval, compare_ranks, holm, interval
from auricle.evaluation.submission import read_submission, write_submission

__all__ = [
    "MEDIAN_RANK",
    "UNRANKED",
    "ApDenominator",
    "Association",
    "Detectable",
    "Difference",
    "Effect",
    "EvaluationConfig",
    "Interval",
    "NoRelevant",
    "Ranks",
    "RecallDefinition",
    "Relevance",
    "RelevantPairs",
    "RetrievalResult",
    "SamplesComparison",
    "Similarity",
    "Summary",
    "Tested",
    "associate",
    "average_precision_at_k",
    "chance_average_precision_at_k",
    "chance_recall_at_k",
    "compare_ranks",
    "compare_samples",
    "holm",
    "interval",
    "own_clip",
    "read_labels",
    "read_ranks",
    "read_relevance",
    "read_submission",
    "recall_at_k",
    "relevant_pairs",
    "relevant_ranks",
    "same_label",
    "score",
    "score_both_directions",
    "score_ranking",
    "summarise",
    "table",
    "top_k",
    "write_submission",
]
