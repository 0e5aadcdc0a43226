"""experiments: many runs, one story.

The question this room answers: *does it help, and is that real?* A plan or a space goes in, runs come out, and one
report tells what they say together::

    plan, arms          what is compared: data, from which the configuration of every run follows
    folder, runner      makes the runs of a plan, resumable, over several processes
    story, told         finished runs, arm by arm: what a report tells
    sweep               the search for the best configuration
    report              one page and tables from a story
"""

from auricle.experiments.folder import ExperimentFolder
from auricle.experiments.plan import PLANS, Plan, default_name, read_plan
from auricle.experiments.runner import preview, run_experiment
from auricle.experiments.story import Arm, Story
from auricle.experiments.told import open_experiment

__all__ = [
    "PLANS",
    "Arm",
    "ExperimentFolder",
    "Plan",
    "Story",
    "default_name",
    "open_experiment",
    "preview",
    "read_plan",
    "run_experiment",
]
