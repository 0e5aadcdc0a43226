"""Caption -> sound.

::

    contract      what a back end is: captions, lengths and seeds in, sounds out
    back_ends     all of them by name; others come in through entry points
    procedural, audiogen, ezaudio, diffusers_pipelines, mixture, existing    the back ends
    worker        a back end in a process and an interpreter of its own
    jobs          which clips there are to be
    sources       a back end, clips that are there already, or originals, as what makes jobs
    finishing     one rate and loudness for all; what is unusable
    output        the folder, its manifest, what is there already
    run           from a collection to folders of clips
    testing       the contract as a check

A clip depends on its caption, its length, its seed and the parameters of the back end, on nothing else. The folder of
a run is a collection, whose clips name their parents.
"""

from auricle.generation.back_ends import all_back_ends, find_back_end
from auricle.generation.contract import About, Augmentation, BackEnd, Made, NamedClips, Original, TextToAudio
from auricle.generation.filling import Generated
from auricle.generation.output import Shard
from auricle.generation.run import generate, options_from
from auricle.generation.settings import GenerationConfig

__all__ = [
    "About",
    "Augmentation",
    "BackEnd",
    "Generated",
    "GenerationConfig",
    "Made",
    "NamedClips",
    "Original",
    "Shard",
    "TextToAudio",
    "all_back_ends",
    "find_back_end",
    "generate",
    "options_from",
]
