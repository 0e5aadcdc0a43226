"""Who may ask, from where, and how much: what every request passes before anything else looks at it.

==================  ==========================================================================================
``Host``            where there is no token, only names of this machine: a page elsewhere that points its own
                    name at 127.0.0.1 is refused
``Origin``          what is sent (POST) comes from a page of this service, or from no page at all
``Sec-Fetch-Site``  what another site's page embeds or fetches is refused; a link to a page of this one is not
token               ``Authorization: Bearer``, or ``?token=`` once: it becomes a cookie that scripts cannot read
                    and other sites cannot send
body                its size, announced or not
==================  ==========================================================================================

Every answer says that a browser may load nothing from elsewhere, be framed by nobody, guess no type and tell no one
where it came from.
"""

import hmac
from collections.abc import Callable, Collection
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auricle.serving.contract import Limits

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a form's Origin would be null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

OPEN = "/static/"
"""Below this, and for `HEALTH`, no token is needed: it is the same for everyone."""

HEALTH = "/healthz"
TOKEN = "/token"
"""Where the page's form sends a token to."""

_FORM_BYTES = 4096
_MULTIPART_BYTES = 65_536

Refuse = Callable[[Request, int, str], Response]


class Guard:
    """Middleware that lets through what may pass.

    Args:
        app: What is guarded.
        refuse: Makes the answer to what may not, from the request, a status and a sentence.
        token: What a client must know; None if nothing.
        hosts: Names under which the service may be asked where there is no token.
        limits: What one client can cost.
    """

    def __init__(
        self, app: ASGIApp, *, refuse: Refuse, token: str | None, hosts: Collection[str], limits: Limits
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._token = token
        self._hosts = hosts
        self._upload_bytes = limits.upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        request = Request(scope, self._counted(scope, receive))
        try:
            answer = self._foreign(request) or self._too_large(request) or await self._unknown(request)
        except HTTPException as too_large:
            answer = self._refuse(request, too_large.status_code, too_large.detail)
        except ClientDisconnect:
            return
        await (answer or self._app)(scope, request.receive, send_with_headers)

    def _foreign(self, request: Request) -> Response | None:
        headers = request.headers
        name = _name(headers.get("host", ""))
        if self._token is None and name not in self._hosts:
            return self._refuse(
                request, 403, f"The service is asked for as {name!r}; without a token it answers to this machine only."
            )
        origin = headers.get("origin")
        elsewhere = origin is not None and urlsplit(origin).netloc != headers.get("host")
        if request.method not in ("GET", "HEAD") and elsewhere:
            return self._refuse(request, 403, "This was sent from another page. Use the service's own.")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _follows_a_link(request):
            return self._refuse(request, 403, "This was asked for by another page. Open the service's own.")
        return None

    def _too_large(self, request: Request) -> Response | None:
        announced = int(request.headers.get("content-length", "0"))  # digits: h11 takes nothing else
        if announced <= self._most(request.scope):
            return None
        return self._refuse(request, 413, self._sentence(f"has {announced / 1e6:,.0f} MB"))

    async def _unknown(self, request: Request) -> Response | None:
        """Return what to answer where a token is needed, unless it came with the request."""
        path = path_inside(request.scope)  # not that of request.url: a Host header can hold one, too
        if self._token is None or path.startswith(OPEN) or path == HEALTH:
            return None
        if path == TOKEN and request.method == "POST":
            typed = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            return self._welcome(request, typed.get("token", ""), "/", typed.get("to", ""))
        if "token" in request.query_params and request.method == "GET":
            rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            return self._welcome(request, request.query_params["token"], path, urlencode(rest))
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return None if _same(bearer.strip(), self._token) else self._ask_for_token(request, "The token is wrong.")
        if _same(request.cookies.get(self._cookie, ""), self._proof):
            return None
        return self._ask_for_token(request, "A token is needed.")

    def _welcome(self, request: Request, token: str, path: str, query: str) -> Response:
        assert self._token is not None
        if not _same(token.strip(), self._token):
            return self._ask_for_token(request, "The token is wrong.")
        path = request.scope.get("root_path", "") + "/" + path.lstrip("/\\")  # of this service, whatever it is called
        answer = RedirectResponse(f"{path}?{query}" if query else path, status_code=303)
        answer.set_cookie(
            self._cookie, self._proof, httponly=True, samesite="strict", secure=request.scope["scheme"] == "https"
        )
        return answer

    def _ask_for_token(self, request: Request, what: str) -> Response:
        answer = self._refuse(
            request, 401, f"{what} It was printed with the address when the service was started, or chosen then."
        )
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @property
    def _proof(self) -> str:
        """What the cookie holds: it follows from the token, and does not give it away."""
        return hmac.digest((self._token or "").encode(), b"cookie", "sha256").hex()

    @property
    def _cookie(self) -> str:
        """Its name, another for each token: services on other ports of a machine share its cookies."""
        return "auricle-" + hmac.digest((self._token or "").encode(), b"name", "sha256").hex()[:12]

    def _most(self, scope: Scope) -> int:
        if scope["method"] == "POST" and path_inside(scope) != TOKEN:
            return self._upload_bytes + _MULTIPART_BYTES
        return _FORM_BYTES

    def _sentence(self, size: str) -> str:
        return f"What was sent {size}; {self._upload_bytes / 1e6:.0f} MB are the most."

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """Return how a body is received: not beyond the most, whether announced or not."""
        left = self._most(scope)

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, self._sentence("is larger"))
            return message

        return counted


def path_inside(scope: Scope) -> str:
    """Return the path of a request inside the service, without what a proxy puts before it.

    Example:
        >>> path_inside({"path": "/sounds/api/search", "root_path": "/sounds"})
        '/api/search'
    """
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if path.startswith(root + "/") else path


def _follows_a_link(request: Request) -> bool:
    headers: Headers = request.headers
    return (
        request.method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _name(host: str) -> str:
    """Return the name in a Host header without its port.

    Example:
        >>> _name("localhost:8765"), _name("[::1]:8765"), _name("LOCALHOST")
        ('localhost', '::1', 'localhost')
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    return name.strip("[]").lower()


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
