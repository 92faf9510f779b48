"""Runs the consumer and the feed of revisions beside the service, each in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING

from zhenzan.broker.client import make_consumer, make_producer
from zhenzan.broker.consumption import Consumption
from zhenzan.broker.outlet import Outlet
from zhenzan.broker.revision_feed import RevisionFeed
from zhenzan.errors import ZhenzanError

if TYPE_CHECKING:
    from zhenzan.broker.options import BrokerOptions
    from zhenzan.broker.revision_feed import RevisionLedger
    from zhenzan.live.interface import Service

LOG = logging.getLogger("zhenzan.broker")


class Bridge:
    """Joins topics to a service and its ledger.

    Stop it before the service is drained, so that what was taken in is told. Where one half ends
    by an error the other goes on; ``failure`` says what ended.

    Parameters
    ----------
    ended
        Called once with the error that ended a half, from that half's thread.
    """

    def __init__(
        self,
        options: BrokerOptions,
        service: Service,
        ledger: RevisionLedger,
        *,
        ended: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.failure: str | None = None
        self._ended = ended
        self._stop = Event()
        self._consumption = Consumption(
            options,
            service,
            lambda reached: make_consumer(options, reached=reached),
            Outlet(make_producer(options)),
        )
        self._feed = RevisionFeed(options, ledger, Outlet(make_producer(options)))
        self._threads = [
            Thread(target=self._guarded, args=(run,), name=name, daemon=True)
            for run, name in (
                (self._consumption.run, "zhenzan-broker-in"),
                (self._feed.run, "zhenzan-broker-revisions"),
            )
        ]

    def start(self) -> None:
        """Begin to consume and to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is on its way, leave the group, and return."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def figures(self) -> dict[str, object]:
        """Give numbers of the moment, and what is wrong where something is."""
        consumed, fed = self._consumption.consumed, self._feed.fed
        return {
            "consumed_messages": consumed.messages,
            "accepted": consumed.accepted,
            "repeated": consumed.repeated,
            "refused": consumed.refused,
            "unreadable": consumed.unreadable,
            "overloads": consumed.overloads,
            "rebalances": consumed.rebalances,
            "pending_messages": consumed.pending,
            "lag_messages": consumed.lag,
            "revisions_sent": fed.messages,
            "revision_cursor": fed.cursor,
            "connected": consumed.connected,
            "running": not self.failure and all(t.is_alive() for t in self._threads),
            "trouble": self.failure or consumed.trouble or fed.trouble,
        }

    def _guarded(self, run: Callable[[Event], None]) -> None:
        try:
            run(self._stop)
        except Exception as error:
            self.failure = (
                str(error) if isinstance(error, ZhenzanError) else f"{type(error).__name__}"
            )
            LOG.error("the broker's side ended", exc_info=error)
            self._ended(self.failure)
