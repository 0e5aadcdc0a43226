"""All kinds of sound by name, and which of them a text names."""

import re

from auricle.generation.procedural.animals import ANIMALS
from auricle.generation.procedural.kind import Kind
from auricle.generation.procedural.machines import MACHINES
from auricle.generation.procedural.objects import OBJECTS
from auricle.generation.procedural.people import PEOPLE
from auricle.generation.procedural.weather import WEATHER
from auricle.registry import Registry

KINDS: Registry[Kind] = Registry("kind of sound")
for _kind in (*WEATHER, *ANIMALS, *MACHINES, *OBJECTS, *PEOPLE):
    KINDS.add(_kind.name, _kind)

_NAMED_BY = {word: name for name in KINDS for word in KINDS.get(name).words}


def kinds_in(text: str) -> list[str]:
    """Return the kinds of sound that a text names, each once, in the order in which they appear.

    Example:
        >>> kinds_in("A dog barks in the rain, then the dog stops and a bell tolls.")
        ['dog', 'rain', 'bell']
    """
    words = re.findall(r"[a-z]+", text.lower())
    return list(dict.fromkeys(_NAMED_BY[word] for word in words if word in _NAMED_BY))
