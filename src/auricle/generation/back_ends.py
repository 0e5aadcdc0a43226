"""All back ends by name: those of auricle, and those that other packages bring.

A package brings one with an entry point of the group ``auricle.text_to_audio`` whose object is a `BackEnd`.
"""

from importlib import metadata

from auricle.errors import ConfigError
from auricle.generation.audiogen.back_end import AUDIOGEN
from auricle.generation.contract import BackEnd
from auricle.generation.diffusers_pipelines.back_end import DIFFUSERS
from auricle.generation.existing import FOLDER
from auricle.generation.ezaudio.back_end import EZAUDIO
from auricle.generation.mixture.back_end import MIXTURE
from auricle.generation.procedural.back_end import PROCEDURAL
from auricle.registry import Registry

GROUP = "auricle.text_to_audio"

BACK_ENDS: Registry[BackEnd] = Registry("back end")
"""The back ends of auricle."""

for _back_end in (PROCEDURAL, AUDIOGEN, EZAUDIO, DIFFUSERS, MIXTURE, FOLDER):
    BACK_ENDS.add(_back_end.name, _back_end)


def find_back_end(name: str) -> tuple[BackEnd, str]:
    """Return the back end of a name such as ``audiogen`` or ``diffusers:NAME``, and what stands behind the colon.

    Raises:
        ConfigError: If there is none, or it takes no argument or needs one.
    """
    known = all_back_ends()
    bare, colon, argument = name.partition(":")
    back_end = known.get(bare)
    if bool(back_end.argument) != bool(argument):
        wanted = f"{bare}:{back_end.argument}" if back_end.argument else bare
        raise ConfigError(f"{name!r} is not how the back end is written; {wanted} is.")
    return back_end, argument if colon else ""


def all_back_ends() -> Registry[BackEnd]:
    """Return the back ends of auricle and of all installed packages.

    Raises:
        ConfigError: If an entry point cannot be loaded or gives something else; its package is named.
    """
    found: Registry[BackEnd] = Registry(BACK_ENDS.kind)
    for name in BACK_ENDS:
        found.add(name, BACK_ENDS.get(name))
    for entry in metadata.entry_points(group=GROUP):
        where = f"The entry point {entry.name!r} of {entry.dist.name if entry.dist else 'a package'}"
        try:
            back_end = entry.load()
        except Exception as error:
            raise ConfigError(f"{where} cannot be loaded: {error}. Repair or remove that package.") from error
        if not isinstance(back_end, BackEnd):
            raise ConfigError(f"{where} gives {type(back_end).__name__}; a BackEnd is needed. Remove that package.")
        if entry.name in found:
            raise ConfigError(f"{where} has the name of another back end. Remove that package.")
        found.add(entry.name, back_end)
    return found
