"""Curating captions: small faults of writing corrected by rules, each switched on by name, every change on record.

A rule (`rules`) turns one caption into another and says what it is for by an example. What no rule can know is a
correction of its own (`corrections`). No rule changes what a caption says: British spellings stay, and so does a word
that is doubled on purpose (`doubled`). Curating twice changes nothing the second time.
"""

from auricle.data.curation.corrections import CLOTHO_CORRECTIONS, Correction, read_corrections
from auricle.data.curation.rules import ORDER, RULES, Rule, Step, apply_rules, choose_rules
from auricle.data.curation.runner import Curated, curate

__all__ = [
    "CLOTHO_CORRECTIONS",
    "ORDER",
    "RULES",
    "Correction",
    "Curated",
    "Rule",
    "Step",
    "apply_rules",
    "choose_rules",
    "curate",
    "read_corrections",
]
