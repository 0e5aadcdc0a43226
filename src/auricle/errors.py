"""Every error auricle raises on purpose, in one tree.

::

    AuricleError           something a person can mend; its message is one sentence or two
    ├── ConfigError        a setting or an argument is wrong (exit status 2)
    ├── DataError          a collection, a caption file or a relevance file is wrong
    ├── AudioError         one sound cannot be used
    ├── ModelError         weights or a checkpoint cannot be used
    ├── GenerationError    a caption cannot become a sound
    │   └── BackEndError   nor can any other: what makes sounds cannot be started
    ├── DownloadError      a file cannot be had from where it is published
    └── StorageError       a folder cannot be written: full, read-only or in use

A message says what was wanted, what came, and what to do. Everything else that is raised (``ValueError`` for a
wrong argument of a library function, ``TypeError``) is a fault of the calling code.
"""


class AuricleError(Exception):
    """Root of all errors that a person using auricle can mend."""


class ConfigError(AuricleError):
    """A setting, a name or an argument does not exist or has an impossible value."""


class DataError(AuricleError):
    """A collection, a caption file or a relevance file does not say what is needed."""


class AudioError(AuricleError):
    """One sound cannot be used: missing, empty, not audio, truncated or not finite."""


class ModelError(AuricleError):
    """Weights or a checkpoint are missing, damaged or made for something else."""


class GenerationError(AuricleError):
    """A caption cannot become a sound; another may."""


class BackEndError(GenerationError):
    """A back end that makes sounds cannot be started, or not any more: no caption can become a sound."""


class DownloadError(AuricleError):
    """A file cannot be had: the network fails, the server does not have it, or it is not what was published."""


class StorageError(AuricleError):
    """A folder cannot be written: the disk is full, the folder read-only or another process holds it."""
