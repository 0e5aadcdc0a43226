"""A PostgreSQL server of a test's own: on a free port of 127.0.0.1, in a folder that goes with it.

Skips, with what to install, where there are no binaries. PostgreSQL does not run as root; then it runs as ``postgres``
or ``nobody``.
"""

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

USER, PASSWORD = "searcher", "pa:ss/w%rd"
QUOTED = "pa%3Ass%2Fw%25rd"


@dataclass(frozen=True)
class Server:
    """A server that can be stopped and started again.

    Attributes:
        binaries: Where ``initdb`` and ``pg_ctl`` are.
        data: Its folder.
        port: Where it listens.
        prefix: Of every command: as whom it runs.
    """

    binaries: Path
    data: Path
    port: int
    prefix: tuple[str, ...]

    def url(self, database: str = "sweeps", *, password: str = QUOTED, scheme: str = "postgresql") -> str:
        """Return the URL of a database."""
        return f"{scheme}://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        listen = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "start", "--wait", "--log", self.data / "log", "--options", listen, "--pgdata", self.data)

    def start_if_stopped(self) -> None:
        """Start where an earlier test has stopped it."""
        if not (self.data / "postmaster.pid").exists():
            self.start()

    def stop(self) -> None:
        """Stop, and end all connections; nothing happens if that is so already."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", self.data)

    def ask(self, statement: str, *, database: str = "sweeps") -> list[str]:
        """Return the rows that a statement yields, columns joined by ``|``."""
        command = [str(self.binaries / "psql"), "--no-psqlrc", "--no-align", "--tuples-only", "--command", statement]
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--username", USER, database]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        asked = subprocess.run([*command, *address], check=True, capture_output=True, text=True, env=environment)
        return asked.stdout.splitlines()

    def initialise(self) -> None:
        """Make the folder of an empty server, with a user who needs a password."""
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent, encoding="utf-8") as password:
            password.write(PASSWORD)
            password.flush()
            Path(password.name).chmod(0o644)
            authentication = ("--username", USER, "--auth", "scram-sha-256", "--pwfile", password.name)
            self._run("initdb", "--no-sync", *authentication, "--encoding", "UTF8", "--pgdata", self.data)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self.prefix, str(self.binaries / program), *map(str, arguments)]
        # Into a file: a server that is started would hold a pipe open.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/")
            if done.returncode:
                said.seek(0)
                raise subprocess.CalledProcessError(done.returncode, command, said.read().decode())


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """Start a server with a database ``sweeps``, and stop it however the test ends."""
    binaries = _binaries()
    prefix: tuple[str, ...] = ()
    # Not in pytest's own folder, which other users cannot enter.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.geteuid() == 0:
            user = _unprivileged()
            os.chown(folder, user.pw_uid, user.pw_gid)
            identity = ("--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups")
            prefix = ("setpriv", *identity)
        server = Server(binaries, Path(folder) / "data", _free_port(), prefix)
        try:
            server.initialise()
            server.start()
            server.ask("CREATE DATABASE sweeps", database="postgres")
            yield server
        finally:
            server.stop()


def _binaries() -> Path:
    found = shutil.which("initdb")
    if found and shutil.which("postgres", path=str(Path(found).resolve().parent)):
        return Path(found).resolve().parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]) or 0)
    )
    if not versions:
        pytest.skip("there is no PostgreSQL server on this machine; on Debian: apt install postgresql")
    return versions[-1].parent


def _unprivileged() -> pwd.struct_passwd:
    if not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv; on Debian: apt install util-linux")
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody; run the tests as yourself")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
