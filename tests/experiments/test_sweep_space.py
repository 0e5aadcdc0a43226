"""What a sweep file means: every form by hand, every fault a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from auricle.config import validate
from auricle.errors import ConfigError
from auricle.experiments.sweep import parameters
from auricle.experiments.sweep.goal import MEASURES, Goal, read_goal
from auricle.experiments.sweep.names import find_name
from auricle.experiments.sweep.parameters import Constant, Range, read_form
from auricle.experiments.sweep.pruning import Halving
from auricle.experiments.sweep.space import Space, read_space
from auricle.training import RunConfig

Read = Callable[..., Space]

PRIOR_WORK = """
name: "HPT_Nov_12"
method: bayes
metric: {name: "val_obj", goal: minimize}
parameters:
  AdamOptimizer-args-lr: {distribution: uniform, min: 1e-05, max: 1e-03}
  DualEncoderModel-audio_enc-fc_dropout: {distribution: uniform, min: 0.1, max: 0.5}
  DualEncoderModel-audio_enc-fc_units: {distribution: int_uniform, min: 256, max: 2048}
  DualEncoderModel-audio_enc-conv_fine_tune_from: {values: ["conv_block4", "conv_block2"]}
  DualEncoderModel-text_enc-fc_units: {values: [256, 512, 1024, 2048]}
  criteria-infonce_loss-args-temperature: {distribution: uniform, min: 0.03, max: 0.1}
program: main_wandb_new.py
"""

RANGES = {
    "{min: 1, max: 8}": IntDistribution(1, 8),
    "{min: '1', max: 8}": IntDistribution(1, 8),
    "{min: 1, max: 8.5}": FloatDistribution(1.0, 8.5),
    "{min: 1e-05, max: 1e-03}": FloatDistribution(1e-5, 1e-3),  # words, to YAML
    "{distribution: uniform, min: 1, max: 8}": FloatDistribution(1.0, 8.0),
    "{distribution: int_uniform, min: 256, max: 2048.0}": IntDistribution(256, 2048),
    "{distribution: log_uniform_values, min: 1e-5, max: 0.1}": FloatDistribution(1e-5, 0.1, log=True),
    "{values: [256, 512]}": CategoricalDistribution([256, 512]),
    "{distribution: categorical, values: [conv, null, true]}": CategoricalDistribution(["conv", None, True]),
    "{values: [1e-05, 1e-4]}": CategoricalDistribution([1e-5, 1e-4]),
    # Multiples of q within the ends, not steps of q from min.
    "{distribution: q_uniform, min: 1, max: 10, q: 4}": IntDistribution(4, 8, step=4),
    "{distribution: q_uniform, min: 0, max: 10}": IntDistribution(0, 10),
    "{distribution: q_uniform, min: 0.03, max: 0.1, q: 0.01}": FloatDistribution(0.03, 0.1, step=0.01),
}
CONSTANTS = {
    "{value: 3}": 3,
    "{value: 1e-05}": 1e-5,
    "{value: null}": None,
    "{distribution: constant, value: [a, b]}": ["a", "b"],
    "{values: [7]}": 7,
    "{min: 4, max: 4}": 4,
    "{distribution: q_uniform, min: 3, max: 5, q: 4}": 4,
}
BAD_FORMS = {
    "3": r"a parameter is written \{min: 0.1, max: 0.5\} or \{values: \[1, 2\]\}, got 3",
    "{}": r"neither value, nor values, nor min and max are given",
    "{min: 1}": r"uniform needs min and max, and max is missing",
    "{min: 1, max: 2, q: 1}": r"int_uniform takes no 'q'\. It takes min and max",
    "{distribution: uniform, mn: 1, max: 2}": r"uniform takes no 'mn'\. Did you mean 'min'\?",
    "{distribution: unifrom, min: 1, max: 2}": r"no distribution 'unifrom'\. Did you mean 'uniform'\? Known: ",
    "{distribution: normal, mu: 1, sigma: 2}": r"no distribution 'normal'\..*Known: constant, categorical, uniform, ",
    "{distribution: inv_log_uniform_values, min: 1, max: 2}": r"no distribution 'inv_log_uniform_values'",
    "{distribution: log_uniform, min: -9.210340371976182, max: 0}": r"log_uniform takes .*, min: 0.0001, max: 1 ",
    "{values: [1, 2], probabilities: [0.1, 0.9]}": r"probabilities are not known: .*leave them out",
    "{values: 3}": r"values is a list of at least one value, got 3",
    "{values: []}": r"values is a list of at least one value, got \[\]",
    "{values: [a, b, a]}": r'values has "a" twice',
    "{values: [1, 2], min: 3}": r"categorical takes no 'min'",
    "{min: a, max: 2}": r"min needs to be a number, got 'a'",
    "{min: true, max: 2}": r"min needs to be a number, got True",
    "{min: .nan, max: 2}": r"min needs to be a number, got nan",
    "{min: 1, max: .inf}": r"max needs to be a number, got inf",
    "{min: 3, max: 2}": r"min is 3, above max, which is 2",
    "{distribution: int_uniform, min: 0.5, max: 2}": r"int_uniform needs whole numbers, got 0.5 and 2",
    "{distribution: log_uniform_values, min: 0, max: 2}": r"a logarithm needs a min above 0, got 0",
    "{distribution: q_uniform, min: 1, max: 2, q: 0}": r"q needs to be above 0, got 0",
    "{distribution: q_uniform, min: 5, max: 7, q: 4}": r"no multiple of q, which is 4, lies between 5 and 7",
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a sweep file: ``read(text, **settings of the base)``."""

    def run(text: str, **settings: Any) -> Space:
        path = tmp_path / "space.yaml"
        path.write_text(text, encoding="utf-8")
        return read_space(path, validate(RunConfig, settings, source="test"))

    return run


def one_parameter(name: str, form: str = "{min: 0.1, max: 0.2}", more: str = "") -> str:
    return f"parameters: {{{name}: {form}}}\n{more}\n"


@pytest.mark.parametrize(("form", "distribution"), RANGES.items(), ids=RANGES)
def test_what_is_drawn_from(form: str, distribution: BaseDistribution) -> None:
    read = read_form(yaml.safe_load(form))
    assert isinstance(read, Range)
    assert read.distribution == distribution
    assert type(read.distribution) is type(distribution)


@pytest.mark.parametrize(("form", "value"), CONSTANTS.items(), ids=CONSTANTS)
def test_what_is_always_so(form: str, value: object) -> None:
    read = read_form(yaml.safe_load(form))
    assert isinstance(read, Constant)
    assert read.value == value
    assert type(read.value) is type(value)


@pytest.mark.parametrize(("form", "sentence"), BAD_FORMS.items(), ids=BAD_FORMS)
def test_a_form_that_cannot_be(form: str, sentence: str, read: Read) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_form(yaml.safe_load(form))
    with pytest.raises(ConfigError, match=r"space.yaml: 1 unusable parameter\(s\): training.temperature: " + sentence):
        read(one_parameter("training.temperature", form))


def test_a_quantised_logarithm_is_rounded_to_multiples_within_the_ends() -> None:
    form = read_form({"distribution": "q_log_uniform_values", "min": 30, "max": 1000, "q": 16})
    assert isinstance(form, Range)
    assert [form.value(drawn) for drawn in (30.0, 40.1, 100.0, 1000.0)] == [32, 48, 96, 992]
    assert all(isinstance(form.value(drawn), int) for drawn in (30.0, 100.0))
    tenth = read_form({"distribution": "q_log_uniform_values", "min": 0.1, "max": 1, "q": 0.1})
    assert isinstance(tenth, Range)
    assert tenth.value(0.34) == 0.3


def test_choices_may_be_lists() -> None:
    form = read_form({"values": [["a"], [], {"b": 1}]})
    assert isinstance(form, Range)
    assert [form.value(choice) for choice in form.grid() or ()] == [["a"], [], {"b": 1}]


def test_every_value_of_a_grid() -> None:
    def grid(form: str) -> object:
        read = read_form(yaml.safe_load(form))
        assert isinstance(read, Range)
        return read.grid()

    assert grid("{distribution: q_uniform, min: 0.1, max: 0.5, q: 0.1}") == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert grid("{distribution: q_uniform, min: 1, max: 10, q: 4}") == (4, 8)
    assert grid("{min: 1, max: 3}") == (1, 2, 3)
    assert grid("{values: [b, a]}") == ("b", "a")
    assert grid("{min: 0.1, max: 0.5}") is None


def test_the_prior_works_file_as_it_is(read: Read) -> None:
    space = read(PRIOR_WORK)
    assert (space.name, space.method, space.goal.measure) == ("HPT_Nov_12", "bayes", "validation/loss")
    assert {one.setting: one.drawn_from.distribution for one in space.parameters} == {
        "training.learning_rate": FloatDistribution(1e-5, 1e-3),
        "models.audio.fc_dropout": FloatDistribution(0.1, 0.5),
        "models.audio.hidden": IntDistribution(256, 2048),
        "models.audio.trainable_from_block": CategoricalDistribution([4, 2]),
        "models.text.hidden": CategoricalDistribution([256, 512, 1024, 2048]),
        "training.temperature": FloatDistribution(0.03, 0.1),
    }
    drawn = {one.setting: one.drawn_from.first() for one in space.parameters}
    config = space.configure(RunConfig(), drawn, source="test")
    assert (config.models.audio.trainable_from_block, config.models.audio.frozen) == (4, False)
    assert "AdamOptimizer-args-lr is training.learning_rate here." in space.remarks
    assert "Not used here: program." in space.remarks
    assert any(remark.startswith("The validation loss depends on training.temperature") for remark in space.remarks)


def test_the_prior_works_other_file_is_refused_for_what_it_maximises(read: Read) -> None:
    text = PRIOR_WORK.replace('{name: "val_obj", goal: minimize}', '{name: "eval_Txt2Audio_mAP", goal: maximize}')
    with pytest.raises(ConfigError, match=r"'eval_Txt2Audio_mAP', a measure of the evaluation split, .*for reporting"):
        read(text)


@pytest.mark.parametrize("name", ["training.learning_rate", "training-learning_rate", "AdamOptimizer.args-lr"])
def test_names_may_have_dots_or_dashes(name: str, read: Read) -> None:
    assert [one.setting for one in read(one_parameter(name)).parameters] == ["training.learning_rate"]


def test_names_may_be_nested(read: Read) -> None:
    inner = "{parameters: {dropout: {min: 0.1, max: 0.2}, hidden: {value: 8}}}"
    space = read(one_parameter("models", f"{{parameters: {{audio: {inner}}}}}"))
    assert [one.setting for one in space.parameters] == ["models.audio.dropout"]
    assert space.constants == {"models.audio.hidden": 8}


NAMES = {
    "training.learning-rate": r"no such setting\. Did you mean 'training\.learning_rate'\?",
    "learning_rate": r"no such setting\. Did you mean 'training\.learning_rate'\? `auricle settings` lists them",
    "data.validation_share": r"data\.validation_share says on what or how a trial is measured, .*cannot be compared",
    "evaluation-ap_denominator": r"evaluation\.ap_denominator says on what or how a trial is measured",
    "training.validation_split": r"training\.validation_split says on what or how a trial is measured",
    "ray_conf-init_args": r"there is nothing to search here: Ray is not needed; leave it out",
    "wandb_conf-project": r"nothing that is measured depends on tracking\.project; leave it out",
    "AdamOptimizer-args-weight_decay": r"there is nothing to search here: there is no weight decay; leave it out",
    "DualEncoderModel-audio_enc-trainable": r"values are needed, of these: True, False",
}


@pytest.mark.parametrize(("name", "sentence"), NAMES.items(), ids=NAMES)
def test_a_name_that_cannot_be_searched(name: str, sentence: str, read: Read) -> None:
    with pytest.raises(ConfigError, match=rf"1 unusable parameter\(s\): {name}: {sentence}"):
        read(one_parameter(name))


def test_what_the_prior_work_has_and_we_have_not(read: Read) -> None:
    searched = "training.temperature: {min: 0.1, max: 0.2}"
    space = read(f"parameters: {{{searched}, ray_conf-init_args: {{value: x}}}}")
    assert space.constants == {}
    assert any(remark.startswith("ray_conf-init_args is not used: Ray ") for remark in space.remarks)
    with pytest.raises(ConfigError, match=r"weight_decay: nothing corresponds to 0.1 here: there is no weight decay"):
        read(f"parameters: {{{searched}, AdamOptimizer-args-weight_decay: {{value: 0.1}}}}")
    with pytest.raises(ConfigError, match=r"nothing corresponds to 7 here: 1 to 6 and conv_block1"):
        read(one_parameter("DualEncoderModel-audio_enc-conv_fine_tune_from", "{min: 1, max: 7}"))
    with pytest.raises(ConfigError, match=r"two of the values are one here: 4, 4"):
        read(one_parameter("DualEncoderModel-audio_enc-conv_fine_tune_from", "{values: [4, conv_block4]}"))


def test_two_names_of_one_setting(read: Read) -> None:
    both = "models.audio.frozen: {value: true}, DualEncoderModel-audio_enc-conv_fine_tune_from: {values: [1, 2]}"
    with pytest.raises(ConfigError, match=r"models\.audio\.frozen sets models\.audio\.frozen, too; leave one"):
        read(f"parameters: {{{both}}}")


def test_all_faulty_parameters_are_named_at_once(read: Read) -> None:
    with pytest.raises(ConfigError, match=r"2 unusable parameter\(s\): a: no such setting.*; training\.seed: no such"):
        read("parameters: {a: {value: 1}, training.seed: {value: 2}}")


ENDS = {
    "models.audio.dropout: {min: 0.5, max: 1.5}": r"models\.audio\.dropout: input should be less than 1 \(got 1\.5\)",
    "training.batch_size: {min: 1, max: 8}": r"input should be greater than or equal to 2 \(got 1\)",
    "training.batch_size: {distribution: uniform, min: 4, max: 8}": r"fractional part .*write .*int_uniform",
    "training.schedule: {values: [cosine, cosin]}": r"training\.schedule: input should be 'plateau', 'cosine' or",
    "models.audio.trainable_from_block: {min: 1, max: 6}": r"no effect while frozen is true; set frozen to false",
}


@pytest.mark.parametrize(("parameter", "sentence"), ENDS.items(), ids=ENDS)
def test_ends_are_checked_before_the_first_trial(parameter: str, sentence: str, read: Read) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read(f"parameters: {{{parameter}}}")


def test_ends_that_go_with_other_values_of_other_parameters(read: Read) -> None:
    block = "models.audio.trainable_from_block: {min: 1, max: 6}"
    assert len(read(f"parameters: {{models.audio.frozen: {{values: [true, false]}}, {block}}}").parameters) == 2
    assert read(f"parameters: {{models.audio.frozen: {{value: false}}, {block}}}").constants == {
        "models.audio.frozen": False
    }


FILES = {
    "": r"parameters is missing",
    "parameters: [a]": r"parameters is missing; it names settings and their values",
    "parameters: {training.temperature: {value: 1}}": r"no parameter has more than one value, so there is nothing",
    one_parameter("training.temperature", more="methd: bayes"): r"no such key as 'methd'\. Did you mean 'method'\?",
    one_parameter("training.temperature", more="method: hyper"): r"method is 'hyper'; bayes, random, grid are known",
    one_parameter("training.temperature", more="method: grid"): r"no end of them; give it values, int_uniform or",
    one_parameter(
        "training.batch_size", "{min: 2, max: 20000}", "method: grid"
    ): r"19,999 combinations; at most 10,000",
    one_parameter("training.temperature", more="run_cap: none"): r"run_cap is 'none'; a whole number of at least 1",
    one_parameter("training.temperature", more="early_terminate: {type: median}"): r"early_terminate is written",
    one_parameter("training.temperature", more="early_terminate: {type: hyperband}"): r"needs min_iter, or max_iter",
    one_parameter(
        "training.temperature", more="early_terminate: {type: hyperband, min_itr: 3}"
    ): r"Did you mean 'min_i",
    one_parameter("training.temperature", more="early_terminate: {type: hyperband, min_iter: 0}"): r"at least 1",
    one_parameter("training.temperature", more="early_terminate: {type: hyperband, min_iter: 1, eta: 1}"): r"least 2",
    "a: [": r"cannot be read as YAML",
    "- a": r"holds list",
}


@pytest.mark.parametrize(("text", "sentence"), FILES.items())
def test_a_file_that_cannot_be(text: str, sentence: str, read: Read) -> None:
    with pytest.raises(ConfigError, match=r"space\.yaml.*" + sentence):
        read(text)


@pytest.mark.parametrize(
    ("section", "halving"),
    [
        ("{type: hyperband, min_iter: 3}", Halving(3, 3)),
        ("{type: hyperband, min_iter: 2, eta: 4}", Halving(2, 4)),
        ("{type: hyperband, max_iter: 27, s: 2}", Halving(3, 3)),  # 27 / 3 / 3
        ("{type: hyperband, max_iter: 2, s: 3}", Halving(1, 3)),
    ],
)
def test_early_termination(section: str, halving: Halving, read: Read) -> None:
    assert read(one_parameter("training.temperature", more=f"early_terminate: {section}")).halving == halving


GOALS = {
    "val_mAP": "validation/text_to_audio/mAP@10",
    "val_Txt2Audio_mAP": "validation/text_to_audio/mAP@10",
    "validation/text_to_audio/mAP@10": "validation/text_to_audio/mAP@10",
    "text_to_audio/mAP@10": "validation/text_to_audio/mAP@10",
    "val_Audio2Txt_R1": "validation/audio_to_text/R@1",
    "val.R@10": "validation/text_to_audio/R@10",
    "val_obj": "validation/loss",
    "val_loss": "validation/loss",
    "validation-loss": "validation/loss",
}


@pytest.mark.parametrize(("name", "measure"), GOALS.items(), ids=GOALS)
def test_names_of_measures(name: str, measure: str) -> None:
    assert read_goal({"name": name}).measure == measure


def test_the_goal_by_default() -> None:
    assert read_goal(None) == Goal("validation/text_to_audio/mAP@10")
    assert Goal().maximise


BAD_GOALS = {
    "{name: eval_mAP}": r"'eval_mAP', a measure of the evaluation split, .* can no longer be measured",
    "{name: evaluation/text_to_audio/mAP@10}": r"a measure of the evaluation split",
    "{name: test_loss}": r"a measure of the evaluation split",
    "{name: metrics.test.mAP}": r"a measure of the evaluation split",
    "{name: train/loss}": r"measured on what is learned from",
    "{name: validation/text_to_audio/mAP@11}": r"no measure .*Did you mean 'validation/text_to_audio/mAP@10'\?",
    "{name: val_loss, goal: maximize}": r"goal is 'maximize', but validation/loss is better when it is lower",
    "{name: val_mAP, goal: minimise}": r"better when it is higher; write maximize",
    "{name: val_mAP, goal: up}": r"metric\.goal is 'up'; maximize or minimize is needed",
    "{name: val_mAP, target: 0.9}": r"metric\.target is not known",
    "{goal: maximize}": r"metric is written \{name: val_mAP, goal: maximize\}",
    "val_mAP": r"metric is written",
}


@pytest.mark.parametrize(("metric", "sentence"), BAD_GOALS.items(), ids=BAD_GOALS)
def test_a_goal_that_cannot_be(metric: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_goal(yaml.safe_load(metric))


def test_british_goals() -> None:
    assert read_goal({"name": "val_loss", "goal": "minimise"}).direction == "minimize"


def test_the_best_epoch_is_the_first_of_equals() -> None:
    rows = [{"epoch": n, "validation/loss": loss} for n, loss in enumerate([3.0, 1.0, 2.0, 1.0], start=1)]
    assert Goal("validation/loss").best(rows)["epoch"] == 2
    rows = [{"epoch": n, Goal().measure: value} for n, value in enumerate([0.1, 0.3, 0.3], start=1)]
    assert Goal().best(rows)["epoch"] == 2


def test_every_measure_of_a_run_can_be_the_goal_and_no_other(run: Path) -> None:
    row = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert {name for name in row if name.startswith("validation/")} == set(MEASURES)


def test_drawn_values_stay_within_the_ends(read: Read) -> None:
    """Whatever is drawn, the configuration is valid."""
    import optuna

    space = read(
        """
parameters:
  training.learning_rate: {distribution: log_uniform_values, min: 1e-5, max: 1e-2}
  training.batch_size: {distribution: q_log_uniform_values, min: 4, max: 64, q: 4}
  models.audio.hidden: {values: [null, 64]}
  models.text.dropout: {distribution: q_uniform, min: 0, max: 0.5, q: 0.05}
"""
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    distributions = {one.setting: one.drawn_from.distribution for one in space.parameters}
    for _ in range(50):
        drawn = study.ask(dict(distributions)).params
        config = space.configure(RunConfig(), drawn, source="test")
        assert 1e-5 <= config.training.learning_rate <= 1e-2
        assert config.training.batch_size in range(4, 65, 4)
        assert config.models.audio.hidden in (None, 64)
        assert np.isclose(config.models.text.dropout / 0.05, round(config.models.text.dropout / 0.05))


def test_a_name_is_found_among_those_that_are_there() -> None:
    with pytest.raises(ConfigError, match=r"no such setting\. Did you mean 'kennel\.dogs'\?"):
        find_name("kennel-dog", ["kennel.dogs", "kennel.cats"])


def test_the_sweep_files_of_the_page(read: Read) -> None:
    page = Path(__file__).parents[2] / "docs" / "sweep.md"
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    heads, prior_work = (read(block) for block in blocks)
    assert (heads.name, heads.run_cap, heads.halving) == ("heads", 50, Halving(5, 3))
    assert [one.setting for one in prior_work.parameters] == [
        "training.learning_rate",
        "models.audio.hidden",
        "models.audio.trainable_from_block",
    ]


def test_the_page_names_every_form() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text(encoding="utf-8")
    named = {str(yaml.safe_load(form).get("distribution")) for form in re.findall(r"^\| `(\{.*?\})` \|", page, re.M)}
    assert named - {"None"} == {name for name in parameters._KEYS if name not in ("constant", "categorical")}
