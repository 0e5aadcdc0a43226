"""Sounds from numpy recipes, scenes of one to three of them, and captions that tell what was varied.

::

    synthesis    what recipes are made of: noise, envelopes, grains, tones
    kind         a kind of sound: its words and its recipe
    weather, animals, machines, objects, people    the recipes
    sounds       the registry of all kinds, and which of them a text names
    scenes       one to three kinds, arranged and rendered
    captions     five sentences for a scene
    collection   the embedded collection, on disk

The embedded collection lets a stranger without data train and evaluate; it stands for no real recordings, and a score
on it says only that the pipeline works.
"""
