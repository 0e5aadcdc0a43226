"""tracking: what else may read along while a run is made.

The question this room answers: *where else can I watch a run?* The record of a run is its folder, and nothing else is
needed to compare, report or go on. A tracker is a reader of that folder, in a process of its own::

    settings      the section tracking: who reads along
    contract      what a tracker must do, and what it is told
    trackers      the trackers by name: wandb, trackio
    readers       this side: starts the processes, tells them of every epoch, ends them
    reader        the other side: ``python -m auricle.tracking.reader NAME``

A process, because these libraries start services, print, ask and wait for networks: nothing of that reaches a training.
"""

from auricle.tracking.contract import Outcome, TrackedRun, Tracker
from auricle.tracking.readers import Readers, reading_along
from auricle.tracking.settings import TrackingConfig
from auricle.tracking.trackers import check_installed

__all__ = [
    "Outcome",
    "Readers",
    "TrackedRun",
    "Tracker",
    "TrackingConfig",
    "check_installed",
    "reading_along",
]
