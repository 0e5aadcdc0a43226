"""The configuration section ``models``: two towers into one space."""

from pydantic import Field, model_validator

from auricle.config import Section


class AudioTowerConfig(Section):
    """How sounds are embedded.

    Attributes:
        encoder: A registered audio encoder: ``yamnet``, ``cnn14``, ``cnn10``.
        weights: What it starts from: a name of `auricle models list`, a checkpoint file, or ``random``; the encoder's
            published weights by default.
        front_end: What it hears; the front end it was trained with by default.
        frozen: Describe every sound once and train the head alone. Otherwise the encoder learns too.
        trainable_from_block: When not frozen: blocks before this one stay as they are, batch-norm statistics included.
            1 trains everything.
        conv_dropout: After every convolutional block of a CNN, when it learns.
        fc_units: Width of a CNN's fully connected layer; the published one by default (2048; of cnn10, 512).
        fc_dropout: After that layer, when it learns.
        hidden: Width of a hidden layer between encoder and space; none by default.
        dropout: After the hidden layer; without one, before the head.
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

    @model_validator(mode="after")
    def _frozen_has_no_trainable_block(self) -> "AudioTowerConfig":
        if self.frozen and self.trainable_from_block > 1:
            raise ValueError("trainable_from_block has no effect while frozen is true; set frozen to false")
        return self


class TextTowerConfig(Section):
    """How sentences are embedded.

    Attributes:
        encoder: ``minilm``, ``mpnet``, a sentence-transformers folder, or a name on the Hugging Face hub.
        frozen: Embed every caption once and train the head alone. Otherwise the encoder learns too.
        hidden: Width of a hidden layer between encoder and space; none by default.
        dropout: After the hidden layer; without one, before the head.
    """

    encoder: str = "minilm"
    frozen: bool = True
    hidden: int | None = Field(None, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)


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
