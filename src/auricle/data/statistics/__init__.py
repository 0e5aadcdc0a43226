"""Know the data: what a collection holds, said in numbers, tables and pictures.

Before anything is learned from a collection: how many clips and captions there are, how long they are, which words are
used, and what would spoil an experiment. ::

    facts             the values: of one clip, of one split, of the whole
    counting          from clips to facts
    tagging           parts of speech, if a tagger is installed
    tables            the facts for a terminal
    jsonable          the facts for a machine
    pictures          the facts for a report
    runner            from a folder to facts

Conventions: words are those of `auricle.data.words`, and two captions are the same if their words are, whatever their
case and punctuation. What is not known is None or absent, never 0: a folder that holds Clotho's caption files alone is
described too, without anything about sounds.

Two captions that are the same are false negatives when their clips share a batch. In Clotho's development split 16 of
them occur on several clips, 33 times, so 17 of its 19,195 captions repeat one of another clip. Taken exactly as they
are written, the numbers are the same; between the splits they are not (14 captions instead of 17).

A leak is something that two splits share and that lets a model be tested on what it was trained on: a recording of
Freesound, a sound file, a caption. A file name in two splits is none; Clotho has four.
"""

from auricle.data.statistics.counting import count
from auricle.data.statistics.facts import ClipFacts, Leaks, Overlap, Shared, SplitFacts, Spread, Statistics
from auricle.data.statistics.jsonable import to_json
from auricle.data.statistics.pictures import draw
from auricle.data.statistics.runner import describe
from auricle.data.statistics.tables import tables

__all__ = [
    "ClipFacts",
    "Leaks",
    "Overlap",
    "Shared",
    "SplitFacts",
    "Spread",
    "Statistics",
    "count",
    "describe",
    "draw",
    "tables",
    "to_json",
]
