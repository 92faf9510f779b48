"""``zhenzan serve``: interactions in over HTTP, answers at once, exact counts, one process."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhenzan.cli.access import Hold
from zhenzan.errors import MissingExtra, SettingError
from zhenzan.settings import DATABASE_VARIABLE
from zhenzan.telemetry.tracing import TRACING

if TYPE_CHECKING:
    from zhenzan.api.metrics import Metrics
    from zhenzan.api.parts import Parts
    from zhenzan.broker.options import BrokerOptions
    from zhenzan.counts.delivery import Outcome
    from zhenzan.counts.ledger import CountLedger
    from zhenzan.live.pipeline import LiveService
    from zhenzan.live.scorer import Facts
    from zhenzan.settings import Settings

DATABASE = "counts.db"
LIVE = "live"
"""What lies in the folder: the ledger, unless PostgreSQL holds it, and the live service's own."""

DRAIN_S = 30
"""How long requests in flight may take after the service was told to stop."""

BACKLOG = 2_048
"""Connections that the kernel holds while the service is busy."""


Data = Annotated[Path, typer.Option("--data", help="Folder for everything that is kept.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="`postgresql://user@host/name`; else SQLite in the folder.",
        envvar=DATABASE_VARIABLE,
    ),
]
_Host = Annotated[str, typer.Option("--host", help="Address to listen at.")]
_Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")]
_Accounts = Annotated[
    Path | None, typer.Option("--accounts", help="Side table of accounts (Parquet or CSV).")
]
_Items = Annotated[
    Path | None, typer.Option("--items", help="Side table of items (Parquet or CSV).")
]
_Rules = Annotated[Path | None, typer.Option("--rules", help="Rulebook to follow.")]
_Model = Annotated[
    Path | None,
    typer.Option("--model", help="Folder of models, or of one version: strengthens answers."),
]
_Kafka = Annotated[
    str | None,
    typer.Option("--kafka", help="Brokers to join topics of: `host:port`, comma-separated."),
]
_KafkaConfig = Annotated[
    Path | None, typer.Option("--kafka-config", help="More settings of the broker's client (YAML).")
]
_Group = Annotated[str, typer.Option("--group", help="Consumer group.")]
_TopicIn = Annotated[str, typer.Option("--topic-in", help="Topic of interactions.")]
_TopicAnswers = Annotated[str, typer.Option("--topic-answers", help="Topic of answers.")]
_TopicRevisions = Annotated[str, typer.Option("--topic-revisions", help="Topic of revisions.")]
_TopicDead = Annotated[
    str, typer.Option("--topic-dead", help="Topic of messages that cannot be taken.")
]
_SettleEvery = Annotated[
    str, typer.Option("--settle-every", help="Time between two looks back, such as 1h.")
]
_WebhookNetworks = Annotated[
    list[str] | None,
    typer.Option("--webhook-network", help="Private network open to webhooks; may be repeated."),
]
_FromRest = Annotated[
    bool,
    typer.Option(
        "--from-rest", help="Begin with what is left of the journal, where no checkpoint fits."
    ),
]
_SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (YAML).")]
_Trace = Annotated[
    bool, typer.Option("--trace", help="Send spans by OTLP, as OTEL_EXPORTER_OTLP_ENDPOINT says.")
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print the start-up message as JSON.")]


def serve(  # noqa: PLR0913  one parameter per flag
    data: Data = Path("zhenzan-data"),
    database: Database = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8_300,
    accounts: _Accounts = None,
    items: _Items = None,
    rules: _Rules = None,
    model: _Model = None,
    kafka: _Kafka = None,
    kafka_config: _KafkaConfig = None,
    group: _Group = "zhenzan",
    topic_in: _TopicIn = "interactions",
    topic_answers: _TopicAnswers = "answers",
    topic_revisions: _TopicRevisions = "revisions",
    topic_dead: _TopicDead = "interactions.dead",
    settle_every: _SettleEvery = "1h",
    webhook_network: _WebhookNetworks = None,
    hold: Hold = None,
    from_rest: _FromRest = False,
    settings_file: _SettingsFile = None,
    trace: _Trace = False,
    as_json: _AsJson = False,
) -> None:
    """Serve interactions over HTTP, with answers at once and counts that stay exact.

    SIGTERM and SIGINT drain: nothing more is taken in, what was taken in is answered and counted.
    """
    from zhenzan import settings as settings_table
    from zhenzan.access.retention.hold import read_hold
    from zhenzan.live.pauses import short_pauses
    from zhenzan.live.scorer import Facts

    settings, _ = settings_table.load({}, file=settings_file)
    facts = Facts(accounts=accounts, items=items, rules=rules, model=model)
    broker = None
    if kafka is not None:
        from zhenzan.broker.options import BrokerOptions, read_client_file

        client = read_client_file(kafka_config) if kafka_config else {}
        broker = BrokerOptions(
            kafka, group, topic_in, topic_answers, topic_revisions, topic_dead, client=client
        )
    settle_every_s = _seconds("settle-every", settle_every)
    read_hold(hold)  # a list that cannot be read shows now, not at the first run
    if trace:
        TRACING.switch_on()
    listener = _listener(host, port)
    try:
        with _opened(data, database, settings, facts, settle_every_s, from_rest) as opened:
            server, parts, token = _server(opened, settings, webhook_network or [])
            _greet(listener, token, as_json=as_json)
            with (
                _retention(opened, settings, data, hold, parts),
                _beside(parts, broker),
                short_pauses(),
            ):
                server.run(sockets=[listener])
    finally:
        listener.close()
        TRACING.switch_off()


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was opened, and what measures it."""

    ledger: CountLedger
    service: LiveService
    metrics: Metrics


@contextmanager
def _opened(
    data: Path,
    database: str | None,
    settings: Settings,
    facts: Facts,
    settle_every_s: float,
    from_rest: bool,
) -> Generator[_Opened]:
    """Open the ledger and the live service; at the end drain and close them."""
    from zhenzan import clock
    from zhenzan.api.measured import MeasuredDisk
    from zhenzan.api.metrics import Metrics
    from zhenzan.live.opening import open_service
    from zhenzan.store.engine import open_store

    data.mkdir(parents=True, exist_ok=True)
    store = open_store(database or data / DATABASE)
    try:
        from zhenzan.counts.ledger import CountLedger

        ledger = CountLedger(store)
        metrics = Metrics()
        service = open_service(
            data / LIVE,
            settings,
            ledger,
            facts=facts,
            clock=clock.system,
            settle_every_s=settle_every_s,
            from_rest=from_rest,
            disk=MeasuredDisk(metrics),
        )
        try:
            yield _Opened(ledger, service, metrics)
        finally:
            service.close()
    finally:
        store.close()


def _server(
    opened: _Opened, settings: Settings, webhook_networks: list[str]
) -> tuple[Any, Parts, str | None]:
    """Make the server, its parts, and a token where nobody can enter yet."""
    from zhenzan import clock
    from zhenzan.api.app import create_app
    from zhenzan.api.gate import open_gate
    from zhenzan.api.logs import log_config
    from zhenzan.api.measured import MeasuredService
    from zhenzan.api.parts import Parts
    from zhenzan.counts.delivery import Deliverer, http_post
    from zhenzan.counts.guard import AddressGuard, networks
    from zhenzan.counts.webhooks import WebhookBook

    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtra("service", package="uvicorn") from error

    ledger, metrics = opened.ledger, opened.metrics
    guard = AddressGuard(networks(webhook_networks))
    book = WebhookBook(ledger.store, guard, webhooks_max=settings.webhooks_max)
    deliverer = Deliverer(
        ledger,
        book,
        http_post(guard),
        clock=clock.system,
        chance=clock.generator(secrets.randbits(63)),
        attempts_max=settings.webhook_attempts_max,
    )
    gate, token = open_gate(ledger.store)
    service = MeasuredService(opened.service, metrics)
    parts = Parts(service, ledger, gate, book, deliverer, settings, metrics)
    parts.alarms = opened.service.alarms
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
    return server, parts, token


def _seconds(name: str, text: str) -> float:
    from zhenzan.clock import duration_us

    try:
        return max(1.0, duration_us(text) / 1e6)
    except ValueError as error:
        raise SettingError(f"`--{name}`: {error}") from error


def _listener(host: str, port: int) -> socket.socket:
    """Take the port before anything is opened, so that a second service fails at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Answers are small; waiting to fill a packet would add up to 40 ms to each.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _greet(listener: socket.socket, token: str | None, *, as_json: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        typer.echo(json.dumps({"url": url, "docs": f"{url}/docs", "first_token": token}))
        return
    typer.echo(f"Zhenzan serves at {url}; its routes are described at {url}/docs")
    if token is not None:
        typer.echo(f"One-time token, good for a day: {token}")
        typer.echo("Exchange it for the first key:")
        typer.echo(
            f"  curl {url}/v1/access/first -H 'Content-Type: application/json'"
            f' -d \'{{"token": "{token}"}}\''
        )


@contextmanager
def _retention(
    opened: _Opened, settings: Settings, data: Path, hold: Path | None, parts: Parts
) -> Generator[None]:
    """Remove what is over by the clock, while the server runs."""
    from zhenzan.access.retention.run import Retention, What
    from zhenzan.access.retention.schedule import Schedule
    from zhenzan.live.folders import HISTORY
    from zhenzan.live.retirement import Retirement

    if not settings.retention_every_s:
        yield
        return
    retirement = Retirement(
        data / LIVE,
        opened.ledger,
        days=settings.journal_days,
        prepare=opened.service.prepare_retirement,
    )
    what = What(data / LIVE / HISTORY, hold, retirement if settings.journal_days else None)
    schedule = Schedule(
        Retention(opened.ledger.store, what, by="retention"), settings.retention_every_s
    )
    parts.beside["retention"] = schedule.figures
    schedule.start()
    try:
        yield
    finally:
        schedule.stop()


@contextmanager
def _beside(parts: Parts, broker: BrokerOptions | None) -> Generator[None]:
    """Tell webhooks, and join topics where there is a broker, while the server runs."""
    stop = threading.Event()

    def report(outcome: Outcome) -> None:
        parts.metrics.deliveries.labels(outcome.word).inc()

    deliveries = threading.Thread(
        target=parts.deliverer.run, args=(stop, report), name="zhenzan-webhooks"
    )
    bridge = None
    if broker is not None:
        from zhenzan.broker.bridge import Bridge

        bridge = Bridge(broker, parts.service, parts.ledger)
        parts.beside["broker"] = bridge.figures
        bridge.start()
    deliveries.start()
    parts.gate.start()
    try:
        yield
    finally:
        parts.gate.close()
        stop.set()
        if bridge is not None:
            bridge.stop()
        deliveries.join()
