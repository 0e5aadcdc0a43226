"""A caption as plain words, for counting and for systems that take no punctuation.

Lower case, single spaces, letters and digits of any script. An apostrophe joins (``doesn't`` is one word,
``doesnt``); every other sign separates (``walkie-talkie`` is two).
"""

import unicodedata

_APOSTROPHES = frozenset("'’ʼ")


def plain(caption: str) -> str:
    """Return a caption in lower case, without punctuation and with single spaces.

    Example:
        >>> plain(" Somebody's walkie-talkie,  then a café... ")
        'somebodys walkie talkie then a café'
    """
    kept = "".join(
        character if unicodedata.category(character)[0] in "LMN" else " "
        for character in caption.lower()
        if character not in _APOSTROPHES
    )
    return " ".join(kept.split())


def words(caption: str) -> list[str]:
    """Return the plain words of a caption.

    Example:
        >>> words("A dog barks.")
        ['a', 'dog', 'barks']
    """
    return plain(caption).split()
