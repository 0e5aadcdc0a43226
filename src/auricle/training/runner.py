"""`auricle train`: a configuration and a collection in, a run folder out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from auricle import progress
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.errors import ConfigError, DataError
from auricle.evaluation.csv_rows import read_rows
from auricle.features import describe_captions, describe_clips
from auricle.models import DualEncoder, RetrievalModel, checkpoint, pick_device
from auricle.randomness import derive_seed
from auricle.storage import lock, make_folder, write_json
from auricle.training.loop import SELECTED_BY, Loop, Progress
from auricle.training.mixing import Mixture, ScoreTable, mix
from auricle.training.objective import Objective, Validation
from auricle.training.pairs import CaptionedClips
from auricle.training.picture import draw_learning_curve
from auricle.training.run_folder import RunFolder
from auricle.training.settings import RunConfig


def train(config: RunConfig, path: Path) -> RunFolder:
    """Train a dual encoder, or go on with the run that was begun in `path`.

    Args:
        config: Everything the run depends on.
        path: The run's folder, made if needed. A finished run is left as it is.

    Returns:
        The run, finished.

    Raises:
        ConfigError: If the run was begun with another configuration, or a name in it does not exist.
        DataError: If the collection lacks a split, cannot be mixed as asked, or has changed since the run was begun.
        ModelError: If weights are not in the cache.
        StorageError: If the folder cannot be written or another process trains in it.
        KeyboardInterrupt: After Ctrl-C, when the state is saved.
    """
    if config.data.collection is None:
        raise ConfigError("No collection is given. Add data.collection=PATH, a folder of captioned sounds.")
    run = RunFolder(make_folder(path))
    with lock(run.path, purpose="is being trained"):
        collection, mixture = _learning_part(config)
        run.check(config, collection)
        if run.read_summary():
            run.write_config(config, collection, mixture)
            progress.say(f"{run.path} is finished already; nothing is trained.")
        else:
            _train(config, run, collection, mixture)
    return run


def _learning_part(config: RunConfig) -> tuple[Collection, Mixture | None]:
    """Open the two splits a training may see, and mix copies into the one that is learned from."""
    collection = open_collection(config.data, purpose=Purpose.LEARNING)
    parts = []
    for name in (config.training.split, config.training.validation_split):
        if name not in (*collection.splits, *collection.closed):
            raise DataError(
                f"{collection.folder} has no clips in the split {name!r} (it has: {', '.join(collection.splits)}). "
                "Training needs captioned clips to learn from and others to validate on."
            )
        part = collection.split(name)
        if not part.captions:
            raise DataError(f"No clip of the split {name!r} of {collection.folder} has a caption.")
        parts.append(part)
    learning, validation = parts
    mixture = _mixture(config, learning)
    if mixture:
        learning = mixture.collection
    both = replace(
        learning,
        clips=(*learning.clips, *validation.clips),
        captions=(*learning.captions, *validation.captions),
    )
    return both, mixture


def _mixture(config: RunConfig, learning: Collection) -> Mixture | None:
    """Open the sources and mix them in; None if the split is to be learned from as it is."""
    wanted = config.training.synthetic
    if not wanted.in_use:
        return None
    if not wanted.copies:
        return mix(learning, {}, wanted)
    sources = {
        name: open_collection(
            # A table without splits is all to be learned from.
            DataConfig(collection=folder, strict=config.data.strict, validation_share=0, evaluation_share=0),
            purpose=Purpose.LEARNING,
        )
        for name, folder in wanted.folders.items()
    }
    scores = ScoreTable(wanted.scores, *read_rows(wanted.scores)) if wanted.scores else None
    return mix(learning, sources, wanted, scores=scores)


def _train(config: RunConfig, run: RunFolder, collection: Collection, mixture: Mixture | None) -> None:
    from lightning_fabric import Fabric  # here, because asking a run needs none

    if mixture:
        progress.say(f"{config.training.split}: {mixture.summary}")
        for remark in mixture.remarks:
            progress.say(remark)
    accelerator = pick_device(config.trainer.accelerator).type
    fabric = Fabric(accelerator=accelerator, devices=1, precision=config.trainer.precision)
    model = _initial_model(config, fabric.device)
    objective = Objective(
        model.network,
        temperature=config.training.temperature,
        learnable=config.training.learnable_temperature,
    )
    learning, validation = _describe(config, run, collection, model)
    run.check_encoders(model.encoders)
    run.write_config(config, collection, mixture)
    run.write_environment(config, device=str(fabric.device), encoders=model.header({}).encoders)

    def keep(done: Progress, is_best: bool) -> None:
        if is_best:
            checkpoint.save(run.best, model.network, model.header(_trained(done)))
        run.write_history(done.history)

    loop = Loop(
        config,
        fabric=fabric,
        objective=objective,
        clips=learning,
        validation=validation,
        resume=run.resume,
        on_epoch=keep,
    )
    if loop.progress.step:
        progress.say(f"{run.path}: going on at epoch {loop.progress.epoch + 1}, step {loop.progress.step}.")
    _finish(run, model, loop.run(), max_epochs=config.training.max_epochs)


def _initial_model(config: RunConfig, device: torch.device) -> RetrievalModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, "initial weights"))
        network = DualEncoder(config.models)
    return RetrievalModel(network, features=config.features, device=device)


def _describe(
    config: RunConfig, run: RunFolder, collection: Collection, model: RetrievalModel
) -> tuple[CaptionedClips, Validation]:
    """Compute what the towers take, once for both splits, and set aside what cannot be used."""
    root, strict = config.features.root, config.data.strict
    audio, usable = describe_clips(collection, model.audio_input(), root=root, strict=strict)
    description = model.text_input()
    text = describe_captions(usable, description, root=root) if description else None
    run.write_set_aside(usable)
    for name in (config.training.split, config.training.validation_split):
        if name not in usable.splits:
            raise DataError(f"No clip of the split {name!r} can be used; {run.path / 'set-aside.csv'} says why.")
    learning = CaptionedClips(usable.split(config.training.split), audio=audio, text=text)
    if len(learning) < 2:
        raise DataError(f"The split {config.training.split!r} has one usable clip; a loss needs at least two.")
    validated = CaptionedClips(usable.split(config.training.validation_split), audio=audio, text=text)
    return learning, Validation(validated, config.evaluation)


def _trained(done: Progress) -> dict[str, Any]:
    return dict(done.history[-1])


def _finish(run: RunFolder, model: RetrievalModel, done: Progress, *, max_epochs: int) -> None:
    checkpoint.save(run.last, model.network, model.header(_trained(done)))
    draw_learning_curve(done.history, run.picture, title=run.path.name, best_epoch=done.best_epoch + 1)
    write_json(
        run.finished,
        {
            "epochs": done.epoch,
            "steps": done.step,
            "stopped": "at max_epochs" if done.epoch == max_epochs else "early",
            "selected_by": f"validation/{SELECTED_BY}",
            "best_epoch": done.best_epoch + 1,
            "best": done.history[done.best_epoch],
            "seconds": round(done.seconds, 1),
        },
    )
    run.resume.unlink(missing_ok=True)
    progress.say(
        f"{run.path}: {done.epoch} epochs in {done.seconds:.0f} s, "
        f"best validation mAP@10 {done.best:.3f} in epoch {done.best_epoch + 1}."
    )
