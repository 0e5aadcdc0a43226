"""Building an audio encoder by name and initialising it from pretrained weights, whole or in part."""

from auricle.encoders import contract
from auricle.encoders.clap import ClapAudio
from auricle.encoders.cnn import CNN10, CNN14
from auricle.encoders.contract import AudioEncoder
from auricle.encoders.yamnet import YAMNet
from auricle.registry import Registry

__all__ = ["AUDIO_ENCODERS", "AudioEncoder", "build_audio_encoder"]

AUDIO_ENCODERS: Registry[type[AudioEncoder]] = Registry("audio encoder")
"""All audio encoders by name."""

for _encoder in (ClapAudio, CNN10, CNN14, YAMNet):
    AUDIO_ENCODERS.add(_encoder.name, _encoder)


def build_audio_encoder(
    name: str,
    *,
    weights: str | None = None,
    pretrained: bool = True,
    train_from_block: int = 1,
    conv_dropout: float | None = None,
    fc_units: int | None = None,
    fc_dropout: float | None = None,
) -> AudioEncoder:
    """Return an audio encoder, initialised and frozen as asked.

    Args:
        name: In `AUDIO_ENCODERS`.
        weights: A name of the catalogue, a checkpoint file (safetensors or a pickle of tensors), or ``random``; by
            default the first of the encoder's own `AudioEncoder.weights`. For ``clap`` a folder or a name on the hub.
        pretrained: Fill it with the weights; false leaves it random, in the shape they need, for a checkpoint to fill.
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
    weights = weights or encoder_class.weights[0]
    given = {
        "shape_of": weights if weights != "random" else None,
        "conv_dropout": conv_dropout,
        "fc_units": fc_units,
        "fc_dropout": fc_dropout,
    }
    encoder = encoder_class(
        **{key: value for key, value in given.items() if key in encoder_class.settings and value is not None}
    )
    if pretrained and weights != "random":
        encoder.initialise(weights)
    contract.train_from_block(encoder, train_from_block)
    return encoder
