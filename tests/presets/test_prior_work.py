"""The table from the prior work's settings to ours, key by key."""

from typing import Any

import pytest

from auricle.config import describe
from auricle.presets.prior_work import RULES, translate
from auricle.training import RunConfig

SEARCHED = {
    # what the published sweeps search: our setting, a value there, what it sets here
    "AdamOptimizer.args.lr": ("training.learning_rate", 3e-4, {"training.learning_rate": 3e-4}),
    "DualEncoderModel.audio_enc.fc_dropout": ("models.audio.fc_dropout", 0.3, {"models.audio.fc_dropout": 0.3}),
    "DualEncoderModel.audio_enc.conv_dropout": ("models.audio.conv_dropout", 0.3, {"models.audio.conv_dropout": 0.3}),
    "DualEncoderModel.audio_enc.fc_units": ("models.audio.hidden", 2048, {"models.audio.hidden": 2048}),
    "DualEncoderModel.audio_enc.conv_fine_tune_from": (
        "models.audio.trainable_from_block",
        "conv_block6",
        {"models.audio.trainable_from_block": 6, "models.audio.frozen": False},
    ),
    "DualEncoderModel.text_enc.fc_units": ("models.text.hidden", 256, {"models.text.hidden": 256}),
    "criteria.infonce_loss.args.temperature": ("training.temperature", 0.03, {"training.temperature": 0.03}),
}


@pytest.mark.parametrize("key", SEARCHED)
def test_what_was_searched_there_can_be_searched_here(key: str) -> None:
    setting, value, sets = SEARCHED[key]
    translated = translate(key, value)
    assert RULES[key].setting == setting
    assert translated is not None
    assert translated.settings == sets


def test_every_rule_sets_what_exists_or_says_why_not() -> None:
    ours = {setting.key for setting in describe(RunConfig)}
    for key, rule in RULES.items():
        assert {rule.setting, *dict(rule.implies)} - {None} <= ours, key
        assert rule.setting or rule.note, key
        assert bool(rule.known) == bool(rule.otherwise), key  # whoever may refuse a value says why


def test_no_key_is_a_section_of_another() -> None:
    for key in RULES:
        assert not [other for other in RULES if other.startswith(f"{key}.")]


@pytest.mark.parametrize("block", range(1, 7))
def test_both_ways_to_name_a_block(block: int) -> None:
    for name in (block, f"conv_block{block}"):
        translated = translate("DualEncoderModel.audio_enc.conv_fine_tune_from", name)
        assert translated is not None
        assert translated.settings["models.audio.trainable_from_block"] == block


@pytest.mark.parametrize(
    ("key", "value", "outcome", "note"),
    [
        ("DualEncoderModel.out_norm", "L2", "kept", "always so"),
        ("DualEncoderModel.out_norm", None, "dropped", "length 1"),
        ("AdamOptimizer.args.weight_decay", 0, "kept", "always so"),
        ("AdamOptimizer.args.weight_decay", 1e-2, "dropped", "no weight decay"),
        ("AdamOptimizer.name", "SGD", "dropped", "Adam is what there is"),
        ("DualEncoderModel.audio_enc.name", "CNN14Encoder", "changed", "clotho-baseline"),
        ("DualEncoderModel.audio_enc.name", ["CNN14Encoder"], "dropped", "CNN14Encoder is known"),
        ("DualEncoderModel.audio_enc.conv_fine_tune_from", 7, "dropped", "1 to 6"),
        ("DualEncoderModel.audio_enc.conv_fine_tune_from", True, "dropped", "1 to 6"),
        ("DualEncoderModel.audio_enc.trainable", {"conv_block1": False}, "dropped", "trainable_from_block"),
        ("DualEncoderModel.audio_enc.trainable", False, "renamed", ""),
        ("param_conf.lr_scheduler", "StepLR", "dropped", "choose a training.schedule"),
        ("EarlyStopping.args.patience", 5, "renamed", ""),
        ("EarlyStopping.args.min_delta", 0.001, "changed", "mAP@10"),
        ("data_conf.val_data.text_level", "word", "dropped", "as a sentence"),
        ("wandb_conf.project", "mine", "changed", "tracking.to"),
    ],
)
def test_outcomes_and_their_reasons(key: str, value: Any, outcome: str, note: str) -> None:
    translated = translate(key, value)
    assert translated is not None
    assert translated.outcome == outcome
    assert note in translated.note
    assert bool(translated.note) == (outcome != "renamed")
    assert bool(translated.settings) == (outcome in ("renamed", "changed"))


@pytest.mark.parametrize("key", ["AdamOptimizer.args.learning_rate", "AdamOptimizer", "lr", ""])
def test_what_is_no_key(key: str) -> None:
    assert translate(key, 1) is None
