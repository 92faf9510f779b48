"""An application over a real ledger, called in this process and over a real socket."""

from __future__ import annotations

import socket
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import create_engine, text

from zhenzan import clock
from zhenzan.api.app import create_app
from zhenzan.api.gate import open_gate
from zhenzan.api.measured import MeasuredService
from zhenzan.api.metrics import Metrics
from zhenzan.api.parts import Parts
from zhenzan.counts.delivery import Deliverer, http_post
from zhenzan.counts.guard import AddressGuard, networks
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.webhooks import WebhookBook
from zhenzan.settings import Settings
from zhenzan.store.engine import Store, open_store
from zhenzan.testing.instant import InstantService

if TYPE_CHECKING:
    from starlette.testclient import TestClient

SETTINGS = Settings(request_rows_max=50, request_bytes_max=20_000, page_rows_max=200)


def make_parts(url: str | Path) -> tuple[Parts, str]:
    """Parts over a new store, and the key to them."""
    store = open_store(url)
    ledger = CountLedger(store)
    gate, token = open_gate(store)
    assert token is not None
    key = gate.access.keys.begin(token)
    guard = AddressGuard(networks(["127.0.0.0/8"]))
    book = WebhookBook(store, guard, webhooks_max=3)
    deliverer = Deliverer(
        ledger,
        book,
        http_post(guard),
        clock=clock.system,
        chance=clock.generator(7),
        attempts_max=3,
    )
    metrics = Metrics()
    service = MeasuredService(InstantService(ledger), metrics)
    return Parts(service, ledger, gate, book, deliverer, SETTINGS, metrics), key


@pytest.fixture
def parts_and_key(store_url: str) -> Generator[tuple[Parts, str]]:
    parts, key = make_parts(store_url)
    yield parts, key
    parts.ledger.store.close()


@pytest.fixture
def parts(parts_and_key: tuple[Parts, str]) -> Parts:
    return parts_and_key[0]


@pytest.fixture
def client(parts_and_key: tuple[Parts, str]) -> Generator[TestClient]:
    """A caller with the first key, in this process."""
    with warnings.catch_warnings():
        # It asks for a package that is not on offer here.
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient

    parts, key = parts_and_key
    headers = {"Authorization": f"Bearer {key}"}
    with TestClient(create_app(parts), headers=headers, raise_server_exceptions=False) as made:
        yield made


@contextmanager
def away(store: Store) -> Generator[None]:
    """The database does not answer for a while: PostgreSQL lets nobody in, SQLite lost a table."""
    if store.is_sqlite:
        with store.writing() as connection:
            connection.execute(text("ALTER TABLE progress RENAME TO away"))
        yield
        with store.writing() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO progress"))
        return
    name = store.engine.url.database
    first = create_engine(store.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    allowed = "ALTER DATABASE {} ALLOW_CONNECTIONS {}"
    with first.connect() as connection:
        connection.execute(text(allowed.format(name, "false")))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        yield
        connection.execute(text(allowed.format(name, "true")))
    first.dispose()


@pytest.fixture
def database_away(parts: Parts) -> Callable[[], AbstractContextManager[None]]:
    return lambda: away(parts.ledger.store)


@contextmanager
def listening(parts: Parts) -> Generator[str]:
    """A running server on a free port, and its address."""
    import uvicorn

    config = uvicorn.Config(create_app(parts), log_level="warning", ws="none")
    server = uvicorn.Server(config)
    parts.stopping = lambda: server.should_exit
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    for _ in range(200):
        if server.started:
            break
        threading.Event().wait(0.05)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def address(parts: Parts) -> Generator[str]:
    """The address of a running server over the parts of the test."""
    with listening(parts) as told:
        yield told


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx.Client]:
    """A client of a running server; every test of the session shares it."""
    parts, key = make_parts(tmp_path_factory.mktemp("served") / "store.db")
    headers = {"Authorization": f"Bearer {key}"}
    with (
        listening(parts) as told,
        httpx.Client(base_url=told, headers=headers, timeout=30) as made,
    ):
        yield made
    parts.ledger.store.close()
