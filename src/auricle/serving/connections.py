"""What a connection may cost: a time for its request to arrive, and a place among a fixed number.

uvicorn bounds neither. Here a connection whose request (headers and body) has not arrived in time is closed; and when
there is one connection more than the number, that one goes which has kept the service waiting longest, be it for a
request, for the rest of one, or for its answer to be taken. So a thousand clients that send a byte now and then hold no
more than their share, and whoever sends a whole request is answered.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from auricle.serving.contract import Limits

_LINGER_S = 5.0
"""How long the rest of a request that was answered early is still taken, so that its sender gets to read the answer."""


class BoundedConnection(H11Protocol):
    """A connection to a client; `bounded` makes the class for a service.

    Attributes:
        limits: What one client can cost.
        waiting: The connections that keep the service waiting, the longest first.
    """

    limits: Limits
    waiting: "dict[BoundedConnection, None]"
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a client in, if need be in another's place."""
        super().connection_made(transport)
        self._look()
        if len(self.connections) > self.limits.connections:
            longest = next(iter(self.waiting))  # this one, where no other waits
            longest._no_longer_waiting()
            self.connections.discard(longest)  # now: the next client may come before the transport has ended
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a client."""
        self._no_longer_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Turn to the next request, or to the rest of one that was answered before it had arrived."""
        super().on_response_complete()
        self._no_longer_waiting()
        self._look()
        if self.conn.their_state is h11.SEND_BODY:
            self._wait(_LINGER_S)

    def pause_writing(self) -> None:
        """Note that the client does not take its answer: a player that is stopped, or one that holds on to a place."""
        super().pause_writing()
        self.waiting[self] = None

    def resume_writing(self) -> None:
        """Note that it does again."""
        super().resume_writing()
        if self._deadline is None:
            self.waiting.pop(self, None)

    def _look(self) -> None:
        """See whose turn it is: the service's from the end of a request to the end of its answer."""
        arrived = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        if arrived and self.cycle is not None and not self.cycle.response_complete:
            self._no_longer_waiting()
        elif self._deadline is None:
            self.waiting[self] = None
            self._wait(self.limits.request_s)

    def _wait(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _no_longer_waiting(self) -> None:
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded(limits: Limits) -> type[BoundedConnection]:
    """Return the class of one service's connections."""
    members: dict[str, Any] = {"limits": limits, "waiting": {}}
    return type("ServiceConnection", (BoundedConnection,), members)
