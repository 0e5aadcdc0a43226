"""The application: what answers each address, what guards all of them, and how faults are told."""

import hashlib
import traceback
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from auricle import __version__, pages, progress
from auricle.errors import AuricleError
from auricle.serving import api, page, sounds
from auricle.serving.contract import Limits, Searchable
from auricle.serving.faults import status_of
from auricle.serving.gate import BusyError, Gate
from auricle.serving.guard import HEALTH, OPEN, TOKEN, Guard, path_inside
from auricle.serving.health import Health
from auricle.serving.metrics import METRICS, Measured, Metrics

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine for itself."""

_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI could be told by the environment to report requests somewhere."""

_STATIC = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def make_app(
    index: Searchable,
    *,
    token: str | None = None,
    hosts: Collection[str] = LOCAL_NAMES,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> FastAPI:
    """Return the service of an index as an ASGI application.

    How many connections there are, and how long they may take, is not bounded here but by `auricle.serving.running`.

    Args:
        index: What is searched.
        token: What a client must know; None if nothing.
        hosts: Names under which the service may be asked where there is no token, in lower case.
        limits: What one client can cost.
    """
    app = FastAPI(
        title="auricle",
        version=__version__,
        summary="Sounds by description.",
        docs_url=None,  # that page would load scripts from elsewhere
        redoc_url=None,
        telemetry=_TELEMETRY,
    )
    searching = Gate(limits.searches, wait_s=limits.wait_s, answer_s=limits.answer_s)
    uploading = Gate(limits.uploads, wait_s=limits.wait_s, answer_s=limits.answer_s)
    decoding = Gate(limits.decodings, wait_s=limits.answer_s, answer_s=limits.answer_s)  # a page asks for many at once
    health = Health(index)
    metrics = Metrics({"search": searching, "upload": uploading, "decoding": decoding}, health)
    app.include_router(page.routes(index, limits, searching, uploading))
    app.include_router(api.routes(index, limits, searching, uploading))
    app.include_router(sounds.routes(index, limits, decoding))

    @app.get(HEALTH)
    async def healthy() -> Response:
        """Say whether questions are answered: 200, or 503 where the index cannot be read."""
        ready = await health.look()
        return api.as_json({"status": "ok" if ready else "not ready"}, 200 if ready else 503)

    @app.get(METRICS, include_in_schema=False)
    async def measured() -> Response:
        return await metrics.answer()

    @app.get(OPEN + "{name}", include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, "There is no such page.")
        content, version = _content(name)
        headers = {"ETag": version, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == version:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=_STATIC[name], headers=headers)

    for fault in (AuricleError, BusyError, HTTPException, RequestValidationError):
        app.add_exception_handler(fault, _told)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(Guard, refuse=_refuse, token=token, hosts=hosts, limits=limits)
    app.add_middleware(Measured, metrics=metrics)
    return app


@cache
def _content(name: str) -> tuple[bytes, str]:
    """Return a file of the page and its version; the style begins with what all pages of auricle share."""
    content = (files("auricle.serving") / "static" / name).read_bytes()
    if name.endswith(".css"):
        content = pages.STYLE.encode() + content
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def _refuse(request: Request, status: int, sentence: str) -> Response:
    """Return a page to a browser that opens one, JSON to all others."""
    wants_page = path_inside(request.scope) in ("/", TOKEN) or "text/html" in request.headers.get("accept", "")
    return page.refusal(request, status, sentence) if wants_page else api.as_json({"error": sentence}, status)


def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, AuricleError):
        return _refuse(request, status_of(error), str(error))
    if isinstance(error, BusyError):
        answer = _refuse(request, 503, str(error))
        answer.headers["Retry-After"] = "1"
        return answer
    if isinstance(error, HTTPException):
        words = {404: "There is no such page.", 405: "This address is asked in another way."}
        said = error.detail if error.detail.endswith(".") else words.get(error.status_code, f"{error.detail}.")
        return _refuse(request, error.status_code, said)
    (first, *_) = cast("RequestValidationError", error).errors()
    return _refuse(request, 400, api.sentence_of(first))


def _gone(_: Request, __: Exception) -> Response:
    """Return what nobody gets any more: the client has left while it was sending."""
    return Response(status_code=400)


def _bug(request: Request, error: Exception) -> Response:
    progress.say("".join(traceback.format_exception(error)).rstrip())
    return _refuse(request, 500, "This is a fault of the service; its terminal shows more.")
