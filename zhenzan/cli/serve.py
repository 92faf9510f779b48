"""``zhenzan serve``: interactions in over HTTP, answers at once, exact counts, one process."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhenzan.errors import MissingExtra

if TYPE_CHECKING:
    from zhenzan.api.parts import Parts
    from zhenzan.store.engine import Store

DATABASE = "counts.db"
LIVE = "live"
"""What lies in the folder: the ledger, unless PostgreSQL holds it, and the live service's own."""

DRAIN_S = 30
"""How long requests in flight may take after the service was told to stop."""

BACKLOG = 2_048
"""Connections that the kernel holds while the service is busy."""


def serve(  # noqa: PLR0913  one parameter per flag
    data: Annotated[
        Path, typer.Option("--data", help="Folder for everything that is kept.")
    ] = Path("zhenzan-data"),
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            help="`postgresql://user@host/name`; else SQLite in the folder.",
            envvar="ZHENZAN_DATABASE_URL",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")
    ] = 8_300,
    accounts: Annotated[
        Path | None, typer.Option("--accounts", help="Side table of accounts (Parquet or CSV).")
    ] = None,
    items: Annotated[
        Path | None, typer.Option("--items", help="Side table of items (Parquet or CSV).")
    ] = None,
    webhook_network: Annotated[
        list[str] | None,
        typer.Option(
            "--webhook-network",
            help="Private network open to webhooks; may be repeated.",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="Settings file (YAML).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the start-up message as JSON.")
    ] = False,
) -> None:
    """Serve interactions over HTTP, with answers at once and counts that stay exact.

    SIGTERM and SIGINT drain: nothing more is taken in, what was taken in is answered and counted.
    """
    from zhenzan import clock
    from zhenzan import settings as settings_table
    from zhenzan.live.opening import open_service
    from zhenzan.live.scorer import Facts

    try:
        import uvicorn

        from zhenzan.api.app import create_app
        from zhenzan.api.gate import first_key
        from zhenzan.api.logs import log_config
        from zhenzan.counts.ledger import CountLedger
        from zhenzan.store.engine import open_store
    except MissingExtra:
        raise
    except ImportError as error:
        raise MissingExtra("service", package=str(error.name)) from error

    settings, _ = settings_table.load({}, file=settings_file)
    listener = _listener(host, port)
    data.mkdir(parents=True, exist_ok=True)
    store = open_store(database or data / DATABASE)
    try:
        ledger = CountLedger(store)
        service = open_service(
            data / LIVE,
            settings,
            ledger,
            facts=Facts(accounts=accounts, items=items),
            clock=clock.system,
        )
        try:
            gate, key = first_key(store)
            parts = _parts(store, ledger, service, gate, settings, webhook_network or [])
            config = uvicorn.Config(
                create_app(parts),
                ws="none",
                access_log=False,
                server_header=False,
                log_config=log_config(),
                timeout_graceful_shutdown=DRAIN_S,
            )
            server = uvicorn.Server(config)
            parts.stopping = lambda: server.should_exit
            _greet(listener, key, as_json=as_json)
            _run(server, listener, parts)
        finally:
            service.close()
    finally:
        store.close()
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    """Take the port before anything is opened, so that a second service fails at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Answers are small; waiting to fill a packet would add up to 40 ms to each.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _parts(
    store: Store, ledger: Any, service: Any, gate: Any, settings: Any, opened: list[str]
) -> Parts:
    import os

    from zhenzan import clock
    from zhenzan.api.parts import Parts
    from zhenzan.counts.delivery import Deliverer, http_post
    from zhenzan.counts.guard import AddressGuard, networks
    from zhenzan.counts.webhooks import WebhookBook

    guard = AddressGuard(networks(opened))
    book = WebhookBook(store, guard, webhooks_max=settings.webhooks_max)
    deliverer = Deliverer(
        ledger,
        book,
        http_post(guard),
        clock=clock.system,
        chance=clock.generator(int.from_bytes(os.urandom(8), "big")),
        attempts_max=settings.webhook_attempts_max,
    )
    return Parts(service, ledger, gate, book, deliverer, settings)


def _greet(listener: socket.socket, key: str | None, *, as_json: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        typer.echo(json.dumps({"url": url, "docs": f"{url}/docs", "first_key": key}))
        return
    typer.echo(f"Zhenzan serves at {url}; its routes are described at {url}/docs")
    if key is not None:
        typer.echo(f"First key, shown this once: {key}")
        typer.echo("Send it as `Authorization: Bearer KEY`; only its hash is kept.")


def _run(server: Any, listener: socket.socket, parts: Parts) -> None:
    """Serve until a signal; webhooks are told meanwhile."""
    stop = threading.Event()

    def report(outcome: Any) -> None:
        parts.metrics.deliveries.labels(outcome.word).inc()

    deliveries = threading.Thread(
        target=parts.deliverer.run, args=(stop, report), name="zhenzan-webhooks"
    )
    deliveries.start()
    try:
        server.run(sockets=[listener])
    finally:
        stop.set()
        deliveries.join()
