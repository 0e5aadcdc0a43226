"""features: frozen descriptions of sounds and sentences, computed once and kept.

The question this room answers: *what does a network hear or read, before anything is learned?* It reads a collection
and writes feature stores: log-mel spectrograms (`frontends`), pooled embeddings of a network (`sounds`), sentence
embeddings (`sentences`), through one contract (`description`) into one kind of store (`store`). `hdf5` exchanges
log-mels with the prior work.
"""

from auricle.features.description import Description, Unusable, compute, open_store
from auricle.features.frontends import FRONT_ENDS, FrontEnd
from auricle.features.runner import describe_captions, describe_clips, folders_of
from auricle.features.sentences import SentenceEmbeddings
from auricle.features.settings import FeaturesConfig
from auricle.features.sounds import AudioEmbeddings, LogMelSpectrograms, pad_batch, padded_batches
from auricle.features.store import FeatureStore

__all__ = [
    "FRONT_ENDS",
    "AudioEmbeddings",
    "Description",
    "FeatureStore",
    "FeaturesConfig",
    "FrontEnd",
    "LogMelSpectrograms",
    "SentenceEmbeddings",
    "Unusable",
    "compute",
    "describe_captions",
    "describe_clips",
    "folders_of",
    "open_store",
    "pad_batch",
    "padded_batches",
]
