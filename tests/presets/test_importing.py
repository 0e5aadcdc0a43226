"""Whole files of the prior work: what they become, and that nothing in them is passed over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from auricle import config
from auricle.errors import ConfigError, StorageError
from auricle.presets import find_config
from auricle.presets.importing import Imported, import_config, table, write
from auricle.training import RunConfig

DATA = {
    f"{short}_data": {
        "dataset": "data/Clotho",
        "audio_data": f"{split}_audio_logmels.hdf5",
        "text_data": f"{split}_text.csv",
        "text_embeds": "sbert_embeds.pkl",
        "text_level": "sentence",
    }
    for short, split in {"train": "development", "val": "validation", "eval": "evaluation"}.items()
}
PLATEAU = {
    "name": "ReduceLROnPlateau",
    "args": {
        "mode": "min",
        "factor": 0.1,
        "patience": 5,
        "threshold": 0.005,
        "threshold_mode": "abs",
        "min_lr": 1e-6,
        "verbose": True,
    },
}


def published(audio: dict[str, Any], text: dict[str, Any], *, lr: float, temperature: float, epochs: int) -> Any:
    """Return what the published files have in common, with the numbers in which they differ."""
    return {
        "data_conf": DATA,
        "param_conf": {
            "num_epoch": epochs,
            "batch_size": 32,
            "model": "DualEncoderModel",
            "criterion": "infonce_loss",
            "optimizer": "AdamOptimizer",
            "lr_scheduler": "ReduceLROnPlateau",
        },
        "DualEncoderModel": {
            "name": "DualEncoderModel",
            "out_norm": "L2",
            "audio_enc": {"name": "CNN14Encoder", "init": "prior", "weight": "CNN14_300.pth", "out_dim": 300, **audio},
            "text_enc": {"name": "SentBERTBaseEncoder", "init": "prior", "out_dim": 300, **text},
        },
        "criteria": {
            "infonce_loss": {"name": "LogSoftmaxLoss", "args": {"temperature": temperature, "dist": "dot_product"}}
        },
        "AdamOptimizer": {"name": "Adam", "args": {"lr": lr, "weight_decay": 0.0}},
        "ReduceLROnPlateau": PLATEAU,
    }


def dcase() -> Any:
    """Return the baseline's configuration of 2023."""
    values = published({"trainable": True}, {}, lr=1e-3, temperature=0.07, epochs=80)
    stopping = {"metric": "stop_metric", "std": 0.001, "num_results": 10, "grace_period": 60, "mode": "min"}
    values["trial_series"], values["trial_base"] = "series", "base"
    values["ray_conf"] = {
        "init_args": {"num_cpus": 1, "num_gpus": 1},
        "trial_stopper": "TrialPlateauStopper",
        "stopper_args": stopping,
    }
    return values


def thesis(audio: dict[str, Any], text: dict[str, Any], *, lr: float, temperature: float, project: str) -> Any:
    """Return a configuration of the thesis."""
    values = published(audio, text, lr=lr, temperature=temperature, epochs=100)
    values["param_conf"]["early_stopper"] = "EarlyStopping"
    values["EarlyStopping"] = {"name": "EarlyStopping", "args": {"patience": 10, "min_delta": 0.001}}
    values["wandb_conf"] = {"project": project}
    return values


def thesis_base() -> Any:
    audio = {"fc_dropout": 0.5, "conv_dropout": 0.2, "fc_units": 2048, "conv_fine_tune_from": "conv_block1"}
    return thesis(audio, {"fc_units": 512}, lr=1e-3, temperature=0.07, project="audio_dl_baseline")


def thesis_best() -> Any:
    audio = {
        "fc_dropout": 0.111650527250578,
        "conv_dropout": 0.13353659198165377,
        "fc_units": 1457,
        "conv_fine_tune_from": 4,
    }
    numbers = {"lr": 0.0008146651275669621, "temperature": 0.08525484428365834}
    return thesis(audio, {"fc_units": 901}, **numbers, project="best-param-runs")


@pytest.fixture
def imported(tmp_path: Path) -> Callable[[Any], Imported]:
    """Import values as if they stood in a file."""

    def import_values(values: Any) -> Imported:
        path = tmp_path / "old.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return import_config(path)

    return import_values


def preset(name: str, *settings: str) -> RunConfig:
    return config.read(RunConfig, find_config(name), settings)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (dcase(), preset("clotho-baseline", "training.max_epochs=80", "training.patience=null")),
        (thesis_base(), preset("clotho-baseline", "tracking.project=audio_dl_baseline")),
        (thesis_best(), preset("clotho-tuned", "tracking.project=best-param-runs")),
    ],
    ids=["DCASE baseline", "thesis", "best of the thesis"],
)
def test_published_files_become_the_presets(
    imported: Callable[[Any], Imported], values: Any, expected: RunConfig, tmp_path: Path
) -> None:
    result = imported(values)
    data = expected.data.model_copy(update={"collection": Path("data/Clotho")})
    assert result.config == expected.model_copy(update={"data": data})
    path = write(result, tmp_path / "new.yaml")
    assert config.read(RunConfig, path) == result.config


def count(values: Any, known_sections: frozenset[str] = frozenset({"init_args", "stopper_args"})) -> int:
    """Return the number of settings in a file; what Ray is told counts once."""
    if not isinstance(values, dict):
        return 1
    return sum(1 if name in known_sections else count(value) for name, value in values.items())


@pytest.mark.parametrize("values", [dcase(), thesis_base(), thesis_best()], ids=["DCASE", "thesis", "best"])
def test_every_key_of_a_published_file_is_accounted_for(imported: Callable[[Any], Imported], values: Any) -> None:
    result = imported(values)
    assert len(result.lines) == count(values)
    assert not [line.key for line in result.lines if "no such key" in line.became.note]
    said = table(result)
    for line in result.lines:
        assert f"    {line.key} = " in said
    *_, last = said.splitlines()
    assert sum(int(part.split()[0]) for part in last.split(", ")) == len(result.lines)


def test_a_width_of_2048_adds_no_layer(imported: Callable[[Any], Imported]) -> None:
    said = table(imported(thesis_base()))
    assert "kept: CNN14's own layer has this width; models.audio.hidden=2048 adds a layer" in said
    assert "no layer was made of it where DualEncoderModel.audio_enc.fc_units is 2048" in said


def test_of_two_folders_the_first_counts(imported: Callable[[Any], Imported]) -> None:
    values = dcase()
    values["data_conf"] = {**DATA, "eval_data": {**DATA["eval_data"], "dataset": "elsewhere"}}
    result = imported(values)
    assert result.config.data.collection == Path("data/Clotho")
    (line,) = [line for line in result.lines if line.key == "data_conf.eval_data.dataset"]
    assert line.became.outcome == "dropped"
    assert line.became.note == 'data.collection is "data/Clotho" already, by data_conf.train_data.dataset'


@pytest.mark.parametrize(
    ("extra", "key", "note"),
    [
        ({"AdamOptimiser": {"name": "Adam"}}, "AdamOptimiser", "no such key is known. Did you mean 'AdamOptimizer'?"),
        ({"param_conf": {"batchsize": 8}}, "param_conf.batchsize", "no such key is known. Did you mean 'batch_size'?"),
        ({"zebra": 1}, "zebra", "no such key is known."),
        ({7: 1}, "7", "no such key is known."),
        ({"AdamOptimizer": None}, "AdamOptimizer", "it holds no settings"),
        ({"AdamOptimizer": 3}, "AdamOptimizer", "settings are needed inside it"),
    ],
)
def test_what_is_not_known_is_told(imported: Callable[[Any], Imported], extra: Any, key: str, note: str) -> None:
    (line,) = [line for line in imported({"trial_base": "x", **extra}).lines if line.key == key]
    assert (line.became.outcome, line.became.settings, line.became.note) == ("dropped", {}, note)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", r"holds no key of the prior work, such as param_conf\.batch_size"),
        (
            "training:\n  batch_size: 8\n",
            r"holds no key of the prior work.*takes configurations of auricle",
        ),
        ("param_conf: [1, 2", r"cannot be read as YAML"),
        ("- param_conf", r"holds list; `section:` with indented settings is needed"),
        ("param_conf:\n  batch_size: many\n", r"1 unusable.*valid integer.*'many'.*is param_conf\.batch_size there\.$"),
        (
            "param_conf:\n  batch_size: 1\n  num_epoch: 0\n",
            r"has 2 unusable setting\(s\): .* training\.max_epochs is ",
        ),
        ("AdamOptimizer: {args: {lr: [1]}}", r"training\.learning_rate: .*\. .* is AdamOptimizer\.args\.lr there\.$"),
        ("param_conf:\n  batch_size:\n", r"training\.batch_size: input should be a valid integer \(got None\)"),
    ],
)
def test_files_that_cannot_be_imported(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=sentence):
        import_config(path)


def test_a_file_that_holds_itself_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("param_conf: &all\n  batch_size: 8\n  itself: *all\n", encoding="utf-8")
    result = import_config(path)
    assert result.config.training.batch_size == 8
    assert "param_conf.itself = ..." in table(result)


def test_numbers_that_yaml_takes_for_words(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("AdamOptimizer: {args: {lr: 1e-05}}\n", encoding="utf-8")  # no point: a string to YAML 1.1
    assert import_config(path).config.training.learning_rate == 1e-5


def test_another_file_is_not_overwritten(imported: Callable[[Any], Imported], tmp_path: Path) -> None:
    result = imported(thesis_best())
    path = write(result, tmp_path / "deep" / "new.yaml")
    assert write(result, path) == path
    with pytest.raises(StorageError, match="name is too long"):
        write(result, tmp_path / ("x" * 300))
    path.write_text("seed: 1\n", encoding="utf-8")
    for taken in (path, tmp_path, result.source):
        with pytest.raises(ConfigError, match="is there already and says something else"):
            write(result, taken)
    assert path.read_text(encoding="utf-8") == "seed: 1\n"
