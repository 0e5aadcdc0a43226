"""What becomes of each setting of the prior work: the DCASE baseline of 2023, and the thesis that built on it.

Both are configured by YAML files of one vocabulary, and so are their sweeps. A key is written with dots here,
``AdamOptimizer.args.lr``; sweep files join the same words with dashes. Each key has one of four outcomes:

========  ===========================================================
outcome   meaning
========  ===========================================================
kept      it is always so here, and needs no setting
renamed   the same under our name
changed   under our name, and not quite the same; the note says how
dropped   nothing here corresponds, or not to this value; the note says why
========  ===========================================================

A search over the prior work's names asks ``RULES[name].setting`` for the setting that is searched, and
``translate(name, value).settings`` for what a sampled value sets. What can only be said of a file as a whole is in
`importing`.

Sources: conf.yaml of xieh97/dcase2023-audio-retrieval, and conf_yamls and models of
Yuvraj-Dhepe/dcase2023-audio-retrieval, both on GitHub.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Outcome = Literal["kept", "renamed", "changed", "dropped"]


@dataclass(frozen=True)
class Rule:
    """What becomes of one key.

    Attributes:
        setting: Our dotted key; None where there is none.
        known: Pairs of a value there and its value here; where empty, any value is taken as it is.
        implies: Pairs of a further setting of ours and its value.
        note: How what it sets has changed, or why it is kept or dropped; empty if merely renamed.
        otherwise: Why a value that is not known is dropped.
    """

    setting: str | None = None
    known: tuple[tuple[Any, Any], ...] = ()
    implies: tuple[tuple[str, Any], ...] = ()
    note: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class Translated:
    """What becomes of one key with its value.

    Attributes:
        outcome: See the module.
        settings: Our dotted keys and their values; empty if kept or dropped.
        note: How it has changed, or why it is kept or dropped; empty if merely renamed.
    """

    outcome: Outcome
    settings: Mapping[str, Any]
    note: str = ""


def translate(old_key: str, value: Any) -> Translated | None:
    """Return what becomes of a key of the prior work with its value, or None if there is no such key.

    Values are not validated: a batch size of ``many`` is found out when the settings are.

    Args:
        old_key: With dots: ``AdamOptimizer.args.lr``.
        value: As YAML gives it.

    Example:
        >>> translate("DualEncoderModel.audio_enc.conv_fine_tune_from", "conv_block4").settings
        {'models.audio.trainable_from_block': 4, 'models.audio.frozen': False}
        >>> translate("DualEncoderModel.audio_enc.heads", 8) is None
        True
    """
    rule = RULES.get(old_key)
    if rule is None:
        return None
    ours = value
    if rule.known:
        matches = [here for there, here in rule.known if _same(there, value)]
        if not matches:
            return Translated("dropped", {}, rule.otherwise)
        ours = matches[0]
    if rule.setting is None:
        return Translated("kept" if rule.known else "dropped", {}, rule.note)
    return Translated("changed" if rule.note else "renamed", {rule.setting: ours, **dict(rule.implies)}, rule.note)


def _same(one: object, other: object) -> bool:
    """Return whether two YAML values are the same: 0 and 0.0 are, 1 and true are not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _renamed(setting: str, *, but: str = "") -> Rule:
    return Rule(setting, note=but)


def _chosen(
    setting: str, known: Mapping[Any, Any], *, otherwise: str, but: str = "", implies: tuple[tuple[str, Any], ...] = ()
) -> Rule:
    return Rule(setting, tuple(known.items()), implies, but, otherwise)


def _always(value: Any, *values: Any, otherwise: str) -> Rule:
    known = tuple((one, None) for one in (value, *values))
    return Rule(known=known, note="it is always so here", otherwise=otherwise)


def _dropped(note: str) -> Rule:
    return Rule(note=note)


def _data(part: str) -> dict[str, Rule]:
    """Return the rules of one of the three parts of ``data_conf``."""
    return {
        f"data_conf.{part}.dataset": _renamed("data.collection"),
        f"data_conf.{part}.audio_data": _dropped(
            "sounds are described once, by the front end that the encoder was trained with; see `auricle features`"
        ),
        f"data_conf.{part}.text_data": _dropped("captions are read from the collection as it was published"),
        f"data_conf.{part}.text_embeds": _dropped("the sentence encoder itself is there, so any text can be embedded"),
        f"data_conf.{part}.text_level": _always("sentence", otherwise="a caption is embedded as a sentence"),
    }


_HIDDEN = "there no activation follows that layer, here a ReLU does"
_OF_THE_MEASURE = "of validation mAP@10, where it was of the validation loss"

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "trial_series": _dropped("a run is in runs/NAME; --name and --runs of `auricle train` choose others"),
        "trial_base": _dropped("a run is in runs/NAME; --name and --runs of `auricle train` choose others"),
        "resume_run_id": _dropped("the command that began a run goes on with it"),
        "ray_conf.init_args": _dropped("Ray is not needed"),
        "ray_conf.runtime_env": _dropped("Ray is not needed"),
        "ray_conf.trial_stopper": _dropped("training.patience and training.min_improvement say when to stop"),
        "ray_conf.stopper_args": _dropped("training.patience and training.min_improvement say when to stop"),
        **_data("train_data"),
        **_data("val_data"),
        **_data("eval_data"),
        "param_conf.num_epoch": _renamed("training.max_epochs"),
        "param_conf.batch_size": _renamed("training.batch_size"),
        "param_conf.model": _always("DualEncoderModel", otherwise="a dual encoder is what there is"),
        "param_conf.criterion": _always("infonce_loss", otherwise="InfoNCE is what there is"),
        "param_conf.optimizer": _always("AdamOptimizer", otherwise="Adam is what there is"),
        "param_conf.lr_scheduler": _chosen(
            "training.schedule",
            {"ReduceLROnPlateau": "plateau"},
            but="watches validation mAP@10, which should rise, where it watched the validation loss, which should fall",
            otherwise="ReduceLROnPlateau is known; choose a training.schedule",
        ),
        "param_conf.early_stopper": _always("EarlyStopping", otherwise="training.patience says when to stop"),
        "DualEncoderModel.name": _always("DualEncoderModel", otherwise="a dual encoder is what there is"),
        "DualEncoderModel.out_norm": _always("L2", otherwise="embeddings always have length 1"),
        "DualEncoderModel.audio_enc.name": _chosen(
            "models.audio.encoder",
            {"CNN14Encoder": "cnn14"},
            but="its front end is PANNs' own, which fits PANNs' weights; the prior work's, which does not, is "
            "models.audio.front_end=clotho-baseline",
            otherwise="CNN14Encoder is known; choose a models.audio.encoder",
        ),
        "DualEncoderModel.audio_enc.init": _chosen(
            "models.audio.weights",
            {"prior": "panns-cnn14"},
            otherwise="prior is known; models.audio.weights=random begins from nothing",
        ),
        "DualEncoderModel.audio_enc.weight": _dropped(
            "the prior work's copy of PANNs' weights, in a layout of its own that is not read; `auricle models fetch "
            "panns-cnn14` fetches them as published"
        ),
        "DualEncoderModel.audio_enc.trainable": _chosen(
            "models.audio.frozen",
            {True: False, False: True},
            otherwise="true and false are known; models.audio.frozen=false with models.audio.trainable_from_block "
            "trains the encoder from a block on",
        ),
        "DualEncoderModel.audio_enc.conv_fine_tune_from": _chosen(
            "models.audio.trainable_from_block",
            {name: block for block in range(1, 7) for name in (block, f"conv_block{block}")},
            but="what is before that block stays as it is, and all after it learns; there the loop that should do so "
            "kept the new last layer as it was drawn",
            implies=(("models.audio.frozen", False),),
            otherwise="1 to 6 and conv_block1 to conv_block6 are known; choose models.audio.trainable_from_block",
        ),
        "DualEncoderModel.audio_enc.conv_dropout": _renamed("models.audio.conv_dropout"),
        "DualEncoderModel.audio_enc.fc_dropout": _renamed(
            "models.audio.fc_dropout", but="after the fully connected layer, where it was before and after it"
        ),
        "DualEncoderModel.audio_enc.fc_units": _renamed("models.audio.hidden", but=_HIDDEN),
        "DualEncoderModel.audio_enc.out_dim": _renamed("models.dim"),
        "DualEncoderModel.text_enc.name": _chosen(
            "models.text.encoder",
            {"SentBERTBaseEncoder": "mpnet"},
            otherwise="SentBERTBaseEncoder is known; choose a models.text.encoder",
        ),
        "DualEncoderModel.text_enc.init": _always("prior", otherwise="a sentence encoder starts from its weights"),
        "DualEncoderModel.text_enc.fc_units": _renamed(
            "models.text.hidden", but=f"{_HIDDEN}; its dropout of 0.2 is models.text.dropout=0.2"
        ),
        "DualEncoderModel.text_enc.out_dim": _renamed("models.dim"),
        "criteria.infonce_loss.name": _always("LogSoftmaxLoss", otherwise="InfoNCE is what there is"),
        "criteria.infonce_loss.args.temperature": _renamed("training.temperature"),
        "criteria.infonce_loss.args.dist": _always(
            "dot_product", "cosine_similarity", otherwise="cosines are compared, which are dot products at length 1"
        ),
        "AdamOptimizer.name": _always("Adam", otherwise="Adam is what there is"),
        "AdamOptimizer.args.lr": _renamed("training.learning_rate"),
        "AdamOptimizer.args.weight_decay": _always(0, otherwise="there is no weight decay"),
        "ReduceLROnPlateau.name": _always("ReduceLROnPlateau", otherwise="choose a training.schedule"),
        "ReduceLROnPlateau.args.mode": _dropped("validation mAP@10 is watched, which should rise"),
        "ReduceLROnPlateau.args.factor": _renamed("training.plateau_factor"),
        "ReduceLROnPlateau.args.patience": _renamed("training.plateau_patience"),
        "ReduceLROnPlateau.args.threshold": _renamed("training.plateau_threshold", but=_OF_THE_MEASURE),
        "ReduceLROnPlateau.args.threshold_mode": _always("abs", otherwise="the threshold is a difference"),
        "ReduceLROnPlateau.args.min_lr": _renamed("training.min_learning_rate"),
        "ReduceLROnPlateau.args.verbose": _dropped("metrics.jsonl of a run has the learning rate of every epoch"),
        "EarlyStopping.name": _always("EarlyStopping", otherwise="training.patience says when to stop"),
        "EarlyStopping.args.patience": _renamed("training.patience"),
        "EarlyStopping.args.min_delta": _renamed("training.min_improvement", but=_OF_THE_MEASURE),
        "wandb_conf.project": _renamed("tracking.project", but="of use with tracking.to=[wandb] alone"),
    }
)
"""All keys of the prior work; where one is a section, the whole section has this outcome."""
