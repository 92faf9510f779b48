"""Brings every state of the ledger to a topic, in the order of its numbers.

How far it has come is kept in the ledger's store and not read off the topic: numbers belong to the
store they are counted in, while a topic may be split, trimmed or made anew. The mark moves once
the broker has confirmed every message before it, so each state is sent at least once; its number
lets a reader drop what it has seen.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Protocol

from zhenzan.broker.outlet import Outgoing, Outlet, Sending
from zhenzan.counts.interface import Reviser, StateRow
from zhenzan.counts.wire import state_body
from zhenzan.errors import BrokerError

if TYPE_CHECKING:
    from zhenzan.broker.options import BrokerOptions

LOG = logging.getLogger("zhenzan.broker")

PAGE_ROWS = 1_000
POLL_S = 0.5
RETRY_S = 2.0


class RevisionLedger(Reviser, Protocol):
    """What the feed needs of `zhenzan.counts.ledger.CountLedger`."""

    def progress(self, name: str, before: int = 0) -> int:
        """Give how far a reader has come."""
        ...

    def revisions(
        self, cursor: int, limit: int, *, first: bool = True
    ) -> tuple[Sequence[StateRow], int]:
        """Give the states after a cursor, and the cursor that follows them."""
        ...


@dataclass(slots=True)
class Fed:
    """What the feed has sent since it began, and how far it is."""

    messages: int = 0
    cursor: int = 0
    trouble: str | None = None


def mark_name(topic: str) -> str:
    """Name the mark of a topic among those that the store keeps.

    Examples
    --------
    >>> mark_name("revisions")
    'kafka:revisions'
    """
    return f"kafka:{topic}"


class RevisionFeed:
    """Sends states to the topic of revisions until it is stopped; runs in one thread."""

    def __init__(self, options: BrokerOptions, ledger: RevisionLedger, outlet: Outlet) -> None:
        self.fed = Fed()
        self._topic, self._ledger, self._outlet = options.topic_revisions, ledger, outlet

    def run(self, stop: Event) -> None:
        """Send what is new until told to stop.

        A database that is away is tried again; the feed goes on where its mark stands.

        Raises
        ------
        BrokerError
            The broker refuses the messages for good.
        """
        try:
            while not stop.is_set():
                try:
                    went_on = self._page(stop)
                except BrokerError:
                    raise
                except Exception as error:
                    self.fed.trouble = f"{type(error).__name__}: {error}".split("\n")[0]
                    told = {"error": self.fed.trouble}
                    LOG.warning("revisions could not be read", extra={"fields": told})
                    stop.wait(RETRY_S)
                    continue
                self.fed.trouble = None
                if not went_on:
                    stop.wait(POLL_S)
        finally:
            self._outlet.close()

    def _page(self, stop: Event) -> bool:
        """Send one page and move the mark; False where nothing was new or a stop came between."""
        name = mark_name(self._topic)
        cursor = self._ledger.progress(name)
        rows, reached = self._ledger.revisions(cursor, PAGE_ROWS)
        self.fed.cursor = cursor
        if reached == cursor:
            return False
        sending = Sending(deque(_message(self._topic, row) for row in rows))
        self._outlet.feed(sending)
        while not sending.done:
            if stop.is_set():
                return False
            self._outlet.poll(0.05)
            self._outlet.feed(sending)
        self._ledger.revise([], progress={name: reached})
        self.fed.messages += len(rows)
        self.fed.cursor = reached
        return True


def _message(topic: str, row: StateRow) -> Outgoing:
    text = json.dumps(state_body(row), ensure_ascii=False, separators=(",", ":"))
    return Outgoing(topic, row.event_id.encode(), text.encode())
