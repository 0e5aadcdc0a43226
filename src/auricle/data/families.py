"""Which sounds are heard in a clip, and so which clips belong together.

A clip may be made from another (its parent), and may have another mixed into it (`mixed_with`); those may have been
made themselves. What it comes from in the end are its founders: an original is its own. Clips with a founder in common
sound alike in part: a caption of the one is no proof that the other is wrong.
"""

from collections.abc import Mapping


def founders(made_from: Mapping[str, tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return the sounds that each clip comes from in the end, at least one.

    Args:
        made_from: Clip -> its parent and what it is mixed with, each empty if there is none. They need not be clips of
            the mapping themselves; what is made from such a one has it as its founder.

    Example:
        >>> clips = {"rain": ("", ""), "dog": ("", ""), "copy": ("rain", ""), "both": ("copy", "dog")}
        >>> {clip: sorted(found) for clip, found in founders(clips).items()}
        {'rain': ['rain'], 'dog': ['dog'], 'copy': ['rain'], 'both': ['dog', 'rain']}
    """
    return {clip: _founders_of(clip, made_from) for clip in made_from}


def _founders_of(clip: str, made_from: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    found: set[str] = set()
    seen: set[str] = set()
    todo = [clip]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        parent, mixed_with = made_from.get(name, ("", ""))
        todo += filter(None, (parent, mixed_with))
        if parent in ("", name):
            found.add(name)
    return frozenset(found or {min(seen)})  # a circle makes no sense, but it must end
