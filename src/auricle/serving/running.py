"""The service on an address of this machine, from its start to Ctrl-C."""

import asyncio
import errno
import ipaddress
import re
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from threadpoolctl import threadpool_limits

from auricle.errors import ConfigError
from auricle.serving.app import LOCAL_NAMES, make_app
from auricle.serving.connections import bounded
from auricle.serving.contract import Limits, Searchable

HOST = "127.0.0.1"
PORT = 8765
SHORTEST_TOKEN = 16

_BACKLOG = 64  # connections that are taken in at a time: each has a file descriptor before it can be counted
_LAST_ANSWERS_S = 3


class Service:
    """An index on an address: bound and listening when made, answering while it runs.

    Args:
        index: What is searched.
        host: Address or name of this machine to be asked under.
        port: Port; 0 for any that is free.
        token: What clients must know. Where others than this machine can ask, one is made up if none is given.
        limits: What one client can cost.
        root_path: What a proxy puts before the addresses of this service, and takes away again: ``/sounds``.
        proxy: Addresses of proxies, with commas between them, whose word on the client and on TLS is believed
            (``X-Forwarded-For``, ``X-Forwarded-Proto``).

    Raises:
        ConfigError: If the address cannot be had, the token is too short, or `root_path` is no path.
    """

    def __init__(
        self,
        index: Searchable,
        *,
        host: str = HOST,
        port: int = PORT,
        token: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        root_path: str = "",
        proxy: str = HOST,
    ) -> None:
        local = _is_local(host)
        made_up = token is None and not local
        self.token = secrets.token_urlsafe(24) if made_up else _checked(token)
        root_path = _checked_root(root_path)
        self._socket = _bound(host, port)
        self._host, self._shows_token = host, made_up
        app = make_app(index, token=self.token, hosts=LOCAL_NAMES | {host.lower()}, limits=limits)
        self._server = _Server(
            uvicorn.Config(
                app,
                http=bounded(limits),
                root_path=root_path,
                forwarded_allow_ips=proxy,
                loop="asyncio",
                ws="none",
                lifespan="off",
                backlog=_BACKLOG,
                h11_max_incomplete_event_size=limits.head_bytes,
                timeout_graceful_shutdown=_LAST_ANSWERS_S,
                server_header=False,
                access_log=False,
                log_config=None,
                log_level="critical",  # what clients do wrong is told to them
            )
        )

    @property
    def address(self) -> str:
        """What a person opens in a browser; with the token in it if that was made up."""
        host = socket.gethostname() if self._host in ("0.0.0.0", "::") else self._host
        port = self._socket.getsockname()[1]
        base = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        return f"{base}?token={self.token}" if self._shows_token else base

    def run(self) -> None:
        """Answer until `stop`, Ctrl-C or SIGTERM; answers that are on their way are finished first."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the address back, also if it was never answered on."""
        self._socket.close()


def serve(
    index: Searchable,
    *,
    host: str = HOST,
    port: int = PORT,
    token: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    root_path: str = "",
    proxy: str = HOST,
    ready: Callable[[str], None] = print,
) -> None:
    """Answer questions to an index over HTTP until Ctrl-C or SIGTERM; arguments as in `Service`.

    Args:
        index: What is searched.
        host: Address or name of this machine to be asked under.
        port: Port; 0 for any that is free.
        token: What clients must know.
        limits: What one client can cost.
        root_path: What a proxy puts before the addresses.
        proxy: Addresses of proxies that are believed.
        ready: Is given the address once questions are answered without delay.

    Raises:
        ConfigError: If the address cannot be had, the token is too short, or `root_path` is no path.
        AuricleError: If the model of the index cannot be loaded.
    """
    service = Service(index, host=host, port=port, token=token, limits=limits, root_path=root_path, proxy=proxy)
    try:
        index.load_model()
        with threadpool_limits(limits=1):  # several questions at a time would wait for each other's threads
            ready(service.address)
            service.run()
    finally:
        service.close()


class _Server(uvicorn.Server):
    """A server that ends by Ctrl-C or SIGTERM as work that is done, and leaves no connection behind."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # what is aborted is closed by the loop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_local(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked(token: str | None) -> str | None:
    if token is None:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"The token has {len(token)} characters; at least {SHORTEST_TOKEN} are needed, ASCII and without spaces. "
            "Without --token one is made up where it is needed."
        )
    return token


def _checked_root(root_path: str) -> str:
    root_path = root_path.rstrip("/")
    if root_path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", root_path):
        raise ConfigError(
            f"--root-path {root_path!r} is no path. It begins with a slash, as in /sounds, and has letters, digits and "
            ". _ ~ - between slashes."
        )
    return root_path


def _bound(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise ConfigError(f"There is no port {port}; ports go from 0 to 65535.")
    try:
        return _listening(host, port)
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
        if number == errno.EADDRINUSE:
            with _listening(host, 0) as free:
                other = free.getsockname()[1]
            raise ConfigError(f"Port {port} of {host} is taken. Another that is free: --port {other}.") from None
        reason = {
            errno.EACCES: f"port {port} is for the superuser. Choose one above 1023",
            errno.EADDRNOTAVAIL: "this machine has no such address. 127.0.0.1 is for itself, 0.0.0.0 for all",
        }.get(number or 0, "there is no such address. 127.0.0.1 is for this machine, 0.0.0.0 for all")
        raise ConfigError(f"The service cannot be had at {host}, port {port}: {reason}.") from None


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening
