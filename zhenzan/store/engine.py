"""Opens the relational store: SQLite in a file, or PostgreSQL through psycopg.

Both give the same three promises. A transaction of `Store.writing` excludes every other writer
from its first moment. A transaction of `Store.reading` sees one moment of the store, however many
statements it runs. What a durable transaction has committed is on disk.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhenzan.errors import MissingExtra, StoreError

try:
    from sqlalchemy import Connection, Engine, create_engine, event, exc, text
    from sqlalchemy.engine import URL, make_url
except ImportError as error:
    raise MissingExtra("service", package="sqlalchemy") from error

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another; the longest writer is a migration."""

POOL_CONNECTIONS = 8
"""Connections kept open; readers beyond them open more and close them again."""

_WRITER_LOCK = 0x7A68656E7A616E
"""Key of PostgreSQL's advisory lock of the one writer: the name of the product in ASCII."""


class Store:
    """A database whose tables are at the version of the package.

    Parameters
    ----------
    engine
        An engine that `open_store` has set up.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        levels: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = engine.execution_options(zhenzan_write=False, **levels)
        self._writer = engine.execution_options(zhenzan_write=True)

    @property
    def dialect(self) -> str:
        """Name the database: ``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """Give a connection that sees one moment of the store and must not write."""
        with self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Generator[Connection]:
        """Give the one connection that may write; commit at the end, or undo on any error.

        Parameters
        ----------
        durable
            False where a loss of power may undo the commit because a journal holds all of it;
            the store stays consistent either way.
        """
        with self._writer.connect() as connection:
            if self.is_sqlite:
                # A pragma takes effect outside a transaction only, so it goes past SQLAlchemy's.
                raw = connection.connection.cursor()
                raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                raw.close()
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(_LOCK, {"key": _WRITER_LOCK})
                    if not durable:
                        connection.execute(_ASYNCHRONOUS)
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_ASYNCHRONOUS = text("SET LOCAL synchronous_commit = off")


def open_store(url: str | Path, *, migrate: bool = True) -> Store:
    """Open a store and bring its tables to the version of the package.

    Parameters
    ----------
    url
        A path or ``sqlite:///path`` for SQLite, ``postgresql://user@host/name`` for PostgreSQL.
    migrate
        False leaves the tables as they are.

    Raises
    ------
    StoreError
        The address names no known database, it cannot be reached, or a newer version of the
        package has changed its tables.
    MissingExtra
        PostgreSQL is asked for and psycopg is not installed.
    """
    from zhenzan.store.migrate import upgrade

    parsed = _parsed(url)
    shown = parsed.render_as_string(hide_password=True)
    store = Store(_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgres(parsed))
    try:
        with store.reading() as connection:
            connection.execute(text("SELECT 1"))
        if migrate:
            upgrade(store)
    except exc.DBAPIError as error:
        store.close()
        reason = str(error.orig or error).strip().split("\n")[0]
        raise StoreError(f"`{shown}` cannot be opened: {reason}") from error
    except BaseException:
        store.close()
        raise
    return store


def _parsed(url: str | Path) -> URL:
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=str(url))
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise StoreError(f"`{url}` is no address of a database", hint=_HINT) from error
    backend = parsed.drivername.split("+")[0]
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StoreError("SQLite needs a file: a store in memory is lost at once", hint=_HINT)
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"`{backend}` is no database that this package knows", hint=_HINT)


_HINT = "give `sqlite:///path/to/file.db` or `postgresql://user@host/name`"


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_CONNECTIONS,
        max_overflow=-1,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # SQLAlchemy begins transactions itself (below), not the driver.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # 64 MiB: the pages of the counters of a busy hour, so that a batch reads no disk.
        cursor.execute("PRAGMA cache_size=-65536")
        # 64 MiB of log before it is folded in: hot pages of counters are then written once, not
        # once per few batches.
        cursor.execute("PRAGMA wal_autocheckpoint=16384")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("zhenzan_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL) -> Engine:
    try:
        import psycopg  # noqa: F401  named here so that the message can name the extra
    except ImportError as error:
        raise MissingExtra("postgres", package="psycopg") from error
    return create_engine(
        url,
        pool_size=POOL_CONNECTIONS,
        max_overflow=-1,
        # A server that was restarted leaves dead connections in the pool.
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "application_name": "zhenzan"},
    )
