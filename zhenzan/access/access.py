"""Everything that decides who may ask, in one place, kept fresh by one thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from zhenzan.access.audit import AuditLog, Look, write_looks
from zhenzan.access.first import FirstTokens
from zhenzan.access.identity import Identity
from zhenzan.access.keys import KeyRing
from zhenzan.access.rate import RateLimits
from zhenzan.access.users import UserBook
from zhenzan.clock import Clock, system
from zhenzan.store.text import storable

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

TICK_S = 1.0
"""How often looks are written, and how soon a key that another process revoked opens nothing."""

LOOKS_MAX = 100_000
"""Looks that may wait to be written; beyond it requests for personal data are refused."""


class Access:
    """Keys, users, rates and logs over one store.

    Parameters
    ----------
    clock
        Wall time, for what is written and for what expires.
    steady
        Seconds that never run backwards, for rates.
    """

    def __init__(
        self, store: Store, *, clock: Clock = system, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.store = store
        self.rates = RateLimits(steady)
        self.first = FirstTokens(store, clock=clock)
        self.keys = KeyRing(store, clock=clock)
        self.users = UserBook(store, self.rates, clock=clock)
        self.audit = AuditLog(store, clock=clock)
        self._clock = clock
        self._looks: deque[Look] = deque()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def first_token(self) -> str | None:
        """Make the token of the first start; None where there has ever been a key, or a user."""
        return None if self.keys.all_keys() else self.first.make()

    def wait_s(self, who: Identity) -> float:
        """Take one request from somebody's rate; return the seconds to wait, 0.0 if none."""
        return self.rates.take(who.name, rate_per_s=who.rate_per_s, burst=who.burst)

    def look(self, actor: str, route: str, subject: str) -> bool:
        """Take down that somebody is shown personal data; False if the log cannot keep up."""
        if len(self._looks) >= LOOKS_MAX:
            return False
        self._looks.append(Look(int(self._clock() * 1e6), actor, route, storable(subject)))
        return True

    def tick(self) -> None:
        """Write the looks that wait, and read keys, users and sessions anew."""
        looks = [self._looks.popleft() for _ in range(len(self._looks))]
        try:
            write_looks(self.store, looks)
        except Exception:
            self._looks.extendleft(reversed(looks))
            raise
        self.keys.refresh()
        self.users.refresh()

    def start(self) -> None:
        """Tick in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._run, name="zhenzan-access", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop ticking, and write what waits."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.tick()

    def _run(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        while not self._stop.wait(TICK_S):
            try:
                self.tick()
            except SQLAlchemyError:
                # The database is away; what waits is written when it is back, and what is known
                # stays in force meanwhile.
                continue
