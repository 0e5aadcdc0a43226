"""sweep: the search for the best configuration.

The question this room answers: *which settings learn best?* A configuration and a sweep file in the field's usual form
go in; trials, each an ordinary run, are made by any number of processes and machines; the best configuration, what
matters in it, and pictures come out::

    goal          the validation measure that is to be best; the evaluation split is for reporting
    parameters    the written forms of one parameter, and what is drawn from
    names         whose setting a name is: ours, or one of the prior work's
    pruning       which trials are stopped before their end
    space         the whole file
    standing      which trials count, whatever happened to their processes
    proposals     what to try next, a pure function of what is known
    database      where the study is kept, and how it is reached
    study         the Optuna study: who works on it, who was killed
    folder        what lies where
    trial         one trial, one run
    worker, team  a process at work; several of them
    telling       what a person sees meanwhile
    outcome, pictures   what comes out
    runner        joins them
"""

from auricle.experiments.sweep.outcome import Outcome
from auricle.experiments.sweep.runner import Asked, begin_sweep, default_name, resume_sweep, run_sweep
from auricle.experiments.sweep.space import Space, read_space

__all__ = ["Asked", "Outcome", "Space", "begin_sweep", "default_name", "read_space", "resume_sweep", "run_sweep"]
