"""The training loop: epochs of steps, a validation after each, and a state that can be taken up at any step.

Everything random is derived from (seed, purpose, place): the pairs of an epoch from the epoch, dropout from the step.
The state is therefore weights, optimiser, schedule and three counters, and a run that was killed and resumed equals the
uninterrupted one bit for bit on the same machine and number of threads.

Several processes (`auricle.training.ranks`) walk through the same epochs in step. The first alone validates and saves;
all end at the same step.
"""

import io
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch.utils.data import DataLoader

from auricle import progress
from auricle.errors import ModelError
from auricle.randomness import derive_seed
from auricle.storage import atomic
from auricle.training.objective import Objective, Validated, Validation, diverged
from auricle.training.pairs import CaptionedClips, Pair, plan_epoch, steps_of_a_pass
from auricle.training.ranks import random_state
from auricle.training.run_folder import Row
from auricle.training.schedule import Schedule
from auricle.training.settings import RunConfig

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SELECTED_BY = "text_to_audio/mAP@10"
"""The validation measure that chooses the best epoch, lowers the learning rate and ends the run."""


@dataclass
class Progress:
    """Where a training is; all numbers count from 0.

    Attributes:
        epoch: The epoch it is in.
        batch: Batches of this epoch that are done.
        step: Steps in all.
        loss_sum: Of this epoch's batches, weighted by their size.
        pairs: Of this epoch so far.
        seconds: Time spent, over all sittings.
        best: Highest value of the selected measure so far.
        best_epoch: When that was.
        waited: Epochs since the selected measure rose by `min_improvement` above `waited_from`.
        waited_from: See `waited`.
        history: One row per finished epoch.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    pairs: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    best_epoch: int = -1
    waited: int = 0
    waited_from: float = -math.inf
    history: list[Row] = field(default_factory=list)


class Loop:
    """Trains an objective.

    Args:
        config: The run's configuration.
        fabric: Device and precision.
        objective: What is minimised; it knows the processes that train together.
        clips: What is learned from.
        validation: What is measured after each epoch.
        resume: File of the state; taken up if it is there.
        on_epoch: Called after each epoch with the progress and, if it is the best so far, what its validation came to;
            of several processes, in the first alone.

    Raises:
        ModelError: If the state cannot be read, or another process does not see the same.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        fabric: "Fabric",
        objective: Objective,
        clips: CaptionedClips,
        validation: Validation,
        resume: Path,
        on_epoch: Callable[[Progress, Validated | None], None],
    ) -> None:
        self.config = config.training
        self.seed = config.seed
        self.fabric = fabric
        self.clips = clips
        self.validation = validation
        self.resume = resume
        self.on_epoch = on_epoch
        self.by_length = not objective.network.audio.frozen
        self._small = objective.network.audio.frozen and objective.network.text.frozen
        self.objective = objective
        self.ranks = objective.ranks
        learning = [parameter for parameter in objective.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(learning, lr=self.config.learning_rate)
        self.module, self.optimizer = fabric.setup(objective, optimizer)
        self.schedule = Schedule(self.config, optimizer, steps_per_epoch=len(self._plan(0)))
        self.progress = Progress()
        self._saved_at = self._clock = time.monotonic()
        with self.ranks.agreeing():
            if resume.exists():
                self._restore()
        with self.ranks.agreeing():
            self._check_same_state()

    def run(self) -> Progress:
        """Train to the end.

        Raises:
            KeyboardInterrupt: After Ctrl-C or a termination signal, when the step is finished and the state is saved.
        """
        done = self.progress
        total = self.config.max_epochs * len(self._plan(done.epoch))
        with (
            _threads(1 if self._small else None),
            _asked_to_stop() as stop,
            progress.bar(total=total, initial=done.step, label="train", unit="step") as bar,
        ):
            self._clock = time.monotonic()
            while not self.ended:
                for loss in self._epoch():
                    bar.set_postfix_str(_status(done, loss), refresh=False)
                    bar.update()
                    if self.ranks.any(stop.is_set()):
                        self._stop()
        return done

    @property
    def ended(self) -> bool:
        """Whether all epochs are done, or patience is at its end."""
        patience = self.config.patience
        waited = patience is not None and self.progress.waited >= patience
        return waited or self.progress.epoch >= self.config.max_epochs

    def _stop(self) -> NoReturn:
        if self.ranks.first:
            self.save()
        self.ranks.tell(None)  # nobody leaves before the state is saved
        raise KeyboardInterrupt

    def save(self) -> None:
        """Write the state, whole or not at all."""
        self._tick()
        state = {
            "learned": self.objective.network.learned_state(),
            "log_temperature": self.objective.log_temperature.detach(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "progress": asdict(self.progress),
        }
        content = io.BytesIO()  # torch hides a full disk behind errors of its own
        torch.save(state, content)
        with atomic(self.resume) as temporary:
            temporary.write_bytes(content.getbuffer())
        self._saved_at = time.monotonic()

    def _tick(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self._clock
        self._clock = now

    def _epoch(self) -> Iterator[float]:
        """Do what is left of this epoch, yielding the loss of each step."""
        done = self.progress
        self.objective.train()
        for size, loss in self._steps():
            done.batch += 1
            done.step += 1
            done.loss_sum += loss * size
            done.pairs += size
            yield loss
            self._save_if_due()
        self._close_epoch(self.validation.measure(self.objective, self.fabric.device) if self.ranks.first else None)
        self._save_if_due()

    def _steps(self) -> Iterator[tuple[int, float]]:
        done = self.progress
        batches = self._plan(done.epoch)[done.batch :]
        loader: DataLoader[Pair] = DataLoader(
            self.clips,
            batch_sampler=batches,
            collate_fn=partial(self.clips.collate, part=self.ranks.part),
            num_workers=self.config.workers,
        )
        for batch in loader:
            self.schedule.before_step(done.step)
            with random_state(derive_seed(self.seed, "dropout", done.step), self.fabric.device):
                loss = self.module(batch.to(self.fabric.device))
            if not torch.isfinite(loss):  # in all processes, since it is the same in all
                with self.ranks.agreeing():
                    raise diverged(f"the loss of step {done.step}")
            self.optimizer.zero_grad()
            self.fabric.backward(loss)
            self.optimizer.step()
            yield len(batch.related), loss.item()

    def _close_epoch(self, validated: Validated | None) -> None:
        """Take note of a validation, which the first process tells the others."""
        done, settings = self.progress, self.config
        measured = self.ranks.tell(validated.measures() if validated else {})
        value = measured[SELECTED_BY]
        done.history.append(
            {
                "epoch": done.epoch + 1,
                "step": done.step,
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "temperature": self.objective.temperature.item(),
                "train/loss": done.loss_sum / done.pairs,
                **{f"validation/{name}": number for name, number in measured.items()},
            }
        )
        is_best = value > done.best
        if is_best:
            done.best, done.best_epoch = value, done.epoch
        if value > done.waited_from + settings.min_improvement:
            done.waited, done.waited_from = 0, value
        else:
            done.waited += 1
        self.schedule.after_epoch(value)
        done.epoch, done.batch, done.loss_sum, done.pairs = done.epoch + 1, 0, 0.0, 0
        self._tick()
        if self.ranks.first:
            self.on_epoch(done, validated if is_best else None)

    def _save_if_due(self) -> None:
        if self.ranks.first and time.monotonic() - self._saved_at >= self.config.save_every_s:
            self.save()

    def _plan(self, epoch: int) -> list[list[Pair]]:
        """Return the batches of an epoch: those of one pass over the clips, or the next so many of all passes."""
        length = self.config.steps_per_epoch
        if length is None:
            return self._pass(epoch)
        per_pass = steps_of_a_pass(len(self.clips), batch_size=self.config.batch_size)
        first, end = epoch * length, (epoch + 1) * length
        passes = range(first // per_pass, -(-end // per_pass))
        batches = [batch for number in passes for batch in self._pass(number)]
        return batches[first - passes.start * per_pass :][:length]

    def _pass(self, number: int) -> list[list[Pair]]:
        return plan_epoch(
            self.clips, seed=self.seed, epoch=number, batch_size=self.config.batch_size, by_length=self.by_length
        )

    def _restore(self) -> None:
        try:
            self._take_up(torch.load(self.resume, map_location=self.fabric.device, weights_only=True))
        except (torch.OutOfMemoryError, MemoryError):
            raise  # nothing is wrong with the state
        except Exception as error:  # torch raises whatever the damaged byte leads to
            raise ModelError(
                f"The state {self.resume} is damaged ({type(error).__name__}). Delete it to begin the run anew."
            ) from None

    def _check_same_state(self) -> None:
        step = self.ranks.tell(self.progress.step)
        if step != self.progress.step:
            raise ModelError(
                f"The first process goes on at step {step}, another at {self.progress.step}. Put the run's folder "
                "where all machines see it: --runs FOLDER."
            )

    def _take_up(self, state: dict[str, Any]) -> None:
        if wrong := self.objective.network.load_learned_state(state["learned"]):
            raise KeyError(*wrong)
        with torch.no_grad():
            self.objective.log_temperature.copy_(state["log_temperature"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.progress = Progress(**state["progress"])


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Let torch use so many threads inside; None changes nothing.

    Heads on frozen encoders gain nothing from threads, and lose most of their speed to waiting when cores are shared.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or termination signal inside into an event, so that a step is never cut in two.

    A second Ctrl-C ends the process at once.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals reach the main thread only
        return

    def ask(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _status(done: Progress, loss: float) -> str:
    best = f", best mAP@10 {done.best:.3f} (epoch {done.best_epoch + 1})" if done.history else ""
    return f"epoch {done.epoch + 1}, loss {loss:.3f}{best}"
