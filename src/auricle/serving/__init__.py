"""serving: an index on an address, as a page to type, listen and refine, and as an API.

The question this room answers: *how does somebody without Python use an index?* `serve` runs until it is stopped;
`make_app` is the same as an ASGI application; `Service` is for who starts and stops it from a program. Anything that
keeps `Searchable` can be served. Nothing here knows a model or a store, and nothing asks another host for anything.

What a client says never becomes a path: it names windows, and `Searchable.locate` says where their sounds are.
"""

from auricle.serving.app import make_app
from auricle.serving.contract import Limits, Searchable
from auricle.serving.running import Service, serve

__all__ = ["Limits", "Searchable", "Service", "make_app", "serve"]
