"""Addresses and device ids as keyed hashes: alike stays alike for a while, and nobody can go back.

Each period has a secret of its own. Within a period the same address has the same hash, so that
groups can still be found in stripped history; when its secret is destroyed the hashes of that
period say nothing to anybody, not even to who runs the service (C7-05, C7-47).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, insert, select, update

from zhenzan.clock import DAY_US, Clock, system
from zhenzan.store.tables.access import IDENTIFIER_KEYS

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

PERIOD_US = 30 * DAY_US
"""How long one secret is used; identifiers of two periods cannot be linked."""

KEPT_PERIODS = 6
"""Periods whose secret is kept, so that late rows of that time still match; half a year, as long
as network logs are kept (section 6 of the requirements, C10-23)."""

MARK = "h1:"
"""Begins every hash, so that what was stripped is seen and not stripped again."""


class Hider:
    """Hashes identifiers under the secret of their period."""

    def __init__(self, store: Store, *, clock: Clock = system) -> None:
        self._store = store
        self._clock = clock
        self._secrets: dict[int, bytes | None] = {}

    def hide(self, values: pa.Array, ts_us: int) -> pa.Array:
        """Hash the identifiers of one period; null stays null, and a hash stays a hash.

        Parameters
        ----------
        values
            Strings.
        ts_us
            A moment of the period that they belong to.

        Where the secret of the period is destroyed, all of them become null: a hash under a new
        secret would link to nothing.
        """
        secret = self._secret(ts_us // PERIOD_US)
        if secret is None:
            return pa.nulls(len(values), pa.string())
        coded = values.cast(pa.string()).dictionary_encode()
        words = [
            text if text is None or text.startswith(MARK) else _hashed(secret, text)
            for text in coded.dictionary.to_pylist()
        ]
        return pa.DictionaryArray.from_arrays(
            coded.indices, pa.array(words, pa.string())
        ).dictionary_decode()

    def due(self) -> int:
        """Count the secrets that `rotate` would destroy."""
        before = int(self._clock() * 1e6) // PERIOD_US - KEPT_PERIODS
        with self._store.reading() as connection:
            found = connection.scalar(
                select(func.count()).where(
                    IDENTIFIER_KEYS.c.period < before, IDENTIFIER_KEYS.c.secret.is_not(None)
                )
            )
        return int(found or 0)

    def rotate(self) -> int:
        """Destroy the secrets of periods that are over for long; return how many."""
        now = int(self._clock() * 1e6)
        before = now // PERIOD_US - KEPT_PERIODS
        with self._store.writing() as connection:
            done = connection.execute(
                update(IDENTIFIER_KEYS)
                .where(IDENTIFIER_KEYS.c.period < before, IDENTIFIER_KEYS.c.secret.is_not(None))
                .values(secret=None, destroyed_us=now)
            )
        self._secrets.clear()
        return int(done.rowcount)

    def _secret(self, period: int) -> bytes | None:
        if period not in self._secrets:
            self._secrets[period] = self._stored(period)
        return self._secrets[period]

    def _stored(self, period: int) -> bytes | None:
        now = int(self._clock() * 1e6)
        row = {"period": period, "secret": secrets.token_bytes(32), "destroyed_us": None}
        if period < now // PERIOD_US - KEPT_PERIODS:
            row |= {"secret": None, "destroyed_us": now}
        with self._store.writing() as connection:
            found = connection.execute(
                select(IDENTIFIER_KEYS.c.secret).where(IDENTIFIER_KEYS.c.period == period)
            ).first()
            if found is None:
                connection.execute(insert(IDENTIFIER_KEYS), row)
                return row["secret"]  # type: ignore[return-value]
        return None if found.secret is None else bytes(found.secret)


def _hashed(secret: bytes, text: str) -> str:
    # 128 bits of keyed BLAKE2b: as good as HMAC for this, and no two identifiers meet.
    return MARK + hashlib.blake2b(text.encode(), key=secret, digest_size=16).hexdigest()


def raw_left(column: pa.ChunkedArray) -> int:
    """Count the identifiers of a column that are neither missing nor hashed."""
    hidden = pc.starts_with(column.cast(pa.string()), MARK)
    return int(pc.sum(pc.invert(hidden)).as_py() or 0)
