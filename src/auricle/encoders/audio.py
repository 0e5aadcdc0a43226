"""Building an audio encoder by name and initialising it from pretrained weights, whole or in part."""

from pathlib import Path

from auricle.encoders import contract
from auricle.encoders.cache import WEIGHTS, locate
from auricle.encoders.catalogue import CATALOGUE
from auricle.encoders.checkpoints import load_strictly, read_weights
from auricle.encoders.cnn import AISFX_BLOCKS, CNN10, CNN14
from auricle.encoders.contract import AudioEncoder, Origin
from auricle.encoders.yamnet import YAMNet
from auricle.errors import ConfigError
from auricle.registry import Registry, did_you_mean

__all__ = ["AUDIO_ENCODERS", "AudioEncoder", "build_audio_encoder"]

AUDIO_ENCODERS: Registry[type[AudioEncoder]] = Registry("audio encoder")
"""All audio encoders by name."""

for _encoder in (CNN10, CNN14, YAMNet):
    AUDIO_ENCODERS.add(_encoder.name, _encoder)

_PARTIAL = {"aisfx": AISFX_BLOCKS}
"""Weights of the catalogue that fill only a part of an encoder, and which."""


def build_audio_encoder(
    name: str,
    *,
    weights: str | None = None,
    train_from_block: int = 1,
    conv_dropout: float | None = None,
    fc_units: int | None = None,
    fc_dropout: float | None = None,
) -> AudioEncoder:
    """Return an audio encoder, initialised and frozen as asked.

    Args:
        name: In `AUDIO_ENCODERS`.
        weights: A name of the catalogue, a checkpoint file (safetensors or a pickle of tensors), or ``random``; by
            default the first of the encoder's own `AudioEncoder.weights`.
        train_from_block: Blocks before this one are frozen; see `contract.train_from_block`.
        conv_dropout: After every block of a CNN; an encoder without it leaves it aside, as it does the next two.
        fc_units: Width of a CNN's last layer; another than PANNs' own cannot take PANNs' weights.
        fc_dropout: After that layer.

    Raises:
        ConfigError: If a name or block does not exist, or the weights are not for this encoder.
        ModelError: If the weights are not in the cache, cannot be read or do not fit.

    Example:
        >>> encoder = build_audio_encoder("cnn10", weights="random", fc_units=256)
        >>> encoder.dim, encoder.front_end, encoder.origin.weights
        (256, 'panns', 'random')
    """
    encoder_class = AUDIO_ENCODERS.get(name)
    given = {"conv_dropout": conv_dropout, "fc_units": fc_units, "fc_dropout": fc_dropout}
    encoder = encoder_class(
        **{key: value for key, value in given.items() if key in encoder_class.settings and value is not None}
    )
    if weights != "random":
        _initialise(encoder, weights or encoder.weights[0])
    contract.train_from_block(encoder, train_from_block)
    return encoder


def _initialise(encoder: AudioEncoder, weights: str) -> None:
    """Fill `encoder` from the catalogue or a file and note where the weights came from."""
    path = Path(weights).expanduser()
    only: tuple[str, ...] = ()
    if weights in encoder.weights:
        model = CATALOGUE.get(weights)
        path, licence, source = locate(weights) / WEIGHTS, model.licence, model.source
        only = _PARTIAL.get(weights, ())
    elif weights in CATALOGUE or not (path.suffix or path.exists()):
        known = [*encoder.weights, "random"]
        raise ConfigError(
            f"{encoder.name} cannot start from {weights!r}.{did_you_mean(weights, known)} "
            f"Known: {', '.join(known)}, or the path of a checkpoint file."
        )
    else:
        weights, licence, source = path.name, None, None
    load_strictly(encoder, encoder.adopt(read_weights(path)), source=weights, only=only)
    parts = [part for part, module in encoder.named_children() if module.state_dict()]
    filled = only or tuple(parts)
    encoder.origin = Origin(weights, licence, source, filled, tuple(part for part in parts if part not in filled))
