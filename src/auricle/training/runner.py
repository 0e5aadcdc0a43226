"""`auricle train`: a configuration and a collection in, a run folder out."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from auricle import progress
from auricle.data import Collection, DataConfig, Purpose, open_collection
from auricle.encoders.masking import synchronise_batch_norm
from auricle.errors import ConfigError, DataError
from auricle.evaluation.csv_rows import read_rows
from auricle.features import FeatureStore, describe_captions, describe_clips
from auricle.models import DualEncoder, RetrievalModel, checkpoint, pick_device
from auricle.places import local, shown
from auricle.randomness import derive_seed
from auricle.storage import lock, make_folder, remove, write_json
from auricle.tracking import Readers, check_installed, reading_along
from auricle.training.launching import joined
from auricle.training.loop import SELECTED_BY, Loop, Progress
from auricle.training.mixing import Mixture, ScoreTable, mix
from auricle.training.objective import Objective, Validated, Validation
from auricle.training.pairs import CaptionedClips, steps_of_a_pass
from auricle.training.picture import draw_learning_curve
from auricle.training.ranks import Ranks
from auricle.training.run_folder import Row, RunFolder
from auricle.training.settings import RunConfig
from auricle.training.tracked import tracked_outcome, tracked_run

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    config: RunConfig,
    path: Path,
    *,
    watch: Callable[[Sequence[Row]], None] | None = None,
    wait_s: float = 0.1,
) -> RunFolder:
    """Train a dual encoder, or go on with the run that was begun in `path`.

    Args:
        config: Everything the run depends on.
        path: The run's folder, made if needed. A finished run is left as it is.
        watch: Called after every epoch with the rows so far; what it raises ends the training there, unfinished.
        wait_s: How long to wait for another process that trains in the folder, or was killed on another machine.

    Returns:
        The run, finished.

    Raises:
        ConfigError: If the run was begun with another configuration, or a name in it does not exist.
        DataError: If the collection lacks a split, cannot be mixed as asked, or has changed since the run was begun.
        ModelError: If weights are not in the cache.
        StorageError: If the folder cannot be written or another process trains in it.
        KeyboardInterrupt: After Ctrl-C, when the state is saved.
        SystemExit: In every process but the first, at the end, of several that train together.
        AuricleError: If one of these has ended.
    """
    run = RunFolder(local(path))
    with joined(config) as (fabric, ranks), ExitStack() as held:
        with ranks.agreeing():
            if config.data.collection is None:
                raise ConfigError("No collection is given. Add data.collection=PATH, a folder of captioned sounds.")
            if ranks.first:
                held.enter_context(lock(make_folder(run.path), purpose="is being trained", wait_s=wait_s))
            run.take_in(to_go_on=True)
            collection, mixture = _learning_part(config)
            if ranks.first:
                run.check(config, collection)
        if ranks.tell(ranks.first and run.read_summary() is not None):
            if ranks.first:
                run.write_config(config, collection, mixture)
            progress.say(f"{shown(run.path)} is finished already; nothing is trained.")
        else:
            _train(config, run, collection, mixture, fabric=fabric, ranks=ranks, watch=watch)
    return run


def steps_of_one_pass(config: RunConfig) -> int:
    """Return how many steps show every clip once that a run of this configuration learns from.

    Raises:
        ConfigError, DataError: As `train` does, before it computes anything.
    """
    collection, _ = _learning_part(config)
    learning = collection.split(config.training.split)
    n_clips = sum(bool(learning.captions_of(clip.id)) for clip in learning.clips)
    return steps_of_a_pass(n_clips, batch_size=config.training.batch_size)


def describe_ahead(config: RunConfig) -> list[str]:
    """Compute what a run of this configuration reads, where it is missing; several runs need it only once.

    Returns:
        What is where now, a line each.

    Raises:
        ConfigError, DataError, ModelError, StorageError: As `train` does.
    """
    collection, _ = _learning_part(config)
    model = _initial_model(config, pick_device(config.trainer.accelerator))
    audio, text, usable = _features(config, collection, model)
    lines = [f"{len(usable.clips)} clips in {shown(audio.folder)}"]
    return [*lines, f"{len(usable.captions)} captions in {shown(text.folder)}"] if text else lines


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


def _train(
    config: RunConfig,
    run: RunFolder,
    collection: Collection,
    mixture: Mixture | None,
    *,
    fabric: "Fabric",
    ranks: Ranks,
    watch: Callable[[Sequence[Row]], None] | None,
) -> None:
    if mixture:
        progress.say(f"{config.training.split}: {mixture.summary}")
        for remark in mixture.remarks:
            progress.say(remark)
    with ranks.agreeing():
        if ranks.first:
            check_installed(config.tracking.to)
        model = _initial_model(config, fabric.device)
    objective = Objective(
        model.network,
        temperature=config.training.temperature,
        learnable=config.training.learnable_temperature,
        ranks=ranks,
    )
    if config.trainer.sync_batch_norm and ranks.part.size > 1:
        synchronise_batch_norm(model.network)
    learning, validation = _describe(config, run, collection, model, ranks)
    loop = partial(
        Loop,
        config,
        fabric=fabric,
        objective=objective,
        clips=learning,
        validation=validation,
        resume=run.resume,
    )
    if not ranks.first:
        loop(on_epoch=lambda *_: None).run()
        return
    run.check_encoders(model.encoders)
    begun_before = run.config.is_file()
    run.write_config(config, collection, mixture)
    run.write_environment(
        config,
        device=str(fabric.device),
        devices=ranks.devices,
        nodes=ranks.nodes,
        encoders=model.header({}).encoders,
    )
    with reading_along(config.tracking.to, tracked_run(config, run)) as readers:

        def keep(done: Progress, best: Validated | None) -> None:
            if best:
                checkpoint.save(run.best, model.network, model.header(_trained(done)))
                run.write_ranks(best.results)
            run.write_history(done.history)
            readers.tell(epochs=len(done.history))
            if watch:
                watch(done.history)

        begun = loop(on_epoch=keep)
        readers.tell(epochs=len(begun.progress.history))
        if begun.progress.step:
            progress.say(
                f"{shown(run.path)}: going on at epoch {begun.progress.epoch + 1}, step {begun.progress.step}."
            )
        elif begun_before:
            progress.say(f"{shown(run.path)}: no step was saved before; beginning at the first.")
        _finish(run, model, begun.run(), max_epochs=config.training.max_epochs, readers=readers)


def _initial_model(config: RunConfig, device: torch.device) -> RetrievalModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, "initial weights"))
        network = DualEncoder(config.models)
    return RetrievalModel(network, features=config.features, device=device)


def _describe(
    config: RunConfig, run: RunFolder, collection: Collection, model: RetrievalModel, ranks: Ranks
) -> tuple[CaptionedClips, Validation]:
    """Compute what the towers take, once for both splits, and set aside what cannot be used.

    One process of each machine computes it, or one asks a cluster, before the others look.
    """
    with ranks.agreeing():
        computing = ranks.local_rank == 0 if config.features.engine.name == "local" else ranks.first
        computed = _features(config, collection, model) if computing else None
    with ranks.agreeing():
        audio, text, usable = computed or _features(config, collection, model)
        if ranks.first:
            run.write_set_aside(usable)
        for name in (config.training.split, config.training.validation_split):
            if name not in usable.splits:
                raise DataError(
                    f"No clip of the split {name!r} can be used; {shown(run.path / 'set-aside.csv')} says why."
                )
        learning = CaptionedClips(usable.split(config.training.split), audio=audio, text=text)
        if len(learning) < 2:
            raise DataError(f"The split {config.training.split!r} has one usable clip; a loss needs at least two.")
        validated = CaptionedClips(usable.split(config.training.validation_split), audio=audio, text=text)
        return learning, Validation(validated, config.evaluation)


def _features(
    config: RunConfig, collection: Collection, model: RetrievalModel
) -> tuple[FeatureStore, FeatureStore | None, Collection]:
    """Return what the towers take of sounds and of captions, and the collection without what cannot be used."""
    root, engine = config.features.root, config.features.open_engine()
    sounds, sentences = model.audio_input(), model.text_input()
    audio, usable = describe_clips(collection, sounds, root=root, strict=config.data.strict, engine=engine)
    return audio, describe_captions(usable, sentences, root=root, engine=engine) if sentences else None, usable


def _trained(done: Progress) -> dict[str, Any]:
    return dict(done.history[-1])


def _finish(run: RunFolder, model: RetrievalModel, done: Progress, *, max_epochs: int, readers: Readers) -> None:
    checkpoint.save(run.last, model.network, model.header(_trained(done)))
    draw_learning_curve(done.history, run.picture, title=run.path.name, best_epoch=done.best_epoch + 1)
    summary = {
        "epochs": done.epoch,
        "steps": done.step,
        "stopped": "at max_epochs" if done.epoch == max_epochs else "early",
        "selected_by": f"validation/{SELECTED_BY}",
        "best_epoch": done.best_epoch + 1,
        "best": done.history[done.best_epoch],
        "seconds": round(done.seconds, 1),
    }
    readers.finish(tracked_outcome(run, summary))
    write_json(run.finished, summary)
    remove(run.resume)
    progress.say(
        f"{shown(run.path)}: {done.epoch} epochs in {done.seconds:.0f} s, "
        f"best validation mAP@10 {done.best:.3f} in epoch {done.best_epoch + 1}."
    )
