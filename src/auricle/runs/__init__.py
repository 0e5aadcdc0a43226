"""runs: what a training left behind, and what can be asked of it.

The question this room answers: *how good is this run, and what does it find?* It opens a run folder and a collection;
`evaluate` writes ranks, measures and a submission into the run, `retrieve` returns the nearest sounds, `read_result`
reads all of a finished run back. Of several runs `list_runs` says how far and how good they are, `compare_runs` in what
they differ; `remove_runs` removes them.
"""

from auricle.runs.comparing import RunComparison, RunDifference, compare_runs, comparison_table
from auricle.runs.evaluating import Evaluation, evaluate
from auricle.runs.listing import ListedRun, find_run, find_runs, list_runs
from auricle.runs.removing import check_removable, remove_runs
from auricle.runs.results import RunResult, read_result
from auricle.runs.retrieving import Hit, retrieve

__all__ = [
    "Evaluation",
    "Hit",
    "ListedRun",
    "RunComparison",
    "RunDifference",
    "RunResult",
    "check_removable",
    "compare_runs",
    "comparison_table",
    "evaluate",
    "find_run",
    "find_runs",
    "list_runs",
    "read_result",
    "remove_runs",
    "retrieve",
]
