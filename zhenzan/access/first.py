"""The token of the first start: good once, for a day, for the first administrator or their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from zhenzan.access.secret import digest, new_secret
from zhenzan.clock import DAY_US, Clock, system
from zhenzan.errors import AccessError
from zhenzan.store.tables.access import FIRST_TOKENS, USERS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zhenzan.store.engine import Store

TOKEN_US = DAY_US
"""How long a token waits to be used."""


class FirstTokens:
    """Tokens that open a store which nobody can enter yet."""

    def __init__(self, store: Store, *, clock: Clock = system) -> None:
        self._store = store
        self._clock = clock

    def make(self) -> str | None:
        """Make a token, in place of one that waits; None where there is a user.

        So a token that was lost opens nothing from here on.
        """
        now = self._now()
        with self._store.writing() as connection:
            if connection.scalar(select(USERS.c.name).limit(1)):
                return None
            waiting = FIRST_TOKENS.c.used_us.is_(None)
            connection.execute(update(FIRST_TOKENS).where(waiting).values(used_us=now))
            token = new_secret()
            connection.execute(insert(FIRST_TOKENS), {"sha256": digest(token), "created_us": now})
        return token

    def spend_in(self, connection: Connection, token: str) -> None:
        """Use a token up, in the transaction that makes what it is for.

        Raises
        ------
        AccessError
            It was used, is too old, gave way to another or was never given out.
        """
        now = self._now()
        done = connection.execute(
            update(FIRST_TOKENS)
            .where(
                FIRST_TOKENS.c.sha256 == digest(token),
                FIRST_TOKENS.c.used_us.is_(None),
                FIRST_TOKENS.c.created_us > now - TOKEN_US,
            )
            .values(used_us=now)
        )
        if done.rowcount != 1:
            raise AccessError("the token opens nothing", hint="it is good once, for a day")

    def _now(self) -> int:
        return int(self._clock() * 1e6)
