"""The `evaluation` section of a configuration: what counts as relevant, and which definitions the measures use."""

from pathlib import Path

from pydantic import ValidationInfo, field_validator

from auricle.config import Place, Section
from auricle.evaluation.measures import ApDenominator, RecallDefinition


class EvaluationConfig(Section):
    """How retrieval is scored.

    Attributes:
        ap_denominator: ``all`` divides average precision by the number of relevant clips (DCASE's for one), ``capped``
            by at most 10.
        recall: ``hit`` counts a query as found when any relevant clip is among the first k, ``share`` counts how much
            of what is relevant is.
        labels: CSV with a label per clip; a caption's relevant clips are then all with its own clip's label.
        label_column: The column of that file.
        relevance: CSV of queries and clips that are relevant to each other. Without it and without `labels`, a
            caption's own clip is relevant.
    """

    ap_denominator: ApDenominator = "all"
    recall: RecallDefinition = "hit"
    labels: Place | None = None
    label_column: str = "label"
    relevance: Place | None = None

    @field_validator("relevance")
    @classmethod
    def _one_source(cls, relevance: Path | None, info: ValidationInfo) -> Path | None:
        if relevance is not None and info.data.get("labels") is not None:
            raise ValueError("relevance and labels exclude each other: leave one of the two files out")
        return relevance
