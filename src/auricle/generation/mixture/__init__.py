"""Two originals as one: a sound laid under another, and their captions joined.

The control for synthetic audio. A copy of a clip is the clip with a stranger in it, and is called by the captions of
both; it costs no model and holds no sound that is not in the collection. What the copies of a generator are worth
beyond these is the generator's own.

::

    captions    two captions as one sentence
    sounds      one sound laid under another, at a level and a place
    back_end    which stranger, how loud, where: drawn from the seed of the copy

AudioGen is trained on pairs that are mixed like this: F. Kreuk et al., AudioGen: Textually Guided Audio Generation,
ICLR 2023.
"""
