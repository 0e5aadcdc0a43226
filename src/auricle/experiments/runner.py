"""`auricle experiment`: a plan in, finished and scored runs out.

Generating, training and scoring each go on where they were stopped, so an experiment does. Its runs are made one after
the other in several processes; none depends on another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from auricle import config, progress
from auricle.data import Purpose, open_collection
from auricle.engines import EngineConfig, Share, open_engine
from auricle.errors import AuricleError, ConfigError
from auricle.experiments.arms import PlannedRun, baseline_of, merged, plan_arms, plan_runs
from auricle.experiments.folder import ExperimentFolder, Record
from auricle.experiments.plan import Plan
from auricle.experiments.story import Story
from auricle.experiments.told import open_experiment
from auricle.generation import GenerationConfig, generate
from auricle.models import pick_device
from auricle.presets import find_config
from auricle.runs import evaluate
from auricle.storage import lock, make_folder
from auricle.training import RunConfig, steps_of_one_pass, train

_LATE_S = 120.0
"""How long a run waits for who holds it: a machine notices late that a worker on another one was killed."""

Folders = Mapping[str, Sequence[Path]]


def run_experiment(
    plan: Plan, path: Path, *, processes: int | None = None, engine: EngineConfig | None = None
) -> Story:
    """Make what is missing of an experiment.

    Args:
        plan: What is compared.
        path: The experiment's folder, made if needed.
        processes: That train at the same time; by default as many as there are processors where only heads are
            trained, else one.
        engine: Who generates and trains, a run per worker; this machine by default.

    Returns:
        All that is finished, and why the rest is not: a run that cannot be made does not end the others.

    Raises:
        ConfigError: If the plan does not fit, or another was begun in this folder.
        DataError: If the collection cannot be used.
        StorageError: If the folder cannot be written or is in use.
        AuricleError: As generating clips does; or if no run can be made.
    """
    engine = engine or EngineConfig()
    folder = ExperimentFolder(make_folder(path))
    with lock(folder.path, purpose="is being run"):
        folder.claim(plan)
        base = base_config(plan)
        split = plan.split or reported_split(base)
        folders = _make_clips(plan, base, folder.generated, engine)
        steps = steps_per_epoch(plan, base, folders)
        runs = plan_runs(plan, base, folders=folders, steps_per_epoch=steps)
        folder.write_record(Record(split, steps))
        failed = _make_runs(runs, folder, split, processes=processes, engine=engine)
        folder.write_record(Record(split, steps, failed))
    return open_experiment(folder.path)


def preview(plan: Plan) -> str:
    """Return the runs that a plan would make, a line each, and what it would generate; for a terminal.

    Raises:
        ConfigError, DataError: As `run_experiment` does, before it computes anything.
    """
    base = base_config(plan)
    split = plan.split or reported_split(base)
    arms = plan_arms(plan)
    made = dict.fromkeys(arm.generator for arm in arms if arm.generator and not plan.sources[arm.generator].folders)
    lines = [f"{arm.name}: seeds {', '.join(map(str, plan.seeds))}" for arm in arms]
    lines.append(f"{len(arms) * len(plan.seeds)} runs of at most {base.training.max_epochs} epochs, scored on {split}.")
    if made:
        lines.append(f"Clips to be generated first, where they are missing: {', '.join(made)}.")
    return "\n".join(lines)


def base_config(plan: Plan) -> RunConfig:
    """Return what all runs of a plan begin with.

    Raises:
        ConfigError: If there is no such configuration, its settings do not fit, or no collection is named.
    """
    base = config.read(RunConfig, find_config(plan.config))
    values = merged(base.model_dump(mode="json"), plan.settings)
    base = config.validate(RunConfig, values, source="the section settings of the plan")
    if base.data.collection is None:
        raise ConfigError("No collection is given. Add data.collection=PATH, a folder of captioned sounds.")
    return base


def reported_split(base: RunConfig) -> str:
    """Return the split to report on: evaluation, or validation where the collection has none."""
    splits = open_collection(base.data, purpose=Purpose.REPORTING).splits
    return "evaluation" if "evaluation" in splits else base.training.validation_split


def steps_per_epoch(plan: Plan, base: RunConfig, folders: Folders) -> int | None:
    """Return the steps of an epoch of every run: those of the baseline; None where epochs are to be equal."""
    given = base.training.steps_per_epoch
    if plan.equal == "epochs" or given is not None:
        return given
    baseline = baseline_of(plan)
    first = next(run for run in plan_runs(plan, base, folders=folders) if run.arm == baseline)
    return steps_of_one_pass(first.config)


def _make_clips(plan: Plan, base: RunConfig, output: Path, engine: EngineConfig) -> dict[str, Sequence[Path]]:
    """Return the folders of each source in use, generating what is missing."""
    folders: dict[str, Sequence[Path]] = {}
    for name in dict.fromkeys(arm.generator for arm in plan_arms(plan) if arm.generator):
        source = plan.sources[name]
        if source.folders:
            folders[name] = source.folders
            continue
        collection = open_collection(base.data, purpose=Purpose.LEARNING)
        making = GenerationConfig(numbers=source.captions, output=output)
        made = generate(source.back_end or name, collection, making, options=source.options, engine=open_engine(engine))
        folders[name] = [one.path for one in made]
    return folders


def _make_runs(
    runs: Sequence[PlannedRun], folder: ExperimentFolder, split: str, *, processes: int | None, engine: EngineConfig
) -> dict[str, str]:
    """Make every run that is not there, and return why others could not be made."""
    at_once = processes or _as_many_as_fit(runs[0].config)  # also for the last: threads change the last bits
    todo = [(run, folder.run(run.name).path) for run in runs if not folder.has_made(run.name, split)]
    reads = [path for path in dict.fromkeys(run.config.data.collection for run, _ in todo) if path]
    failed: dict[str, str] = {}
    with (
        progress.bar(total=len(runs), initial=len(runs) - len(todo), label="experiment", unit="run") as bar,
        open_engine(engine, processes=at_once).working(
            partial(_begin, split), todo, network=True, reads=reads, writes=[folder.path]
        ) as made,
    ):
        for name, fault, told in made:
            bar.update()
            progress.say(f"{name}: {fault or told}")
            if fault:
                failed[name] = fault
    return failed


def _begin(split: str, share: Share | None) -> Callable[[tuple[PlannedRun, Path]], Iterator[tuple[str, str, str]]]:
    """Return what trains and scores one run, and yields its name, why it could not be made, and what came out."""

    def make(todo: tuple[PlannedRun, Path]) -> Iterator[tuple[str, str, str]]:
        run, path = todo
        yield _trained_and_scored(run, path, split, wait_s=0.1 if share is None else _LATE_S)

    return make


def _trained_and_scored(run: PlannedRun, path: Path, split: str, *, wait_s: float) -> tuple[str, str, str]:
    try:
        trained = train(run.config, path, wait_s=wait_s)
        scored = evaluate(trained, split=split, device=run.config.trainer.accelerator)
    except AuricleError as error:
        return run.name, str(error), ""
    summary = trained.read_summary() or {}
    value = scored.measures()["text_to_audio"]["mAP@10"]
    return run.name, "", f"{summary['steps']} steps in {summary['seconds']:.0f} s, mAP@10 {value:.3f} on {split}"


def _as_many_as_fit(base: RunConfig) -> int:
    """Return how many runs to make at once: heads take one processor each, all else takes the whole machine."""
    from joblib import cpu_count

    heads_alone = base.models.audio.frozen and base.models.text.frozen
    on_cpu = pick_device(base.trainer.accelerator).type == "cpu"
    return int(cpu_count()) if heads_alone and on_cpu else 1
