"""Words that are written twice in a row: a slip, or meant?

Three answers, in this order. On the list of what is meant (sounds, calls, emphasis: ``tick tick``, ``very very``)
both stay. On the list of slips (seen in Clotho: ``turns turns``), or a function word, which English hardly ever
doubles (``the the``, ``and and``), one stays: the first, so the capital of a sentence's first word too. Any other
pair stays, for a content word can be doubled for many reasons, and is pointed out to whoever curates.
"""

import re
from collections.abc import Iterator

from auricle.data.function_words import FUNCTION_WORDS

MEANT = frozenset(
    """
    baa bang bark beep bing blah boing bong boom brr buzz bye caw cheep chirp choo chop chug clack clang clank clap
    clatter click clink clip clop cluck clunk coo crackle creak crunch cuckoo ding dong drip drop drum far flap gobble
    go gong growl ha hee hello hey hiss ho honk hoot howl hum hush jingle knock la long many meow moo more much na
    neigh night no oink ow pat patter ping pitter plop plunk pong pop purr quack rain rap rattle really ribbit ring
    roar round rumble rustle scrape shh so splash splat squeak swish swoosh tap thud thump tick ting tock toot tut
    tweet very vroom way whack wham whir whoop whoosh woof wow yeah yes zap zip zoom
    """.split()
)
"""Sounds, calls and emphasis: doubled on purpose."""

SLIPS = frozenset({"busy", "turns"})
"""Content words whose pair is a slip, as seen in Clotho."""

MAY_FOLLOW_ITSELF = frozenset(
    """
    about again all along also another any around away before below both can did do does doing done down each every
    few had her here his is just like many may might more most much must no not one other others out over own same
    several so some such that there those through too up very will yet you your
    """.split()
)
"""Function words that sentences double: ``that that``, ``had had``, ``what it is is``, ``over over``, ``so so``."""

_PAIR = re.compile(r"(?<![\w'’-])([^\W\d_]+)(?:\s+\1)+(?![\w'’-])", re.IGNORECASE)


def reduce_doubled(caption: str) -> str:
    """Return a caption with every slip written once.

    Example:
        >>> reduce_doubled("A a dog runs on on the the grass and goes woof woof.")
        'A dog runs on the grass and goes woof woof.'
    """
    return _PAIR.sub(lambda pair: pair[1] if _is_slip(pair[1]) else pair[0], caption)


def undecided(caption: str) -> Iterator[str]:
    """Yield the pairs that stay because no list knows them.

    Example:
        >>> list(undecided("A shaking shaking bus goes beep beep."))
        ['shaking shaking']
    """
    for pair in _PAIR.finditer(caption):
        if not _is_slip(pair[1]) and pair[1].lower() not in MEANT:
            yield pair[0]


def _is_slip(word: str) -> bool:
    return word.lower() in SLIPS or word.lower() in FUNCTION_WORDS - MAY_FOLLOW_ITSELF
