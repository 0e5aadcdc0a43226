"""training: how the dual encoder learns.

The question this room answers: *what does a pair of clip and caption teach?* It reads a collection and its features
and writes a run folder. `mixing` joins originals and synthetic copies, `pairs` plans the batches, `loss` compares
them, `objective` joins loss and validation, `loop` walks through the epochs, `run_folder` knows what lies where,
`runner` joins them, `resuming` takes a run up from its folder alone.
"""

from auricle.training.loss import info_nce
from auricle.training.resuming import resume
from auricle.training.run_folder import RunFolder, default_name
from auricle.training.runner import describe_ahead, steps_of_one_pass, train
from auricle.training.settings import RunConfig, SyntheticConfig, TrainerConfig, TrainingConfig

__all__ = [
    "RunConfig",
    "RunFolder",
    "SyntheticConfig",
    "TrainerConfig",
    "TrainingConfig",
    "default_name",
    "describe_ahead",
    "info_nce",
    "resume",
    "steps_of_one_pass",
    "train",
]
