"""Whether the service can answer: for whoever sends it questions, and for whoever watches it.

The index is looked at in a thread of its own, at most once a second however often somebody asks, and nobody waits long
for it: a store that does not answer makes the service not ready, and holds up no question.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from auricle.serving.contract import Searchable
from auricle.serving.gate import Gate

if TYPE_CHECKING:
    from auricle.search import IndexFacts

_LOOK_S = 1.0
_ANSWER_S = 5.0


class Health:
    """What was seen of an index when it was last looked at.

    Args:
        index: Which.

    Attributes:
        ready: Whether it could be read.
        facts: What it held when it could last be read; None before.
        read_at: When that was, in seconds since 1970.
    """

    def __init__(self, index: Searchable) -> None:
        self.ready = False
        self.facts: IndexFacts | None = None
        self.read_at = 0.0
        self._index = index
        self._gate = Gate(1, wait_s=_ANSWER_S, answer_s=_ANSWER_S)
        self._looking = asyncio.Lock()
        self._looked = float("-inf")

    async def look(self) -> bool:
        """Return whether the index can be read."""
        async with self._looking:
            if time.monotonic() - self._looked < _LOOK_S:
                return self.ready
            try:
                self.facts = await self._gate.run(self._index.facts)
                self.ready, self.read_at = True, time.time()
            except Exception:  # whatever it is, questions would not be answered
                self.ready = False
            self._looked = time.monotonic()
            return self.ready
