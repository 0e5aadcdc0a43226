"""training: how the dual encoder learns.

The question this room answers: *what does a pair of clip and caption teach?* It reads a collection and its features
and writes a run folder. `mixing` joins originals and synthetic copies, `pairs` plans the batches, `loss` compares
them, `objective` joins loss and validation, `loop` walks through the epochs, `run_folder` knows what lies where,
`runner` joins them.
"""

from auricle.training.loss import info_nce
from auricle.training.run_folder import RunFolder, default_name
from auricle.training.runner import train
from auricle.training.settings import RunConfig, SyntheticConfig, TrainerConfig, TrainingConfig

__all__ = [
    "RunConfig",
    "RunFolder",
    "SyntheticConfig",
    "TrainerConfig",
    "TrainingConfig",
    "default_name",
    "info_nce",
    "train",
]
