"""Webhooks are told every revision, in order, signed; what fails waits longer and is set aside."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Generator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from zhenzan.clock import generator
from zhenzan.counts.delivery import Deliverer, Post, http_post
from zhenzan.counts.guard import AddressGuard, networks
from zhenzan.counts.interface import LikeState, Revision
from zhenzan.counts.ledger import CountLedger
from zhenzan.counts.webhooks import MESSAGE_REVISIONS_MAX, Webhook, WebhookBook
from zhenzan.errors import WebhookError
from zhenzan.store.engine import open_store

URL = "http://127.0.0.1/told"


class Time:
    """A clock that a test moves."""

    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Receiver:
    """Takes messages in this process, with the statuses that a test sets."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict] = []
        self.headers: list[Mapping[str, str]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.bodies.append(json.loads(body))
        self.headers.append(headers)
        return self.status


@pytest.fixture
def ledger(tmp_path: Path) -> Generator[CountLedger]:
    store = open_store(tmp_path / "store.db")
    ledger = CountLedger(store)
    like = LikeState("e0", 0, 1_000, "ann", "item", "shop", False, "counted", 0.1, 1_000)
    ledger.apply(0, 0, [like])
    yield ledger
    store.close()


@pytest.fixture
def book(ledger: CountLedger) -> WebhookBook:
    return WebhookBook(ledger.store, AddressGuard(networks(["127.0.0.0/8"])), webhooks_max=2)


def _deliverer(ledger: CountLedger, book: WebhookBook, post: Post, time: Time) -> Deliverer:
    return Deliverer(ledger, book, post, clock=time, chance=generator(7), attempts_max=3)


def _change(ledger: CountLedger, times: int) -> None:
    for step in range(times):
        score = (ledger.last_revision() * 7 + step) % 101 / 101
        ledger.revise([Revision("e0", "held", score, 2_000, "settled")])


def _now(book: WebhookBook, webhook: Webhook) -> Webhook:
    found = book.one(webhook.webhook_id)
    assert found is not None
    return found


def test_a_webhook_is_told_what_happens_after_it_was_registered(
    ledger: CountLedger, book: WebhookBook
):
    webhook, receiver = book.add(URL), Receiver()
    deliverer = _deliverer(ledger, book, receiver, Time())
    assert deliverer.deliver(webhook).word == "idle"
    _change(ledger, 2)
    assert deliverer.deliver(webhook).word == "delivered"
    assert deliverer.deliver(_now(book, webhook)).word == "idle"
    assert [row["revision"] for row in receiver.bodies[0]["revisions"]] == [2, 3]
    assert receiver.headers[0]["Zhenzan-Delivery"] == f"{webhook.webhook_id}:2-3"


def test_a_message_is_signed_with_its_time(ledger: CountLedger, book: WebhookBook):
    webhook, receiver = book.add(URL), Receiver()
    _change(ledger, 1)
    _deliverer(ledger, book, receiver, Time()).deliver(webhook)
    told = dict(part.split("=") for part in receiver.headers[0]["Zhenzan-Signature"].split(","))
    body = json.dumps(receiver.bodies[0], ensure_ascii=False, separators=(",", ":"))
    wanted = hmac.new(webhook.secret.encode(), f"{told['t']}.{body}".encode(), hashlib.sha256)
    assert (told["t"], told["v1"]) == ("1000000", wanted.hexdigest())


def test_many_revisions_come_in_order_and_in_bounded_messages(
    ledger: CountLedger, book: WebhookBook
):
    webhook, receiver = book.add(URL), Receiver()
    _change(ledger, MESSAGE_REVISIONS_MAX + 5)
    deliverer = _deliverer(ledger, book, receiver, Time())
    while deliverer.deliver(_now(book, webhook)).word == "delivered":
        pass
    told = [row["revision"] for body in receiver.bodies for row in body["revisions"]]
    assert told == list(range(2, MESSAGE_REVISIONS_MAX + 7))
    assert len(receiver.bodies) == 2


def test_answers_at_once_are_told_only_to_those_who_want_them(
    ledger: CountLedger, book: WebhookBook
):
    changes, everything = book.add(URL), book.add(URL, changes_only=False)
    like = LikeState("e1", 1, 2_000, "bob", "item", "shop", False, "held", 0.5, 2_000)
    ledger.apply(1, 1, [like])
    receiver = Receiver()
    deliverer = _deliverer(ledger, book, receiver, Time())
    assert deliverer.deliver(changes).word == "idle"
    assert _now(book, changes).cursor == 2
    assert deliverer.deliver(everything).word == "delivered"


def test_failures_wait_longer_each_time_and_then_become_a_dead_letter(
    ledger: CountLedger, book: WebhookBook
):
    webhook, receiver, time = book.add(URL), Receiver(), Time()
    receiver.status = 500
    _change(ledger, 1)
    deliverer = _deliverer(ledger, book, receiver, time)
    waits = []
    for _ in range(2):
        assert deliverer.deliver(_now(book, webhook)).word == "failed"
        waits.append(_now(book, webhook).next_us / 1e6 - time.now_s)
        assert deliverer.due() == []
        time.now_s += waits[-1]
        assert [one.webhook_id for one in deliverer.due()] == [webhook.webhook_id]
    assert 2.5 <= waits[0] <= 5.0 <= waits[1] <= 10.0
    assert deliverer.deliver(_now(book, webhook)).word == "given_up"
    (letter,) = book.dead_letters(webhook.webhook_id)
    assert (letter.revision_from, letter.revision_to, letter.attempts) == (2, 2, 3)
    assert letter.error == "the receiver answered 500"
    _change(ledger, 1)
    receiver.status = 204
    assert deliverer.deliver(_now(book, webhook)).word == "delivered"
    assert receiver.bodies[-1]["revision_from"] == 3


def test_a_dead_letter_is_replayed_and_forgotten_when_it_arrives(
    ledger: CountLedger, book: WebhookBook
):
    webhook, receiver, time = book.add(URL), Receiver(), Time()
    receiver.status = 500
    _change(ledger, 3)
    deliverer = _deliverer(ledger, book, receiver, time)
    for _ in range(3):
        deliverer.deliver(_now(book, webhook))
    (letter,) = book.dead_letters(webhook.webhook_id)
    assert deliverer.replay(webhook, letter).word == "failed"
    receiver.status = 200
    assert deliverer.replay(webhook, letter).word == "delivered"
    assert [row["revision"] for row in receiver.bodies[-1]["revisions"]] == [2, 3, 4]
    assert book.dead_letters(webhook.webhook_id) == []


def test_a_stopped_webhook_is_not_due_and_goes_on_where_it_stood(
    ledger: CountLedger, book: WebhookBook
):
    webhook, receiver = book.add(URL), Receiver()
    deliverer = _deliverer(ledger, book, receiver, Time())
    book.set_active(webhook.webhook_id, False)
    _change(ledger, 1)
    assert deliverer.due() == []
    book.set_active(webhook.webhook_id, True)
    (due,) = deliverer.due()
    deliverer.deliver(due)
    assert receiver.bodies[0]["revision_from"] == 2


def test_no_more_webhooks_than_the_limit_are_registered(book: WebhookBook):
    first = book.add(URL)
    book.add(URL)
    with pytest.raises(WebhookError, match="no more may be"):
        book.add(URL)
    assert book.remove(first.webhook_id)
    assert not book.remove(first.webhook_id)
    book.add(URL)


@pytest.fixture
def address() -> Generator[tuple[str, list[tuple[str, bytes]]]]:
    """A real receiver on a free port, which sends whoever asks for ``/away`` elsewhere."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["Host"], body))
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()
    thread.join()


def test_messages_go_over_the_network_by_themselves(
    ledger: CountLedger, book: WebhookBook, address: tuple[str, list[tuple[str, bytes]]]
):
    url, taken = address
    webhook = book.add(f"{url}/hook")
    _change(ledger, 2)
    guard = AddressGuard(networks(["127.0.0.0/8"]))
    deliverer = _deliverer(ledger, book, http_post(guard), Time())
    stop, outcomes = threading.Event(), []

    def report(outcome: object) -> None:
        outcomes.append(outcome.word)  # type: ignore[attr-defined]
        stop.set()

    thread = threading.Thread(target=deliverer.run, args=(stop, report))
    thread.start()
    thread.join(20)
    assert outcomes == ["delivered"]
    assert json.loads(taken[0][1])["webhook_id"] == webhook.webhook_id
    assert taken[0][0] == url.removeprefix("http://")


def test_a_redirect_is_not_followed_and_silence_is_a_failure(
    address: tuple[str, list[tuple[str, bytes]]],
):
    url, _ = address
    post = http_post(AddressGuard(networks(["127.0.0.0/8"])))
    assert post(f"{url}/away", b"{}", {}) == 302
    with pytest.raises(WebhookError, match="ConnectError"):
        post("http://127.0.0.1:1/", b"{}", {})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "64:ff9b::a01:203", "2002:a01:203::1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(address: str):
    guard = AddressGuard(resolve=lambda host, port: ["93.184.215.14", address])
    with pytest.raises(WebhookError, match="no public address"):
        guard.check("https://innocent.example/hook")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/", "https://", "https://user:pass@host/", "https://host:99999/", "//host/",
        "https://host/ path", "https://host/\n", "http://public.example/", "https://[::1",
    ],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused(url: str):
    guard = AddressGuard(resolve=lambda host, port: ["93.184.215.14"])
    with pytest.raises(WebhookError):
        guard.check(url)


def test_a_call_goes_to_the_address_that_was_checked():
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    guard = AddressGuard(resolve=lambda host, port: next(answers))
    target = guard.check("https://rebind.example/hook")
    assert (target.address, target.host, target.port) == ("93.184.215.14", "rebind.example", 443)
