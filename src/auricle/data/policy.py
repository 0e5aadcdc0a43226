"""Who may read which split.

The evaluation split is for reporting. Whoever opens a collection says what for, and who learns, chooses or tunes does
not get that split at all: it cannot be used by mistake, and asking for it by name is an error that explains itself.
"""

from enum import Enum


class Purpose(Enum):
    """What a collection is opened for.

    Attributes:
        LEARNING: Training, selecting, tuning, generating, searching: all that makes or uses a model.
        REPORTING: Scoring a finished model, describing or checking the data.
    """

    LEARNING = "learning"
    REPORTING = "reporting"

    @property
    def closed_splits(self) -> frozenset[str]:
        """The splits that are not handed out for this purpose.

        Example:
            >>> sorted(Purpose.LEARNING.closed_splits), sorted(Purpose.REPORTING.closed_splits)
            (['evaluation'], [])
        """
        return frozenset({"evaluation"}) if self is Purpose.LEARNING else frozenset()
