"""What can already listen and read: pretrained networks, where they come from, under which licence.

Conventions: an audio encoder takes log-mel features (batch, frames, mels) and how many frames of each clip are real,
never waveforms; of the front end that makes such features only the name is known here. A sentence encoder takes
strings. Both answer with float32 embeddings (batch, dim).

The catalogue says what exists, the module `fetch` brings it into the cache, `build_audio_encoder` and
`build_sentence_encoder` bring it to life. Importing this package loads neither torch nor any network: those two come
on first use.
"""

from typing import TYPE_CHECKING

from auricle.encoders.catalogue import CATALOGUE, PretrainedModel

if TYPE_CHECKING:
    from auricle.encoders.audio import AUDIO_ENCODERS, build_audio_encoder
    from auricle.encoders.contract import AudioEncoder
    from auricle.encoders.sentences import SentenceEncoder, build_sentence_encoder

__all__ = [
    "AUDIO_ENCODERS",
    "CATALOGUE",
    "AudioEncoder",
    "PretrainedModel",
    "SentenceEncoder",
    "build_audio_encoder",
    "build_sentence_encoder",
]


def __getattr__(name: str) -> object:
    if name in {"AUDIO_ENCODERS", "AudioEncoder", "build_audio_encoder"}:
        from auricle.encoders import audio  # here, because torch takes seconds to import

        return vars(audio)[name]
    if name in {"SentenceEncoder", "build_sentence_encoder"}:
        from auricle.encoders import sentences

        return vars(sentences)[name]
    raise AttributeError(f"module 'auricle.encoders' has no attribute {name!r}")
