"""An experiment read back as a story: every arm with its finished runs, and what is missing."""

from pathlib import Path

from auricle.errors import AuricleError, DataError
from auricle.experiments.arms import PlannedArm, baseline_of, plan_arms, run_name
from auricle.experiments.folder import ExperimentFolder, Record
from auricle.experiments.plan import Plan
from auricle.experiments.story import Arm, Story
from auricle.runs import RunResult, read_result


def open_experiment(path: Path) -> Story:
    """Read an experiment, finished or not.

    Raises:
        ConfigError: If this is no experiment, or it was never run.
        DataError: If none of its runs, or none of the baseline's, is finished.
        StorageError: If one of its own files is damaged.
    """
    folder = ExperimentFolder(path)
    plan, record = folder.read_plan(), folder.read_record()
    missing: dict[str, str] = {}
    arms = []
    for arm in plan_arms(plan):
        results = tuple(_finished(arm, folder, plan, record, missing))
        if results:
            arms.append(Arm(arm.name, arm.factors, results))
    baseline = baseline_of(plan)
    if baseline not in [arm.name for arm in arms]:
        reasons = " ".join(list(missing.values())[:2])
        raise DataError(f"No run of the baseline {baseline!r} of {path} is finished. {reasons}")
    return Story(
        title=plan.title or path.absolute().name,
        about=plan.about,
        split=record.split,
        arms=tuple(arms),
        baseline=baseline,
        measure=plan.measure,
        dose=plan.dose,
        between=plan.between,
        paired_by=plan.paired_by,
        missing=tuple(missing.items()),
    )


def _finished(
    arm: PlannedArm, folder: ExperimentFolder, plan: Plan, record: Record, missing: dict[str, str]
) -> list[RunResult]:
    results = []
    for seed in plan.seeds:
        name = run_name(arm.name, seed)
        try:
            results.append(read_result(folder.run(name), split=record.split))
        except AuricleError as error:
            begun = folder.run(name).config.is_file()
            missing[name] = record.failed.get(name) or (str(error) if begun else "It was not begun.")
    return results
