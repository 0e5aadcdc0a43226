"""The database that a study is kept in: which URLs name one, and how it is reached while it comes and goes.

A database for several machines is restarted now and then. Who had reached it waits some minutes for it to come back,
so that neither a restart nor a network that fails for a moment ends the trainings of all machines. Its sessions are in
UTC: Optuna compares heartbeats as local times of the session, which jump twice a year and differ between machines that
say where they are (``PGTZ``).

No password is written down or said.
"""

import contextlib
import contextvars
import re
import time
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from auricle import progress
from auricle.errors import ConfigError

OUTAGE_S = 300.0
"""How long a database that was reached before is waited for."""

UNREACHABLE = (SQLAlchemyError, StorageInternalError)
"""What is raised when something is wrong with a database."""

_PAUSE_S = 1.0
_POSTGRESQL = {"connect_timeout": 10, "tcp_user_timeout": 30_000}  # s and ms; else a dead network is noticed in hours
_PACKAGES = {
    "psycopg2": "'auricle[cluster]'",
    "psycopg": "'psycopg[binary]'",
    "MySQLdb": "mysqlclient",
}


def database(url: str) -> str:
    """Return the URL of a database as it means the same in every working folder.

    Raises:
        ConfigError: If it is no URL of a database that several processes can use.
    """
    try:
        parsed = _parsed(url)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(
            f"--storage {re.sub('://.*@', '://***@', url)!r} is no database: sqlite:///PATH, "
            "postgresql://USER@HOST/NAME and mysql://USER@HOST/NAME are. (Optuna's journals and Redis do not notice "
            "that a process was killed.)"
        ) from None
    except ImportError as error:
        raise no_driver(error) from None
    if "@" in (parsed.host or ""):
        raise ConfigError("--storage has more than one @; write that of the password as %40.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigError(f"--storage {url!r} is in memory, where no other process sees it; write sqlite:///PATH.")
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(database=str(Path(str(parsed.database)).absolute()))
    elif parsed.drivername == "postgresql+psycopg2":
        parsed = parsed.set(drivername="postgresql")  # the same database, however it is written
    return parsed.render_as_string(hide_password=False)


def without_password(url: str) -> str:
    """Return the URL of a database as it may be written down.

    Example:
        >>> without_password("postgresql://me:secret@host/sweeps")
        'postgresql://me:***@host/sweeps'
        >>> without_password("postgresql://host/sweeps?user=me&password=secret")
        'postgresql://host/sweeps?password=***&user=me'
    """
    parsed = make_url(url)
    hidden = dict.fromkeys((key for key in parsed.query if "password" in key.lower()), "***")
    return parsed.update_query_dict(hidden).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def no_driver(error: ImportError) -> ConfigError:
    """Return what is said when the package that speaks to a database is missing."""
    missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__
    name = getattr(missing, "name", None) or "a driver"
    return ConfigError(f"--storage needs {name}, which is not installed: pip install {_PACKAGES.get(name, name)}")


def cause(error: Exception) -> str:
    """Return in one line what a database said.

    Of several attempts the last counts: where a host has two addresses, the first often only refuses.
    """
    inner = error.__cause__ if isinstance(error, StorageInternalError) else error
    lines = str(getattr(inner, "orig", None) or inner or error).strip().splitlines()
    return " ".join(([line for line in lines if " failed: " in line] or lines[:1])[-1].split()).rstrip(".")


def was_cut_off(error: Exception) -> bool:
    """Return whether a connection was lost in the middle of a transaction; another may do."""
    inner = error.__cause__ if isinstance(error, StorageInternalError) else error
    return isinstance(inner, DBAPIError) and inner.connection_invalidated


class Connector:
    """Connects to a database server, and waits for one that was there before.

    Args:
        url: Of the database.
    """

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        dialect = self.url.get_dialect()
        self._driver = dialect.import_dbapi()
        self._positional, self._keywords = dialect().create_connect_args(self.url)
        if self.url.get_backend_name() == "postgresql":
            self._keywords = {**_POSTGRESQL, **self._keywords}
        self._context = contextvars.copy_context()  # in which more may be said than during a trial
        self._waits_until: float | None = 0.0  # None while it is there; for the first time it is not waited for

    @property
    def engine(self) -> dict[str, Any]:
        """How SQLAlchemy is to connect; together with a URL that names the driver alone."""
        return {"creator": self, "pool_pre_ping": True}

    def __call__(self) -> Any:
        """Return a new connection.

        Raises:
            The driver's error: If there is none, now or after `OUTAGE_S`.
        """
        while True:
            try:
                connection = self._connect()
            except self._driver.OperationalError:
                if self._waits_until is None:
                    self._waits_until = time.monotonic() + OUTAGE_S
                    sentence = f"The database of the study does not answer; it is waited for, up to {OUTAGE_S:.0f} s."
                    self._context.copy().run(progress.say, sentence)
                if time.monotonic() > self._waits_until:
                    raise
            else:
                self._waits_until = None
                return connection
            try:
                time.sleep(_PAUSE_S)
            except KeyboardInterrupt:
                self._waits_until = 0.0
                raise

    def _connect(self) -> Any:
        connection = self._driver.connect(*self._positional, **self._keywords)
        if self.url.get_backend_name() == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
            connection.commit()
        return connection


class Storage(RDBStorage):
    """Optuna's storage, whose heartbeats survive an outage."""

    def record_heartbeat(self, trial_id: int) -> None:
        """Say that a trial is being made; what cannot be said now is said the next time."""
        with contextlib.suppress(*UNREACHABLE):
            super().record_heartbeat(trial_id)

    def up_s(self) -> float:
        """Return for how long others could be heard: since the server was started."""
        if self.engine.dialect.name != "postgresql":
            return float("inf")
        with self.engine.connect() as connection:
            started = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())"
            return float(connection.execute(sqlalchemy.text(f"SELECT {started}")).scalar_one())


def _parsed(url: str) -> URL:
    """Return a URL whose driver is there; that of the extra ``cluster`` where none is named."""
    parsed = make_url(re.sub("^postgres://", "postgresql://", url))
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg2")
    parsed.get_dialect().import_dbapi()
    return parsed
