"""Two captions as one sentence.

"And" can stand between any two of Clotho's captions, be they sentences or phrases without a verb; "while" cannot stand
before "While a dog barks, it rains". Words are left as they are, but for the first letter of the second caption.
"""

import re

_MARKS_BEHIND = re.compile(r"[\s.,;:!?…。，、；：！？।۔،؟]+$")
_BREAKS_BEHIND = re.compile(r"[\s,;:，、；：،]+$")
_ENDED = re.compile(r"[.!?…。！？।۔؟][\"'”’»」)]*$")
_LETTERS = re.compile(r"[^\W\d_]+")


def join_captions(first: str, second: str, *, conjunction: str = "and") -> str:
    """Return two captions as one sentence.

    The marks at the end of the first are left out. The second keeps its own, and gets a full stop if it has none. It
    begins in lower case, unless it begins with "I", with letters of which a later one is a capital, as in TV, with
    something else than a letter, or is written in capitals throughout. A name loses its capital there; no caption of
    Clotho's development begins with one.

    Args:
        first: With words.
        second: With words.
        conjunction: What stands between them, behind a comma.

    Example:
        >>> join_captions("A dog barks.", "Rain falls on a roof")
        'A dog barks, and rain falls on a roof.'
        >>> join_captions("rain", "TV static is heard!", conjunction="while")
        'rain, while TV static is heard!'
    """
    begun = _MARKS_BEHIND.sub("", first.strip())
    rest = _in_mid_sentence(_BREAKS_BEHIND.sub("", second.strip()))
    return f"{begun}, {conjunction} {rest}{'' if _ENDED.search(rest) else '.'}"


def _in_mid_sentence(caption: str) -> str:
    word = _LETTERS.match(caption)
    if word is None or caption.isupper():
        return caption
    ordinary = word[0] == "A" or word[0][1:].islower()
    return caption[0].lower() + caption[1:] if ordinary else caption
