"""Training: a run that is killed anywhere equals one that was not, and something is learned."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from auricle.errors import ConfigError, DataError, ModelError
from auricle.models import AudioTowerConfig, DualEncoder, ModelsConfig, TextTowerConfig
from auricle.training import RunConfig, RunFolder, train
from auricle.training.loop import Loop
from auricle.training.objective import Objective
from auricle.training.pairs import Batch
from auricle.training.schedule import Schedule
from auricle.training.settings import TrainingConfig

Configured = Callable[..., RunConfig]

LEARNING = {
    "encoder": "cnn10",
    "weights": "random",
    "fc_units": 8,
    "frozen": False,
    "trainable_from_block": 4,
    "fc_dropout": 0.3,
}


class Killed(BaseException):
    """Stands for a process that ends at once."""


def killed_after(steps: int, monkeypatch: pytest.MonkeyPatch, config: RunConfig, path: Path) -> None:
    """Train until so many steps are saved, then end without any of the program's own clearing up."""
    save, saved = Loop.save, 0

    def count(self: Loop) -> None:
        nonlocal saved
        save(self)
        saved += 1
        if saved == steps:
            raise Killed

    monkeypatch.setattr(Loop, "save", count)
    with pytest.raises(Killed):
        train(config, path)
    monkeypatch.setattr(Loop, "save", save)


def weights(run: RunFolder, which: str) -> dict[str, torch.Tensor]:
    return load_file(run.path / f"{which}.safetensors")


PLATEAU = {"schedule": "plateau", "plateau_patience": 0, "plateau_threshold": 2, "max_epochs": 3}
"""The learning rate falls after every epoch but the first, since no measure rises by 2."""


@pytest.mark.parametrize(
    ("audio", "settings"), [(None, PLATEAU), pytest.param(LEARNING, {"schedule": "cosine"}, marks=pytest.mark.slow)]
)
def test_a_run_killed_at_every_batch_equals_the_uninterrupted_one(
    configured: Configured,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    audio: dict[str, object] | None,
    settings: dict[str, object],
) -> None:
    config = configured(audio=audio, learnable_temperature=True, save_every_s=0, **settings)
    whole = train(config, tmp_path / "whole")
    assert json.loads(whole.finished.read_text())["steps"] == 3 * config.training.max_epochs
    for steps in (1, 2, 3):  # saves follow each other: two steps later, then one, then across the end of an epoch
        killed_after(steps, monkeypatch, config, tmp_path / "killed")
    killed = train(config, tmp_path / "killed")
    assert killed.metrics.read_bytes() == whole.metrics.read_bytes()
    for which in ("best", "last"):
        one, other = weights(whole, which), weights(killed, which)
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_of_unlike_epochs_killed_at_every_batch_equals_the_uninterrupted_one(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(steps_per_epoch=4, max_epochs=2, save_every_s=0)  # a pass has three steps
    whole = train(config, tmp_path / "whole")
    for steps in (2, 3, 2):
        killed_after(steps, monkeypatch, config, tmp_path / "killed")
    assert train(config, tmp_path / "killed").metrics.read_bytes() == whole.metrics.read_bytes()


def test_epochs_of_so_many_steps_cut_the_same_passes_otherwise(configured: Configured, tmp_path: Path) -> None:
    by_pass = train(configured(max_epochs=6, schedule="constant"), tmp_path / "by-pass")  # of three steps each
    by_steps = train(configured(max_epochs=9, steps_per_epoch=2, schedule="constant"), tmp_path / "by-steps")
    rows = {row["step"]: row for row in by_pass.read_history()}
    cut = {row["step"]: row for row in by_steps.read_history()}
    assert sorted(rows) == [3, 6, 9, 12, 15, 18]
    assert sorted(cut) == [2, 4, 6, 8, 10, 12, 14, 16, 18]
    for step in (6, 12, 18):
        assert {key: rows[step][key] for key in rows[step] if key.startswith("validation/")} == {
            key: cut[step][key] for key in cut[step] if key.startswith("validation/")
        }
    one, other = weights(by_pass, "last"), weights(by_steps, "last")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_ten_pairs_can_be_memorised(tiny_bert: Path) -> None:
    audio = AudioTowerConfig(**LEARNING | {"trainable_from_block": 1, "conv_dropout": 0, "fc_units": 64})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DualEncoder(ModelsConfig(dim=12, audio=audio, text=TextTowerConfig(encoder=str(tiny_bert))))
        sounds = torch.randn(10, 16, 64)
    batch = Batch(sounds, torch.full((10,), 16), torch.eye(10, 16), torch.eye(10, dtype=torch.bool))
    objective = Objective(network, temperature=0.1, learnable=False).train()
    optimizer = torch.optim.Adam([p for p in objective.parameters() if p.requires_grad], lr=1e-3)
    losses = []
    for _ in range(20):
        loss = objective(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1.5
    assert losses[-1] < 0.3


def test_the_best_epoch_is_kept_beside_the_last(configured: Configured, tmp_path: Path) -> None:
    run = train(configured(max_epochs=12, learning_rate=0.02), tmp_path / "run")
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    values = [row["validation/text_to_audio/mAP@10"] for row in rows]
    summary = json.loads(run.finished.read_text())
    assert summary["best_epoch"] == values.index(max(values)) + 1
    assert summary["best"] == rows[values.index(max(values))]
    from auricle.models import checkpoint

    assert checkpoint.read(run.best)[0].trained["epoch"] == values.index(max(values)) + 1
    assert checkpoint.read(run.last)[0].trained["epoch"] == 12


def test_patience_ends_a_run_that_no_longer_improves(configured: Configured, tmp_path: Path) -> None:
    run = train(configured(max_epochs=50, patience=3, learning_rate=1e-9, schedule="constant"), tmp_path / "run")
    summary = json.loads(run.finished.read_text())
    assert summary["stopped"] == "early"
    assert summary["epochs"] == 4


def test_a_text_encoder_can_learn_too(configured: Configured, tmp_path: Path, tiny_bert: Path) -> None:
    config = configured(max_epochs=1)
    text = config.models.text.model_copy(update={"frozen": False})
    config = config.model_copy(update={"models": config.models.model_copy(update={"text": text})})
    run = train(config, tmp_path / "run")
    state = weights(run, "last")
    before = load_file(tiny_bert / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    (learned,) = (tensor for key, tensor in state.items() if key.endswith(name))
    assert not torch.equal(learned, before[name])


def test_validation_gives_the_same_numbers_for_the_same_weights(configured: Configured, tmp_path: Path) -> None:
    run = train(configured(max_epochs=5, learning_rate=1e-12, schedule="constant"), tmp_path / "run")
    rows = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    fixed = [{key: value for key, value in row.items() if key.startswith("validation/")} for row in rows]
    assert fixed[0]["validation/loss"] == pytest.approx(fixed[-1]["validation/loss"], rel=1e-6)
    assert {key: value for key, value in fixed[0].items() if key != "validation/loss"} == {
        key: value for key, value in fixed[-1].items() if key != "validation/loss"
    }


def test_the_cosine_schedule_at_its_corners() -> None:
    config = TrainingConfig(learning_rate=1.0, min_learning_rate=0.1, warmup_epochs=1, max_epochs=11)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = Schedule(config, optimizer, steps_per_epoch=4)
    assert [schedule.cosine(step) for step in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert schedule.cosine(4) == pytest.approx(1.0)
    assert schedule.cosine(24) == pytest.approx(0.55)  # half way down
    assert schedule.cosine(44) == pytest.approx(0.1)


def test_the_evaluation_split_cannot_be_trained_or_validated_on(configured: Configured) -> None:
    for setting in ("split", "validation_split"):
        with pytest.raises(ConfigError, match="the evaluation split is for reporting"):
            configured(**{setting: "evaluation"})


def test_what_cannot_be_trained_on_is_said(configured: Configured, tmp_path: Path) -> None:
    config = configured(validation_split="test")
    with pytest.raises(DataError, match=r"no clips in the split 'test' \(it has: development, validation\)"):
        train(config, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"No collection is given. Add data.collection=PATH"):
        train(RunConfig(), tmp_path / "run")


def test_a_loss_that_is_not_finite_ends_the_run(configured: Configured, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"The training has diverged: .* Lower training.learning_rate"):
        train(configured(learning_rate=1e38), tmp_path / "run")


def test_a_damaged_state_is_named(configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(save_every_s=0)
    killed_after(1, monkeypatch, config, tmp_path / "run")
    (tmp_path / "run" / "resume.pt").write_bytes(b"half a state")
    with pytest.raises(ModelError, match=r"resume.pt is damaged .* Delete it to begin the run anew"):
        train(config, tmp_path / "run")
