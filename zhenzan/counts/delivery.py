"""Delivers revisions to webhooks: signs, sends, waits longer after each failure, gives up.

A message may arrive twice where an answer was lost, never not at all before it is given up; the
header ``Zhenzan-Delivery`` is the same for both. Time, chance and the network are passed in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock
from typing import TYPE_CHECKING

from zhenzan import __version__
from zhenzan.counts.interface import StateRow
from zhenzan.counts.webhooks import DeadLetter, Webhook, WebhookBook, message
from zhenzan.counts.wire import state_body
from zhenzan.errors import MissingExtra, WebhookError

if TYPE_CHECKING:
    import numpy as np

    from zhenzan.clock import Clock
    from zhenzan.counts.guard import AddressGuard
    from zhenzan.counts.ledger import CountLedger

Post = Callable[[str, bytes, Mapping[str, str]], int]
"""Sends a body to an address and gives the HTTP status; raises `WebhookError` without one."""

TIMEOUT_S = 10.0
"""How long a receiver may take to answer; a receiver should store first and work later."""

SECONDS_AFTER_FIRST = 5.0
SECONDS_MAX = 3_600.0
"""The wait doubles from the one to the other: twelve attempts span about three and a half hours."""

POLL_S = 0.5
"""How long new revisions wait at most before somebody looks for them."""

WORKERS = 4
"""Webhooks told at the same time, so that a slow one holds up three others at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to: ``idle``, ``delivered``, ``failed`` or ``given_up``."""

    word: str
    error: str | None = None


class Deliverer:
    """Tells every webhook what it has not been told yet.

    Parameters
    ----------
    chance
        Spreads the waits, so that receivers that fell together are not called together.
    attempts_max
        Attempts before a message is set aside.
    """

    def __init__(
        self,
        ledger: CountLedger,
        book: WebhookBook,
        post: Post,
        *,
        clock: Clock,
        chance: np.random.Generator,
        attempts_max: int,
    ) -> None:
        self._ledger = ledger
        self._book = book
        self._post = post
        self._clock = clock
        self._chance = chance
        self._attempts_max = attempts_max
        self._busy: set[str] = set()
        self._lock = Lock()

    def deliver(self, webhook: Webhook) -> Outcome:
        """Make one attempt at the next message of a webhook, whether or not it is due."""
        rows, cursor = message(self._ledger, webhook)
        if not rows:
            if cursor > webhook.cursor:
                self._book.delivered(webhook, cursor)
            return Outcome("idle")
        error = self._send(webhook, rows)
        if error is None:
            self._book.delivered(webhook, cursor)
            return Outcome("delivered")
        now_us = int(self._clock() * 1e6)
        if webhook.attempts + 1 >= self._attempts_max:
            self._book.give_up(webhook, cursor, error, now_us)
            return Outcome("given_up", error)
        self._book.failed(webhook, error, now_us + int(self._wait_s(webhook.attempts) * 1e6))
        return Outcome("failed", error)

    def replay(self, webhook: Webhook, letter: DeadLetter) -> Outcome:
        """Make one more attempt at a message that was given up; forget it where it arrives."""
        cursor, rows = letter.revision_from - 1, list[StateRow]()
        while cursor < letter.revision_to:
            some, cursor = self._ledger.revisions(cursor, 1_000, first=not webhook.changes_only)
            rows += [row for row in some if row.revision <= letter.revision_to]
        error = self._send(webhook, rows) if rows else None
        if error is not None:
            return Outcome("failed", error)
        self._book.forget_letter(letter.letter_id)
        return Outcome("delivered")

    def due(self) -> list[Webhook]:
        """Give the webhooks that may be told something now and are not being told already."""
        now_us = int(self._clock() * 1e6)
        newest = self._ledger.last_revision()
        with self._lock:
            return [
                webhook
                for webhook in self._book.all()
                if webhook.active
                and webhook.cursor < newest
                and webhook.next_us <= now_us
                and webhook.webhook_id not in self._busy
            ]

    def run(self, stop: Event, report: Callable[[Outcome], None]) -> None:
        """Deliver until told to stop; each attempt's outcome is reported.

        An error of the database ends no delivery for good: it is reported and tried again.
        """
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="webhooks") as pool:
            while not stop.is_set():
                try:
                    waiting = self.due()
                except Exception as error:
                    report(Outcome("failed", f"{type(error).__name__}: {error}"))
                    waiting = []
                for webhook in waiting:
                    with self._lock:
                        self._busy.add(webhook.webhook_id)
                    pool.submit(self._attempt, webhook, report)
                stop.wait(POLL_S)

    def _attempt(self, webhook: Webhook, report: Callable[[Outcome], None]) -> None:
        try:
            report(self.deliver(webhook))
        except Exception as error:
            report(Outcome("failed", f"{type(error).__name__}: {error}"))
        finally:
            with self._lock:
                self._busy.discard(webhook.webhook_id)

    def _send(self, webhook: Webhook, rows: list[StateRow]) -> str | None:
        """Send one message; give what went wrong, None where the receiver took it."""
        body = json.dumps(
            {
                "webhook_id": webhook.webhook_id,
                "revision_from": rows[0].revision,
                "revision_to": rows[-1].revision,
                "revisions": [state_body(row) for row in rows],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        at_s = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"zhenzan/{__version__}",
            "Zhenzan-Delivery": f"{webhook.webhook_id}:{rows[0].revision}-{rows[-1].revision}",
            "Zhenzan-Signature": signature(webhook.secret, at_s, body),
        }
        try:
            status = self._post(webhook.url, body, headers)
        except WebhookError as error:
            return str(error)
        return None if 200 <= status < 300 else f"the receiver answered {status}"

    def _wait_s(self, failures: int) -> float:
        longest = min(SECONDS_MAX, SECONDS_AFTER_FIRST * 2.0**failures)
        with self._lock:
            return longest * (0.5 + 0.5 * float(self._chance.random()))


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 over the time of sending, a full stop, and the body.

    Examples
    --------
    >>> signature("secret", 1_700_000_000, b"{}")[:24]
    't=1700000000,v1=b8569b78'
    """
    mac = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={mac.hexdigest()}"


def http_post(guard: AddressGuard) -> Post:
    """Make the way over the network: to the address that the guard checked, no redirects.

    Raises
    ------
    MissingExtra
        httpx is not installed.
    """
    try:
        import httpx
    except ImportError as error:
        raise MissingExtra("service", package="httpx") from error

    client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target = guard.check(url)
        inner = f"[{target.address}]" if ":" in target.address else target.address
        checked = target.url._replace(netloc=f"{inner}:{target.port}").geturl()
        named = {**headers, "Host": target.url.netloc}
        try:
            # The certificate is checked against the name; the receiver's body is not read.
            extensions = {"sni_hostname": target.host}
            with client.stream(
                "POST", checked, content=body, headers=named, extensions=extensions
            ) as response:
                return response.status_code
        except httpx.HTTPError as error:
            raise WebhookError(f"`{target.host}`: {type(error).__name__}") from error

    return post
