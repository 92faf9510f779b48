"""The log of what was done: each entry holds the hash of the one before, so no past can change.

A chain shows edits, deletions and reorderings inside it. That its end was cut off shows only
against an anchor, a hash that somebody keeps elsewhere; `AuditLog.anchor` gives it. Its beginning
is cut off when its time is over (``retention.cut``): an entry further on then holds number and
hash of the last entry that went, and the first that is left must follow on it.
Requirements 3.4: "hash of the previous record".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from zhenzan.clock import Clock, system
from zhenzan.errors import AccessError
from zhenzan.store.tables.access import ACCESS_LOG, AUDIT_LOG
from zhenzan.store.text import storable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zhenzan.store.engine import Store

START = "0" * 64
"""What the first entry holds in place of a hash before it."""

CUT = "cut audit log"
"""Action of the entries that tell of a cut; their detail is ``seq`` and ``hash`` of the last entry
that was removed."""

_READ_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, in its place in the chain."""

    seq: int
    at_us: int
    actor: str
    action: str
    object: str
    detail: str
    previous: str
    hash: str

    def sealed(self) -> str:
        """Compute the hash that the entry must have."""
        told = [self.seq, self.at_us, self.actor, self.action, self.object, self.detail]
        text = json.dumps([*told, self.previous], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def cut(self) -> Anchor | None:
        """Give the end of what a cut removed; None for an entry that tells of no cut."""
        if self.action != CUT:
            return None
        try:
            told = json.loads(self.detail)
            return Anchor(int(told["seq"]), str(told["hash"]))
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of the chain at some moment, to be kept where the database's owner cannot write."""

    seq: int
    hash: str


def anchor_of(text: str) -> Anchor:
    """Read an anchor written as ``SEQ:HASH``.

    Raises
    ------
    AccessError
        It is none.
    """
    seq, _, kept = text.partition(":")
    if not seq.isdigit() or len(kept) != len(START):
        raise AccessError(f"`{text}` is no anchor", hint="write SEQ:HASH, as `verify` prints it")
    return Anchor(int(seq), kept)


class AuditLog:
    """Appends to the log, and checks all of it."""

    def __init__(self, store: Store, *, clock: Clock = system) -> None:
        self._store = store
        self._clock = clock

    def note(self, actor: str, action: str, object_: str, **detail: object) -> None:
        """Take down one thing that was done."""
        with self._store.writing() as connection:
            self.note_in(connection, actor, action, object_, detail)

    def note_in(
        self,
        connection: Connection,
        actor: str,
        action: str,
        object_: str,
        detail: Mapping[str, object],
    ) -> None:
        """Take it down in the transaction that does it, so that neither stands without the other.

        Parameters
        ----------
        connection
            One of `Store.writing`, which lets no other writer in.
        """
        last = connection.execute(
            select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
        ).first()
        told = storable(json.dumps(detail, sort_keys=True, ensure_ascii=False))
        actor, object_ = storable(actor), storable(object_)
        seq, previous = (last.seq + 1, last.hash) if last else (1, START)
        open_ = Entry(seq, int(self._clock() * 1e6), actor, action, object_, told, previous, "")
        values = {name: getattr(open_, name) for name in Entry.__dataclass_fields__}
        connection.execute(insert(AUDIT_LOG), {**values, "hash": open_.sealed()})

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Give the entries in their order, seen at one moment."""
        wanted = select(AUDIT_LOG).where(AUDIT_LOG.c.seq > after).order_by(AUDIT_LOG.c.seq)
        with (
            self._store.reading() as connection,
            connection.execution_options(yield_per=_READ_ROWS).execute(wanted) as rows,
        ):
            for row in rows:
                yield Entry(**row._mapping)

    def anchor(self) -> Anchor:
        """Give the end of the chain."""
        last = Anchor(0, START)
        with self._store.reading() as connection:
            row = connection.execute(
                select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
            ).first()
        return last if row is None else Anchor(row.seq, row.hash)

    def verify(self, anchors: tuple[Anchor, ...] = ()) -> list[str]:
        """List everything that is wrong with the log; empty where it is whole.

        Parameters
        ----------
        anchors
            Ends of the chain that were kept elsewhere; without one, a cut-off end cannot be seen.
        """
        wrong: list[str] = []
        wanted = {anchor.seq: anchor.hash for anchor in anchors if anchor.seq}
        removed, cuts = Anchor(0, START), set[Anchor]()
        previous, expected = START, 1
        for entry in self.entries():
            if expected == 1 and entry.seq > 1:
                # Whether the beginning went by a cut is seen once all entries were read.
                removed = Anchor(entry.seq - 1, entry.previous)
                previous, expected = entry.previous, entry.seq
            if entry.seq != expected:
                wrong.append(f"entry {expected} is missing before entry {entry.seq}")
            if entry.previous != previous:
                wrong.append(f"entry {entry.seq} does not follow on the one before it")
            if entry.sealed() != entry.hash:
                wrong.append(f"entry {entry.seq} was changed")
            if wanted.pop(entry.seq, entry.hash) != entry.hash:
                wrong.append(f"entry {entry.seq} is not the one of the anchor")
            if (told := entry.cut()) is not None:
                cuts.add(told)
            previous, expected = entry.hash, entry.seq + 1
        if removed.seq and removed not in cuts:
            wrong.append(f"entries up to {removed.seq} are missing, and no cut tells of them")
        return wrong + _beyond(wanted, removed)


def _beyond(wanted: dict[int, str], removed: Anchor) -> list[str]:
    """Say what is wrong with anchors of entries that are not there."""
    wrong = []
    for seq, kept in sorted(wanted.items()):
        if seq > removed.seq:
            wrong.append(f"entry {seq} of an anchor is missing")
        elif seq < removed.seq:
            wrong.append(
                f"entry {seq} of an anchor went with a cut; give an anchor from {removed.seq} on"
            )
        elif kept != removed.hash:
            wrong.append(f"entry {seq} that was cut off is not the one of the anchor")
    return wrong


@dataclass(frozen=True, slots=True)
class Look:
    """One look at personal data that was let through: who, by which route, at whose."""

    at_us: int
    actor: str
    route: str
    subject: str


def write_looks(store: Store, looks: list[Look]) -> None:
    """Write looks to the access log."""
    if not looks:
        return
    # Not worth a sync each second: the ledger writes through the same lock.
    with store.writing(durable=False) as connection:
        last = connection.scalar(select(func.max(ACCESS_LOG.c.id))) or 0
        rows = [
            {"id": last + place, **{n: getattr(look, n) for n in Look.__dataclass_fields__}}
            for place, look in enumerate(looks, start=1)
        ]
        connection.execute(insert(ACCESS_LOG), rows)


def looks_at(store: Store, subject: str) -> list[Look]:
    """Say who looked at one subject's data, the latest first."""
    with store.reading() as connection:
        rows = connection.execute(
            select(ACCESS_LOG)
            .where(ACCESS_LOG.c.subject == subject)
            .order_by(ACCESS_LOG.c.id.desc())
        )
        return [Look(r.at_us, r.actor, r.route, r.subject) for r in rows]
