"""Caption -> sound.

For now this room holds `procedural`: sounds made by numpy recipes, and the embedded collection made from them.
"""
