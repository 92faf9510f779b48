"""API keys: shown once, kept as a hash, found by a prefix, with an end, and revocable.

A key is ``zz_PREFIX_SECRET``. All keys are held in memory, so that a request waits for no database;
`KeyRing.refresh` reads them anew, which is how a revocation by another process arrives.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from zhenzan.access.audit import AuditLog
from zhenzan.access.first import FirstTokens
from zhenzan.access.identity import Identity
from zhenzan.access.roles import Role, roles_of
from zhenzan.access.secret import digest, matches, new_secret
from zhenzan.clock import DAY_US, Clock, system
from zhenzan.errors import AccessError
from zhenzan.store.tables.access import API_KEYS
from zhenzan.store.text import is_storable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from zhenzan.store.engine import Store

PREFIX_BYTES = 6
DAYS_DEFAULT = 90
DAYS_MAX = 730
RATE_PER_S = 5_000.0
BURST = 10_000.0
RATE_MAX = 1e6
"""More than one client of two cores brings in; a key for a page of figures wants far less."""

_KEY = re.compile(r"zz_([0-9a-f]{12})_([A-Za-z0-9_-]{20,80})")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept; nothing in it opens anything."""

    prefix: str
    sha256: str
    name: str
    roles: frozenset[Role]
    merchant_id: str | None
    rate_per_s: float
    burst: float
    created_us: int
    expires_us: int
    revoked_us: int | None

    def state(self, now_us: int) -> str:
        """Say whether it is ``valid``, ``expired`` or ``revoked``."""
        if self.revoked_us is not None:
            return "revoked"
        return "expired" if now_us >= self.expires_us else "valid"


class KeyRing:
    """All keys of a store."""

    def __init__(self, store: Store, *, clock: Clock = system) -> None:
        self._store = store
        self._clock = clock
        self._audit = AuditLog(store, clock=clock)
        self._first = FirstTokens(store, clock=clock)
        self._keys: dict[str, Key] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the keys anew; others may go on asking meanwhile."""
        with self._store.reading() as connection:
            rows = connection.execute(select(API_KEYS)).all()
        self._keys = {
            row.prefix: Key(**{**row._mapping, "roles": frozenset(row.roles.split())})
            for row in rows
        }

    def all_keys(self) -> list[Key]:
        """List the keys, the oldest first."""
        return sorted(self._keys.values(), key=lambda key: (key.created_us, key.prefix))

    def make(
        self,
        name: str,
        roles: Iterable[str],
        *,
        by: str,
        merchant_id: str | None = None,
        days: int = DAYS_DEFAULT,
        rate_per_s: float = RATE_PER_S,
        burst: float = BURST,
    ) -> str:
        """Make a key; return it, the only time that it can be seen.

        Raises
        ------
        AccessError
            The roles do not fit together, or a number is outside its limits.
        """
        with self._store.writing() as connection:
            text = self._make_in(
                connection, name, roles, by=by, merchant_id=merchant_id, days=days,
                rate_per_s=rate_per_s, burst=burst,
            )  # fmt: skip
        self.refresh()
        return text

    def begin(self, token: str) -> str:
        """Make the key of the first administrator with the token that the first start printed.

        It asks as often as it likes, so that one client can bring everything in.

        Raises
        ------
        AccessError
            The token opens nothing.
        """
        with self._store.writing() as connection:
            self._first.spend_in(connection, token)
            text = self._make_in(
                connection, "first", ["admin"], by="first token", merchant_id=None,
                days=DAYS_DEFAULT, rate_per_s=RATE_MAX, burst=RATE_MAX,
            )  # fmt: skip
        self.refresh()
        return text

    def _make_in(
        self, connection: Connection, name: str, roles: Iterable[str], *, by: str,
        merchant_id: str | None, days: int, rate_per_s: float, burst: float,
    ) -> str:  # fmt: skip
        held = roles_of(roles, merchant_id)
        if not name.strip() or not is_storable(name + (merchant_id or "")):
            raise AccessError(
                "a key needs a name that is UTF-8 without NUL", hint="name who will use it"
            )
        if not 1 <= days <= DAYS_MAX:
            raise AccessError(f"a key is valid for 1 to {DAYS_MAX} days, not {days}")
        if not (0 < rate_per_s <= RATE_MAX and 1 <= burst <= RATE_MAX):
            raise AccessError("a rate is above 0, a burst at least 1, both up to 1,000,000")
        prefix, secret = secrets.token_hex(PREFIX_BYTES), new_secret()
        text, now = f"zz_{prefix}_{secret}", self._now()
        row = {
            "prefix": prefix, "sha256": digest(text), "name": name, "merchant_id": merchant_id,
            "roles": " ".join(sorted(held)), "rate_per_s": rate_per_s, "burst": burst,
            "created_us": now, "expires_us": now + days * DAY_US, "revoked_us": None,
        }  # fmt: skip
        connection.execute(insert(API_KEYS), row)
        told = {"name": name, "roles": row["roles"], "merchant": merchant_id, "days": days}
        self._audit.note_in(connection, by, "make key", prefix, told)
        return text

    def revoke(self, prefix: str, *, by: str) -> None:
        """Revoke a key; it opens nothing from here on, and never again.

        Raises
        ------
        AccessError
            No key has this prefix, or it was revoked before.
        """
        with self._store.writing() as connection:
            done = connection.execute(
                update(API_KEYS)
                .where(API_KEYS.c.prefix == prefix, API_KEYS.c.revoked_us.is_(None))
                .values(revoked_us=self._now())
            )
            if done.rowcount != 1:
                raise AccessError(f"no key that is in use has the prefix `{prefix}`")
            self._audit.note_in(connection, by, "revoke key", prefix, {})
        self.refresh()

    def check(self, text: str) -> Identity | None:
        """Say whose key this is; None for one that opens nothing, whatever the reason."""
        match = _KEY.fullmatch(text)
        key = self._keys.get(match.group(1)) if match else None
        # A key that is not there takes as long as one whose secret is wrong.
        if not matches(text, key.sha256 if key else digest("")) or key is None:
            return None
        if key.state(self._now()) != "valid":
            return None
        name = f"key {key.name} ({key.prefix})"
        return Identity(name, key.roles, key.merchant_id, key.rate_per_s, key.burst)

    def _now(self) -> int:
        return int(self._clock() * 1e6)
