"""Trials: what they are worth, which are stopped, which fail, and that interruptions change nothing.

Training is stood in for by `searching.stand_in`, whose values are known; real trainings are in `test_sweep_processes`.
"""

import csv
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import TrialState

from auricle.config import read as read_config
from auricle.config import validate
from auricle.errors import ConfigError, DataError, ModelError, StorageError
from auricle.experiments.sweep import Asked, Outcome, begin_sweep, resume_sweep, run_sweep
from auricle.experiments.sweep import outcome as outcome_module
from auricle.experiments.sweep import runner as runner_module
from auricle.experiments.sweep import study as study_module
from auricle.experiments.sweep import trial as trial_module
from auricle.experiments.sweep.pictures import draw_all
from auricle.experiments.sweep.standing import Standing, standing
from auricle.experiments.sweep.study import Lookout, Sweep, open_study, requeue
from auricle.experiments.sweep.worker import quiet
from auricle.training import RunConfig
from tests.experiments.searching import MEASURE, stand_in, value_of

RATE = "training.learning_rate: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}"

Begin = Callable[..., Sweep]
Train = Callable[..., Any]


@pytest.fixture
def train_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Train], None]:
    """Let trials be trained by a function."""
    monkeypatch.setattr(runner_module, "describe_ahead", lambda _: None)
    return lambda train: monkeypatch.setattr(trial_module, "train", train)


@pytest.fixture
def begin(tmp_path: Path, train_by: Callable[[Train], None], monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin a sweep: ``begin(parameters, trials=..., more=..., name=...)``; its pictures are drawn if ``drawn``."""
    train_by(stand_in)

    def run(
        parameters: str = RATE,
        *,
        trials: int | None = 6,
        more: str = "",
        name: str = "sweep",
        drawn: bool = False,
        **asked: Any,
    ) -> Sweep:
        monkeypatch.setattr(outcome_module, "draw_all", draw_all if drawn else lambda *_: {})
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"parameters: {{{parameters}}}\n{more}\n", encoding="utf-8")
        values = {"data": {"collection": tmp_path}, "training": {"max_epochs": 6}}
        base = validate(RunConfig, values, source="test")
        return begin_sweep(base, path, tmp_path / "sweeps" / name, Asked(trials=trials, **asked))

    return run


def now(sweep: Sweep) -> Standing:
    with quiet():
        return standing(open_study(sweep).get_trials())


def table(sweep: Sweep) -> list[dict[str, str]]:
    with sweep.folder.table.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def tried(outcome: Outcome) -> list[tuple[float, str, str]]:
    """The rate, fate and value of every trial that counts, by number."""
    return [
        (float(row["training.learning_rate"]), row["fate"], row["value"])
        for row in table(outcome.sweep)
        if row["fate"] in ("complete", "pruned", "failed")
    ]


def test_a_trial_is_worth_its_best_epoch(begin: Begin) -> None:
    outcome = run_sweep(begin(more="method: random", prune=False))
    rows = table(outcome.sweep)
    assert len(rows) == 6
    for row in rows:
        config = read_config(RunConfig, None, [f"training.learning_rate={row['training.learning_rate']}"])
        assert float(row["value"]) == pytest.approx(value_of(config) * (1 - 0.5**6))
        assert (row["fate"], row["best_epoch"], row["epochs"]) == ("complete", "6", "6")
        history = (outcome.sweep.folder.trials / row["run"] / "metrics.jsonl").read_text(encoding="utf-8")
        assert json.loads(history.splitlines()[-1])[MEASURE] == float(row["value"])
    assert outcome.value == max(float(row["value"]) for row in rows)


def test_the_best_configuration_holds_differences_only_and_can_be_trained(begin: Begin, tmp_path: Path) -> None:
    outcome = run_sweep(begin())
    text = outcome.sweep.folder.best.read_text(encoding="utf-8")
    assert text.startswith(f"# Trial {outcome.best.number} of the sweep sweep: {MEASURE} {outcome.value:.4f}, the best")
    rate = outcome.parameters["training.learning_rate"]
    assert yaml.safe_load(text) == {
        "data": {"collection": str(tmp_path)},
        "training": {"max_epochs": 6, "learning_rate": rate},
    }
    assert read_config(RunConfig, outcome.sweep.folder.best).training.learning_rate == rate


def test_hopeless_trials_are_stopped_and_the_best_is_not(begin: Begin) -> None:
    """With one value per trial and equal curves, who is below the median of complete trials is stopped at once."""
    rates = [1e-3, 2e-3, 5e-4, 4e-3, 8e-3, 1e-5, 1.1e-3]
    parameter = f"training.learning_rate: {{values: {rates}}}"
    outcome = run_sweep(begin(parameter, trials=None, more="method: grid"))
    assert [row["fate"] for row in table(outcome.sweep)] == [*["complete"] * 5, "pruned", "complete"]
    pruned = table(outcome.sweep)[5]
    assert (pruned["epochs"], outcome.parameters["training.learning_rate"]) == ("1", 1e-3)
    run = outcome.sweep.folder.trials / pruned["run"]
    assert json.loads((run / "pruned.json").read_text(encoding="utf-8")) == {"epoch": 1, "max_epochs": 6}
    assert not (run / "finished.json").exists()
    outcome = run_sweep(begin(parameter, trials=None, more="method: grid", name="all", prune=False))
    assert outcome.counts == {"complete": 7}


def test_early_termination_as_the_file_says(begin: Begin) -> None:
    """At epochs 2 and 4 the best half goes on; of two the better, as long as there are no more."""
    parameter = "training.learning_rate: {values: [1.e-3, 1.e-4, 1.e-5, 9.e-4]}"
    halving = "early_terminate: {type: hyperband, min_iter: 2, eta: 2}"
    outcome = run_sweep(begin(parameter, trials=None, more=f"method: grid\n{halving}"))
    assert [(row["fate"], row["epochs"]) for row in table(outcome.sweep)] == [
        ("complete", "6"),
        ("pruned", "2"),
        ("pruned", "2"),
        ("pruned", "4"),
    ]


def test_a_grid_tries_every_combination_once(begin: Begin) -> None:
    sweep = begin(
        "training.learning_rate: {values: [1.e-3, 1.e-4]}, "
        "models.dim: {distribution: q_uniform, min: 8, max: 24, q: 8}",
        trials=None,
        more="method: grid",
    )
    assert sweep.wanted == 6
    run_sweep(sweep)
    combinations = [(row["training.learning_rate"], row["models.dim"]) for row in table(sweep)]
    assert combinations == [(rate, dim) for rate in ("0.001", "0.0001") for dim in ("8", "16", "24")]


def test_part_of_a_grid_and_then_the_rest(begin: Begin) -> None:
    parameter = "training.learning_rate: {values: [1.e-3, 1.e-4, 1.e-5]}"
    sweep = begin(parameter, trials=2, more="method: grid")
    run_sweep(sweep)
    outcome = run_sweep(resume_sweep(sweep.folder.path, Asked(trials=9)))
    assert [row["training.learning_rate"] for row in table(outcome.sweep)] == ["0.001", "0.0001", "1e-05"]


def test_weights_of_the_best_alone_are_kept(begin: Begin) -> None:
    outcome = run_sweep(begin(trials=8))
    best = outcome.sweep.run(outcome.best.params)
    weights = [path for path in outcome.sweep.folder.trials.rglob("*.*") if path.read_bytes() == b"weights"]
    assert sorted(weights) == sorted([best.best, best.last])


def test_what_diverges_has_failed_and_counts(begin: Begin) -> None:
    sweep = begin("training.learning_rate: {values: [1.e-3, 1., 1.e-4]}", trials=None, more="method: grid")
    outcome = run_sweep(sweep)
    rows = table(outcome.sweep)
    assert [(row["fate"], row["reason"]) for row in rows] == [
        ("complete", ""),
        ("failed", "The training has diverged."),
        ("complete", ""),
    ]
    assert outcome.counts == {"complete": 2, "failed": 1}


def test_what_fits_at_no_trial_ends_after_five(begin: Begin) -> None:
    values = ", ".join(f"{rate}." for rate in range(1, 10))
    sweep = begin(f"training.learning_rate: {{values: [{values}]}}", trials=None, more="method: grid")
    with pytest.raises(ModelError, match=r"All 5 trials so far have failed, the last like this: The training has div"):
        run_sweep(sweep)
    sweep = begin("training.learning_rate: {values: [1., 2.]}", trials=None, more="method: grid", name="two")
    with pytest.raises(ModelError, match=r"None of 2 trials of .*two has a value\. The last failed like this: The tra"):
        run_sweep(sweep)
    assert [row["fate"] for row in table(sweep)] == ["failed", "failed"]


def test_too_little_memory_is_a_reason(begin: Begin, train_by: Callable[[Train], None]) -> None:
    def train(config: RunConfig, path: Path, **options: Any) -> Any:
        if config.training.batch_size > 8:
            raise MemoryError
        return stand_in(config, path, **options)

    train_by(train)
    outcome = run_sweep(begin("training.batch_size: {values: [8, 64]}", trials=None, more="method: grid"))
    assert table(outcome.sweep)[1]["reason"] == "The device has too little memory for these parameters."


def interrupting(errors: dict[int, type[BaseException]]) -> Train:
    """Train, but raise these errors in these epochs, counted over all trials."""
    seen = 0

    def train(config: RunConfig, path: Path, *, watch: Callable[[Any], None]) -> Any:
        def counting(rows: Any) -> None:
            nonlocal seen
            seen += 1
            watch(rows)
            if seen in errors:
                raise errors[seen]("on purpose")

        return stand_in(config, path, watch=counting)

    return train


def test_an_interrupted_sweep_equals_the_uninterrupted_one(begin: Begin, train_by: Callable[[Train], None]) -> None:
    peaceful = run_sweep(begin(trials=10, name="peaceful"))
    assert {fate for _, fate, _ in tried(peaceful)} == {"complete", "pruned"}
    errors = {3: KeyboardInterrupt, 17: DataError, 18: KeyboardInterrupt, 30: DataError}
    sweep = begin(trials=10)
    train_by(interrupting(errors))
    for error in errors.values():
        with pytest.raises(error):
            run_sweep(sweep)
        sweep = resume_sweep(sweep.folder.path)
    outcome = run_sweep(sweep)
    assert tried(outcome) == tried(peaceful)
    assert outcome.counts == {**peaceful.counts, "replaced": 4}
    replaced = [row for row in table(sweep) if row["continues"]]
    assert len(replaced) == 4
    assert all(table(sweep)[int(row["continues"])]["fate"] == "replaced" for row in replaced)


def test_an_interrupted_trial_goes_on_where_it_was(begin: Begin, train_by: Callable[[Train], None]) -> None:
    train_by(interrupting({4: KeyboardInterrupt}))
    sweep = begin(trials=1)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep)
    train_by(interrupting({3: KeyboardInterrupt}))  # two epochs are left
    run_sweep(sweep)
    assert [row["fate"] for row in table(sweep)] == ["replaced", "complete"]
    assert table(sweep)[0]["run"] == table(sweep)[1]["run"]


def test_a_finished_sweep_is_not_begun_again(begin: Begin) -> None:
    sweep = begin(trials=3)
    one = run_sweep(sweep)
    two = run_sweep(resume_sweep(sweep.folder.path))
    assert (one.value, len(table(sweep))) == (two.value, 3)
    three = run_sweep(resume_sweep(sweep.folder.path, Asked(trials=5)))
    assert (len(table(sweep)), three.sweep.record.trials) == (5, 5)
    assert resume_sweep(sweep.folder.path).record.trials == 5


def test_another_space_or_base_under_the_same_name_is_refused(begin: Begin, tmp_path: Path) -> None:
    sweep = begin()
    match = r"begun with something else \(space\.parameters\.training\.learning_rate\.drawn from: .*--name"
    with pytest.raises(ConfigError, match=match):
        begin(RATE.replace("1e-1", "1e-2"))
    with pytest.raises(ConfigError, match=r"space\.method: bayes -> random"):
        begin(more="method: random")
    base = validate(RunConfig, {"data": {"collection": tmp_path / "elsewhere"}, "seed": 3}, source="test")
    with pytest.raises(ConfigError, match=r"configuration\.seed: 0 -> 3; configuration\.training\.max_epochs: 6 -> 60"):
        begin_sweep(base, sweep.folder.space, sweep.folder.path)
    assert resume_sweep(sweep.folder.path).space.as_json() == sweep.space.as_json()


def test_a_killed_process_is_noticed_and_its_trial_tried_four_times(begin: Begin) -> None:
    """Optuna's own notice is tested in processes; here it is its end that is worked out."""

    def drawn(trial: optuna.Trial) -> float:
        return trial.suggest_float("training.learning_rate", 1e-5, 1e-1, log=True)

    with quiet():
        study = open_study(begin())
        for death in range(4):
            study.optimize(drawn, n_trials=1)  # stands for the killed one
            trial = study.trials[-1]
            requeue(study, trial, killed=True)
            waiting = [one for one in study.trials if one.state == TrialState.WAITING]
            assert len(waiting) == (death < 3)
            assert all(one.params == trial.params and one.user_attrs["deaths"] == death + 1 for one in waiting)
        assert len(study.trials) == 4


def test_a_process_killed_before_its_first_word(begin: Begin) -> None:
    sweep = begin()
    with quiet():
        study = open_study(sweep)
    with pytest.warns(UserWarning, match="Heartbeat"):
        study.ask()
    patient = Lookout(study, grace_s=60)
    for _ in range(2):  # whatever the clock of the other machine was when it began
        patient.requeue_killed()
        assert standing(study.get_trials()).fates == ("running",)
    Lookout(study, grace_s=-1).requeue_killed()
    assert standing(study.get_trials()).fates == ("lost",)
    outcome = run_sweep(sweep)
    assert outcome.counts["complete"] + outcome.counts.get("pruned", 0) == 6


def test_who_was_taken_for_dead_leaves_the_trial_to_the_other(begin: Begin, train_by: Callable[[Train], None]) -> None:
    sweep = begin(trials=2)

    def train(config: RunConfig, path: Path, *, watch: Callable[[Any], None]) -> Any:
        study = open_study(sweep)
        if len(study.trials) == 1:  # what another process does that has not heard of this one
            study.tell(0, state=TrialState.FAIL)
            requeue(study, study.trials[0], killed=True)
        return stand_in(config, path, watch=watch)

    train_by(train)
    with quiet():
        outcome = run_sweep(sweep)
    assert [row["fate"] for row in table(sweep)] == ["replaced", "complete", "complete"]
    assert outcome.counts == {"replaced": 1, "complete": 2}


def test_importances_and_why_there_are_none(begin: Begin) -> None:
    rate = "training.learning_rate: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}"
    sweep = begin(f"{rate}, models.dim: {{min: 8, max: 64}}", trials=12, more="method: random", prune=False, drawn=True)
    outcome = run_sweep(sweep)
    reason = "How much each parameter matters can be said of 20 trials, not of 12."
    assert outcome.importances == {}
    assert json.loads(sweep.folder.importances.read_text(encoding="utf-8"))["reason"] == reason
    assert not sweep.folder.picture("importances").exists()
    outcome = run_sweep(resume_sweep(sweep.folder.path, Asked(trials=24)))
    assert list(outcome.importances) == ["training.learning_rate", "models.dim"]
    assert outcome.importances["training.learning_rate"] > 0.7  # the only one that matters
    assert sum(outcome.importances.values()) == pytest.approx(1)
    for name in ("history", "parallel-coordinates", "importances"):
        assert sweep.folder.picture(name).read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in sweep.folder.picture(name).with_suffix(".svg").read_bytes()


def test_the_folder(begin: Begin) -> None:
    sweep = begin(trials=2, drawn=True)
    run_sweep(sweep)
    assert {path.name for path in sweep.folder.path.iterdir()} == {
        *(".lock", "best.yaml", "config.yaml", "history.png", "history.svg", "importances.csv", "importances.json"),
        *("parallel-coordinates.png", "parallel-coordinates.svg", "space.yaml", "study.db", "sweep.json"),
        *("trials", "trials.csv"),
    }
    assert sweep.folder.space.read_text(encoding="utf-8").startswith("parameters: {training.learning_rate")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody who holds a study."""
    monkeypatch.setattr(study_module, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(study_module, "_PAUSE_S", 0.01)


@pytest.mark.usefixtures("hasty")
def test_a_damaged_study_is_a_sentence(begin: Begin) -> None:
    sweep = begin(trials=1)
    sweep.folder.study.write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match=r"The study in .*study\.db cannot be used: file is not a database"):
        run_sweep(resume_sweep(sweep.folder.path))


@pytest.mark.usefixtures("hasty")
def test_a_locked_file_is_waited_for(begin: Begin) -> None:
    sweep = begin(trials=1)
    with sqlite3.connect(sweep.folder.study, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match=r"cannot be used: database is locked"):
            run_sweep(sweep)
        other.execute("ROLLBACK")
    other.close()
    assert run_sweep(sweep).counts == {"complete": 1}


def test_a_path_with_signs_that_mean_something_in_urls(begin: Begin) -> None:
    sweep = begin(trials=1, name="a {b} 100% ?x=1 #2")
    run_sweep(resume_sweep(sweep.folder.path))
    assert sweep.folder.study.stat().st_size > 0


STORAGES = {
    "nonsense": r"--storage 'nonsense' is no database: sqlite:///PATH, postgresql://USER@HOST/NAME",
    "redis://localhost": r"is no database.*Redis do not notice that a process was killed",
    "sqlite://": r"is in memory, where no other process sees it",
    "sqlite:///:memory:": r"is in memory",
    "postgresql+psycopg2://me@localhost/x": r"--storage needs psycopg2, which is not installed: pip install "
    r"'auricle\[cluster\]'$",
    "postgresql://me@localhost/x": r"--storage needs psycopg2, which is not installed: .*'auricle\[cluster\]'$",
    "postgres://me:secret@localhost:port/x": r"--storage 'postgres://\*\*\*@localhost:port/x' is no database",
    "postgresql+psycopg3://me:sec@ret@localhost/x": r"--storage 'postgresql\+psycopg3://\*\*\*@localhost/x' is no data",
}


@pytest.mark.parametrize(("url", "sentence"), STORAGES.items(), ids=STORAGES)
def test_a_storage_that_cannot_be(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # as if it were not installed
    sweep = begin()
    with pytest.raises(ConfigError, match=sentence) as raised:
        begin_sweep(sweep.base, sweep.folder.space, tmp_path / "sweeps" / "other", storage=url)
    assert "sec" not in str(raised.value)


def test_a_database_elsewhere(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = begin()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sweeps" / "shared"
    shared = begin_sweep(sweep.base, sweep.folder.space, path, Asked(trials=2), storage="sqlite:///shared.db")
    run_sweep(shared)
    assert (tmp_path / "shared.db").exists()
    assert not shared.folder.study.exists()
    monkeypatch.chdir("/")
    assert len(now(resume_sweep(path)).trials) == 2
    with pytest.raises(ConfigError, match=r"keeps its study in sqlite:///.*shared\.db\. Give the same --storage, or"):
        begin_sweep(sweep.base, sweep.folder.space, path)
    with pytest.raises(ConfigError, match=r"keeps its study in sqlite:///.*shared\.db, not in another"):
        resume_sweep(path, storage="sqlite:///other.db")


def test_a_damaged_record_is_a_sentence(begin: Begin) -> None:
    sweep = begin(trials=1)
    for content in ("{", '{"study": "x"}'):
        sweep.folder.record.write_text(content, encoding="utf-8")
        with pytest.raises(StorageError, match=r"sweep\.json is damaged\. Begin the sweep anew under another name"):
            resume_sweep(sweep.folder.path)


def test_times_that_cannot_be(begin: Begin) -> None:
    with pytest.raises(ConfigError, match=r"says every 10 s that it is alive; after 15 s it cannot count as killed"):
        begin(grace_s=15)


def test_no_collection(begin: Begin) -> None:
    sweep = begin()
    with pytest.raises(ConfigError, match=r"No collection is given"):
        begin_sweep(RunConfig(), sweep.folder.space, sweep.folder.path)


def test_what_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is no sweep: it has no sweep\.json"):
        resume_sweep(tmp_path)


def test_optunas_words_are_as_they_were(begin: Begin) -> None:
    before = optuna.logging.get_verbosity()
    run_sweep(begin(trials=1))
    assert optuna.logging.get_verbosity() == before
