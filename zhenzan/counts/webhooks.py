"""Webhooks: who is told of revisions, how far each has been told, and what was given up.

A webhook has a cursor in the feed of revisions and nothing else to keep, so a message is made
anew at every attempt and no queue can grow. A message that fails too often is set aside as a dead
letter, and the cursor moves on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from zhenzan.counts.interface import StateRow
from zhenzan.errors import WebhookError
from zhenzan.store.tables.counts import PROGRESS
from zhenzan.store.tables.webhooks import DEAD_LETTERS, WEBHOOKS

if TYPE_CHECKING:
    from zhenzan.counts.guard import AddressGuard
    from zhenzan.counts.ledger import CountLedger
    from zhenzan.store.engine import Store

MESSAGE_REVISIONS_MAX = 100
"""Revisions in one message: about 150 KB with all their reasons."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it stands; ``secret`` signs every message to it.

    ``attempts`` of the message after ``cursor`` have failed, and the next one is due at
    ``next_us``, wall-clock microseconds.
    """

    webhook_id: str
    url: str
    secret: str
    changes_only: bool
    active: bool
    cursor: int
    attempts: int
    next_us: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up: the revisions it held, and why."""

    letter_id: str
    webhook_id: str
    revision_from: int
    revision_to: int
    attempts: int
    error: str
    given_up_us: int


class WebhookBook:
    """Registers webhooks and keeps where each of them stands.

    Parameters
    ----------
    webhooks_max
        Most webhooks that may be registered.
    """

    def __init__(self, store: Store, guard: AddressGuard, *, webhooks_max: int) -> None:
        self._store = store
        self._guard = guard
        self.webhooks_max = webhooks_max

    def add(self, url: str, *, changes_only: bool = True) -> Webhook:
        """Register a webhook that is told of what happens from now on; its secret is made here.

        Raises
        ------
        WebhookError
            The address is refused, or no more webhooks may be registered.
        """
        self._guard.check(url)
        row: dict[str, Any] = {
            "webhook_id": f"wh_{secrets.token_hex(8)}",
            "url": url,
            "secret": f"whsec_{secrets.token_urlsafe(32)}",
            "changes_only": changes_only,
            "active": True,
            "attempts": 0,
            "next_us": 0,
            "last_error": None,
        }
        newest = select(PROGRESS.c.value).where(PROGRESS.c.name == "revision")
        with self._store.writing() as connection:
            count = connection.scalar(select(func.count()).select_from(WEBHOOKS)) or 0
            if count >= self.webhooks_max:
                raise WebhookError(f"{count} webhooks are registered, and no more may be")
            row["cursor"] = connection.scalar(newest) or 0
            connection.execute(insert(WEBHOOKS), row)
        return Webhook(**row)

    def all(self) -> list[Webhook]:
        """Give every webhook, by id."""
        with self._store.reading() as connection:
            found = connection.execute(select(WEBHOOKS).order_by(WEBHOOKS.c.webhook_id)).all()
        return [Webhook(**row._mapping) for row in found]

    def one(self, webhook_id: str) -> Webhook | None:
        """Give one webhook."""
        named = select(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id)
        with self._store.reading() as connection:
            row = connection.execute(named).first()
        return None if row is None else Webhook(**row._mapping)

    def remove(self, webhook_id: str) -> bool:
        """Forget a webhook and its dead letters; False where there was none."""
        with self._store.writing() as connection:
            gone = delete(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id)
            return connection.execute(gone).rowcount > 0

    def set_active(self, webhook_id: str, active: bool) -> bool:
        """Stop telling a webhook, or go on where it stood; False where there is none."""
        with self._store.writing() as connection:
            change = update(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id)
            values = {"active": active, "attempts": 0, "next_us": 0}
            return connection.execute(change.values(values)).rowcount > 0

    def delivered(self, webhook: Webhook, cursor: int) -> None:
        """Move a webhook on to the last revision that it was told."""
        self._move(webhook, cursor=cursor, attempts=0, next_us=0, last_error=None)

    def failed(self, webhook: Webhook, error: str, next_us: int) -> None:
        """Note that an attempt failed and when the next one is due."""
        self._move(webhook, attempts=webhook.attempts + 1, next_us=next_us, last_error=error)

    def give_up(self, webhook: Webhook, last: int, error: str, now_us: int) -> None:
        """Set a message aside as a dead letter and move the webhook past it."""
        letter = {
            "letter_id": f"dl_{secrets.token_hex(8)}",
            "webhook_id": webhook.webhook_id,
            "revision_from": webhook.cursor + 1,
            "revision_to": last,
            "attempts": webhook.attempts + 1,
            "error": error,
            "given_up_us": now_us,
        }
        moved = {"cursor": last, "attempts": 0, "next_us": 0, "last_error": error}
        of = WEBHOOKS.c.webhook_id == webhook.webhook_id
        with self._store.writing() as connection:
            if connection.execute(update(WEBHOOKS).where(of).values(moved)).rowcount:
                connection.execute(insert(DEAD_LETTERS), letter)

    def dead_letters(self, webhook_id: str) -> list[DeadLetter]:
        """Give what was given up for a webhook, the oldest revisions first."""
        of = select(DEAD_LETTERS).where(DEAD_LETTERS.c.webhook_id == webhook_id)
        with self._store.reading() as connection:
            found = connection.execute(of.order_by(DEAD_LETTERS.c.revision_from)).all()
        return [DeadLetter(**row._mapping) for row in found]

    def forget_letter(self, letter_id: str) -> None:
        """Remove a dead letter that was delivered after all."""
        with self._store.writing() as connection:
            connection.execute(delete(DEAD_LETTERS).where(DEAD_LETTERS.c.letter_id == letter_id))

    def _move(self, webhook: Webhook, **values: object) -> None:
        # The cursor is named too: an attempt that overlapped another must not move it back.
        of = (WEBHOOKS.c.webhook_id == webhook.webhook_id, WEBHOOKS.c.cursor == webhook.cursor)
        with self._store.writing() as connection:
            connection.execute(update(WEBHOOKS).where(*of).values(values))


def message(ledger: CountLedger, webhook: Webhook) -> tuple[list[StateRow], int]:
    """Read the revisions that a webhook is to be told next, and the cursor after them."""
    rows, cursor = ledger.revisions(
        webhook.cursor, MESSAGE_REVISIONS_MAX, first=not webhook.changes_only
    )
    return list(rows), cursor
