"""The configuration section ``models``: two towers into one space."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from auricle.config import Section
from auricle.encoders import CATALOGUE


def _check_head(initial: str, hidden: int | None) -> None:
    if initial == "identity" and hidden:
        raise ValueError("initial_head is identity, which a head with a hidden layer cannot be; leave hidden out")


def _absolute(name: str) -> str:
    """Return the absolute path of a file or folder that is called so; another name as it is."""
    path = Path(name).expanduser()
    return str(path.absolute()) if name not in (*CATALOGUE, "random") and path.exists() else name


class AudioTowerConfig(Section):
    """How sounds are embedded.

    Attributes:
        encoder: A registered audio encoder: ``yamnet``, ``cnn14``, ``cnn10``, ``clap``.
        weights: What it starts from: a name of `auricle models list`, a checkpoint file, or ``random``; for ``clap`` a
            folder, or a name on the Hugging Face hub; the encoder's published weights by default.
        front_end: What it hears; the front end it was trained with by default.
        frozen: Describe every sound once and train the head alone. Otherwise the encoder learns too.
        trainable_from_block: When not frozen: blocks before this one stay as they are, batch-norm statistics included.
            1 trains everything. The blocks of ``clap`` are the stages of its transformer.
        conv_dropout: After every convolutional block of a CNN, when it learns.
        fc_units: Width of a CNN's fully connected layer; the published one by default (2048; of cnn10, 512).
        fc_dropout: After that layer, when it learns.
        hidden: Width of a hidden layer between encoder and space; none by default.
        dropout: After the hidden layer; without one, before the head.
        initial_head: ``random``, or ``identity``: the space is the encoder's own at first, as both towers of one CLAP
            have it in common. It needs `dim` to be the encoder's, and no hidden layer.
    """

    encoder: str = "yamnet"
    weights: str | None = None
    front_end: str | None = None
    frozen: bool = True
    trainable_from_block: int = Field(1, ge=1)
    conv_dropout: float = Field(0.2, ge=0, lt=1)
    fc_units: int | None = Field(None, ge=1)
    fc_dropout: float = Field(0.5, ge=0, lt=1)
    hidden: int | None = Field(None, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    initial_head: Literal["random", "identity"] = "random"

    @model_validator(mode="after")
    def _identity_has_one_layer(self) -> Self:
        _check_head(self.initial_head, self.hidden)
        return self

    @model_validator(mode="after")
    def _frozen_has_no_trainable_block(self) -> Self:
        if self.frozen and self.trainable_from_block > 1:
            raise ValueError("trainable_from_block has no effect while frozen is true; set frozen to false")
        return self


class TextTowerConfig(Section):
    """How sentences are embedded.

    Attributes:
        encoder: ``minilm``, ``mpnet``, a sentence-transformers folder, or a name on the Hugging Face hub; for a CLAP
            ``clap:NAME_OR_FOLDER``, or ``clap`` for the one that the audio tower starts from by default.
        frozen: Embed every caption once and train the head alone. Otherwise the encoder learns too.
        hidden: Width of a hidden layer between encoder and space; none by default.
        dropout: After the hidden layer; without one, before the head.
        initial_head: ``random``, or ``identity``: the space is the encoder's own at first, as both towers of one CLAP
            have it in common. It needs `dim` to be the encoder's, and no hidden layer.
    """

    encoder: str = "minilm"
    frozen: bool = True
    hidden: int | None = Field(None, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    initial_head: Literal["random", "identity"] = "random"

    @model_validator(mode="after")
    def _identity_has_one_layer(self) -> Self:
        _check_head(self.initial_head, self.hidden)
        return self


class ModelsConfig(Section):
    """The dual encoder.

    Attributes:
        dim: Dimensions of the shared space.
        audio: The audio tower.
        text: The text tower.
    """

    dim: int = Field(300, ge=1)
    audio: AudioTowerConfig = AudioTowerConfig()
    text: TextTowerConfig = TextTowerConfig()

    def with_absolute_paths(self) -> Self:
        """Return the same section for whoever reads it in another working folder."""
        encoder = self.text.encoder
        if encoder != "clap":  # which is never a folder of that name
            before, prefix, place = encoder.rpartition("clap:")
            encoder = f"{before}{prefix}{_absolute(place)}"
        weights = self.audio.weights and _absolute(self.audio.weights)
        return self.model_copy(
            update={
                "audio": self.audio.model_copy(update={"weights": weights}),
                "text": self.text.model_copy(update={"encoder": encoder}),
            }
        )
