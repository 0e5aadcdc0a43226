"""runs: what a training left behind, and what can be asked of it.

The question this room answers: *how good is this run, and what does it find?* It opens a run folder and a collection;
`evaluate` writes ranks, measures and a submission into the run, `retrieve` returns the nearest sounds, `read_result`
reads all of a finished run back.
"""

from auricle.runs.evaluating import Evaluation, evaluate
from auricle.runs.results import RunResult, read_result
from auricle.runs.retrieving import Hit, retrieve

__all__ = ["Evaluation", "Hit", "RunResult", "evaluate", "read_result", "retrieve"]
