"""What the service says of itself to Prometheus: requests, gates, the index, the process.

====================================  ==============================================================================
``auricle_requests_total``            answers, by route and status
``auricle_request_seconds``           how long they took, a histogram by route
``auricle_waiting``                   who waits for a turn now, by gate
``auricle_refused_total``             who was sent away because there was none, or no answer, in time, by gate
``auricle_index_ready``               whether the index can be read, 0 or 1
``auricle_index_files``, ``_windows``  what it held when it was last read
``auricle_index_version``             the number of that state
``auricle_index_read_timestamp_seconds``  when that was
``process_...``                       memory, processor time, open files
====================================  ==============================================================================

A route is the template of an address (``/sounds/{window}``), never an address that somebody asked for: no word of a
client is a label. Every application has a registry of its own.
"""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fastapi import Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auricle.serving.gate import Gate
from auricle.serving.health import Health

if TYPE_CHECKING:
    from starlette.routing import Route

METRICS = "/metrics"

ELSEWHERE = "(none)"
"""The route of what was refused before it had one, and of addresses that are none."""

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What is counted of one application.

    Args:
        gates: By name.
        health: Of the index.
    """

    def __init__(self, gates: Mapping[str, Gate], health: Health) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._health = health
        self.requests = Counter("auricle_requests", "Answers.", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "auricle_request_seconds", "How long they took.", ["route"], buckets=_BUCKETS_S, registry=self.registry
        )
        self.registry.register(_Present(gates, health))
        ProcessCollector(registry=self.registry)

    async def answer(self) -> Response:
        """Return everything in Prometheus's text format."""
        await self._health.look()
        return Response(generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Present(Collector):
    """What is true at the moment of asking."""

    def __init__(self, gates: Mapping[str, Gate], health: Health) -> None:
        self._gates = gates
        self._health = health

    def collect(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("auricle_waiting", "Who waits for a turn.", labels=["gate"])
        refused = CounterMetricFamily("auricle_refused", "Who was sent away.", labels=["gate"])
        for name, gate in self._gates.items():
            waiting.add_metric([name], gate.waiting)
            refused.add_metric([name], gate.refused)
        yield from (waiting, refused)
        health, facts = self._health, self._health.facts
        values = {"ready": ("Whether the index can be read.", float(health.ready))}
        if facts is not None:
            values |= {
                "files": ("Files of the index.", facts.files),
                "windows": ("Windows of the index.", facts.windows),
                "version": ("Number of the state of the index.", facts.version),
                "read_timestamp_seconds": ("When the index was last read.", health.read_at),
            }
        for name, (meaning, value) in values.items():
            yield GaugeMetricFamily(f"auricle_index_{name}", meaning, value=value)


class Measured:
    """Middleware that counts and times every answer, refusals included."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and note what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = _route(scope)
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)


def _route(scope: Scope) -> str:
    """Return the template of the address that was found for a request."""
    found: Route | None = scope.get("route")
    return ELSEWHERE if found is None else found.path
