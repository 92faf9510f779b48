"""Computes everything again from the histories, and says where the ledger differs.

Nothing here shares code with the way the counts were made: sums, chains and withdrawals are asked
of the database in one moment, in SQL that runs on both databases. With the interactions that the
journal holds, the likes themselves are compared too (C2-59: records must be original and whole).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
)

from zhenzan.counts.interface import STATES as STATE_WORDS
from zhenzan.counts.interface import Difference
from zhenzan.counts.reading import JOURNAL, NOTHING, REVISION
from zhenzan.store.tables.counts import COUNTERS, LIKES, PROGRESS, STATES, UNLIKES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zhenzan.store.engine import Store

NAMED_MAX = 1_000
"""Differences listed per check; all of them are counted."""

CHECKS: tuple[str, ...] = (
    "revisions", "history", "standing", "withdrawn", "counters", "position", "interactions",
)  # fmt: skip

_TALLY = (*STATE_WORDS, "withdrawn")


@dataclass(frozen=True, slots=True)
class Taken:
    """A like or unlike that was taken in, as the journal holds it."""

    position: int
    event_id: str
    kind: Literal["like", "unlike"]
    ts_us: int
    account_id: str
    item_id: str | None
    merchant_id: str | None = None
    campaign: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """Records that nobody holds any more: what the ledger says of them is not compared."""

    position: int
    count: int


@dataclass(slots=True)
class Verified:
    """What was looked at and where it differs; ``counts`` has every difference, by check.

    ``unread`` counts the records that were not there to be compared.
    """

    likes: int = 0
    states: int = 0
    counters: int = 0
    unread: int = 0
    differences: list[Difference] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Say whether nothing differs."""
        return not self.counts

    def add(self, difference: Difference) -> None:
        """Count a difference, and keep it while its check has room."""
        count = self.counts[difference.check] = self.counts.get(difference.check, 0) + 1
        if count <= NAMED_MAX:
            self.differences.append(difference)


def verify(store: Store, taken: Iterable[Taken | Unread] | None = None) -> Verified:
    """Compare what is stored with what follows from the histories, all at one moment.

    Parameters
    ----------
    taken
        Every like and unlike of the journal in the order of positions; those that the ledger
        has not applied yet are passed over, and so is an id that came before. None compares no
        interactions.
    """
    found = Verified()
    with store.reading() as connection:
        progress = {row.name: row.value for row in connection.execute(select(PROGRESS))}
        for table, name in ((LIKES, "likes"), (STATES, "states"), (COUNTERS, "counters")):
            setattr(found, name, connection.scalar(select(func.count()).select_from(table)))
        checks = (
            _revisions(connection, progress.get(REVISION, 0)),
            _history(connection),
            _standing(connection),
            _withdrawn(connection),
            _counters(connection),
            _position(connection, progress.get(JOURNAL, NOTHING)),
        )
        for differences in checks:
            for difference in differences:
                found.add(difference)
        if taken is not None:
            applied = progress.get(JOURNAL, NOTHING)
            for differs in _interactions(connection, taken, applied, found):
                found.add(differs)
    return found


def _revisions(connection: Connection, last: int) -> Iterator[Difference]:
    """Numbers of states run from 1 to the last without a gap."""
    of = select(func.count(), func.min(STATES.c.revision), func.max(STATES.c.revision))
    count, least, most = connection.execute(of).one()
    if (count, least or 0, most or 0) != (last, min(last, 1), last):
        stored = f"{count} states, numbered {least} to {most}"
        yield Difference("revisions", "all", stored, f"{last} states, numbered 1 to {last}")


def _history(connection: Connection) -> Iterator[Difference]:
    """States of a like are numbered from 1, and each follows on the one before."""
    window: dict[str, Any] = {"partition_by": STATES.c.event_id, "order_by": STATES.c.seq}
    before = func.lag(STATES.c.state).over(**window)
    taken_back = func.lag(STATES.c.withdrawn).over(**window)
    at = select(
        STATES.c.event_id,
        STATES.c.seq,
        STATES.c.state_before,
        STATES.c.withdrawn,
        func.row_number().over(**window).label("number"),
        before.label("before"),
        taken_back.label("taken_back"),
        (func.lag(STATES.c.revision).over(**window) > STATES.c.revision).label("early"),
    ).subquery()
    wrong = or_(
        at.c.seq != at.c.number,
        at.c.state_before.is_distinct_from(at.c.before),
        and_(at.c.taken_back, not_(at.c.withdrawn)),
        at.c.early,
    )
    for row in connection.execute(select(at).where(wrong).order_by(at.c.event_id, at.c.seq)):
        stored = f"state {row.seq} follows on {row.state_before}"
        expected = f"state {row.number} follows on {row.before}"
        yield Difference("history", row.event_id, stored, expected)


def _standing(connection: Connection) -> Iterator[Difference]:
    """A like stands as its last state says, and as its last answer that is no unlike says."""
    last = _latest("last", None)
    answer = _latest("answer", STATES.c.cause != "unlike")
    pairs = [(LIKES.c[name], last.c[name]) for name in ("seq", "revision", "withdrawn")]
    told = ("state", "score", "cause", "as_of_us", "group_id", "rule_version", "model_version")
    pairs += [(LIKES.c[name], answer.c[name]) for name in told]
    joined = LIKES.outerjoin(last, last.c.event_id == LIKES.c.event_id).outerjoin(
        answer, answer.c.event_id == LIKES.c.event_id
    )
    columns = [column for pair in pairs for column in pair]
    of = (
        select(LIKES.c.event_id, *columns)
        .select_from(joined)
        .where(or_(*(stored.is_distinct_from(expected) for stored, expected in pairs)))
    )
    for row in connection.execute(of.order_by(LIKES.c.event_id)):
        names = [stored.name for stored, _ in pairs]
        wrong = [
            (name, row[1 + 2 * place], row[2 + 2 * place])
            for place, name in enumerate(names)
            if row[1 + 2 * place] != row[2 + 2 * place]
        ]
        stored = ", ".join(f"{name} {value}" for name, value, _ in wrong)
        expected = ", ".join(f"{name} {value}" for name, _, value in wrong)
        yield Difference("standing", row.event_id, stored, expected)


def _latest(name: str, only: Any) -> Any:
    """Give the state of each like with the greatest ``seq``, of those that are meant."""
    of = select(STATES.c.event_id, func.max(STATES.c.seq).label("seq"))
    if only is not None:
        of = of.where(only)
    last = of.group_by(STATES.c.event_id).subquery()
    same = and_(STATES.c.event_id == last.c.event_id, STATES.c.seq == last.c.seq)
    return select(STATES).join(last, same).subquery(name)


def _withdrawn(connection: Connection) -> Iterator[Difference]:
    """A like is taken back exactly where an unlike of its account and item is not earlier."""
    unliked = exists().where(
        UNLIKES.c.account_id == LIKES.c.account_id,
        UNLIKES.c.item_id == LIKES.c.item_id,
        UNLIKES.c.ts_us >= LIKES.c.ts_us,
    )
    of = select(LIKES.c.event_id, LIKES.c.withdrawn).where(LIKES.c.withdrawn != unliked)
    for row in connection.execute(of.order_by(LIKES.c.event_id)):
        stored, expected = ("taken back", "not") if row.withdrawn else ("not", "taken back")
        yield Difference("withdrawn", row.event_id, stored, expected)


def _counters(connection: Connection) -> Iterator[Difference]:
    """Counters are the sums over the last states of the histories."""
    last = _latest("last", None)
    sides = [_summed(last, subject) for subject in ("item", "account", "merchant")]
    stored = [COUNTERS.c[name] for name in _columns()]
    nothing = [literal(0).label(f"expected_{column.name}") for column in stored]
    told = [column.label(f"stored_{column.name}") for column in stored]
    sides.append(select(COUNTERS.c.subject, COUNTERS.c.key, *nothing, *told))
    both = union_all(*sides).subquery()
    names = [f"{side}_{name}" for side in ("expected", "stored") for name in _columns()]
    sums = [cast(func.sum(both.c[name]), BigInteger).label(name) for name in names]
    of = select(both.c.subject, both.c.key, *sums).group_by(both.c.subject, both.c.key)
    wrong = [
        func.sum(both.c[f"expected_{name}"]) != func.sum(both.c[f"stored_{name}"])
        for name in _columns()
    ]
    for row in connection.execute(of.having(or_(*wrong)).order_by(both.c.subject, both.c.key)):
        values = row._mapping
        uneven = [n for n in _columns() if values[f"expected_{n}"] != values[f"stored_{n}"]]
        stored_text = ", ".join(f"{name} {values[f'stored_{name}']}" for name in uneven)
        expected_text = ", ".join(f"{name} {values[f'expected_{name}']}" for name in uneven)
        yield Difference("counters", f"{row.subject} {row.key}", stored_text, expected_text)


def _columns() -> Sequence[str]:
    return (*_TALLY, *(f"campaign_{name}" for name in _TALLY))


def _summed(last: Any, subject: str) -> Select[Any]:
    key = LIKES.c[f"{subject}_id"]
    word = case((last.c.withdrawn, "withdrawn"), else_=last.c.state)
    expected = [
        func.sum(case((and_(word == name, LIKES.c.campaign == campaign), 1), else_=0)).label(
            f"expected_{'campaign_' if campaign else ''}{name}"
        )
        for campaign in (False, True)
        for name in _TALLY
    ]
    nothing = [literal(0).label(f"stored_{name}") for name in _columns()]
    return (
        select(literal(subject).label("subject"), key.label("key"), *expected, *nothing)
        .select_from(LIKES.join(last, last.c.event_id == LIKES.c.event_id))
        .where(key.is_not(None))
        .group_by(key)
    )


def _position(connection: Connection, applied: int) -> Iterator[Difference]:
    """No like or unlike comes from a record beyond the position that is applied."""
    for table in (LIKES, UNLIKES):
        most = connection.scalar(select(func.max(table.c.position)))
        if most is not None and most > applied:
            yield Difference("position", table.name, f"a record at {most}", f"none after {applied}")


def _interactions(
    connection: Connection, taken: Iterable[Taken | Unread], applied: int, found: Verified
) -> Iterator[Difference]:
    """Walk the journal and the ledger side by side, in the order of positions."""
    stored = _stored(connection)
    here = next(stored, None)
    for record in taken:
        if record.position > applied:
            break
        while here is not None and here.position < record.position:
            yield Difference("interactions", here.event_id, _told(here), "nothing")
            here = next(stored, None)
        if isinstance(record, Unread):
            found.unread += record.count
            while here is not None and here.position < record.position + record.count:
                here = next(stored, None)
            continue
        if here is None or here.position > record.position:
            if not _held_before(connection, record):
                yield Difference("interactions", record.event_id, "nothing", _told(record))
            continue
        if record.merchant_id is None:
            # The owner of an item may stand in the side table of items alone.
            here = replace(here, merchant_id=None)
        if here != record:
            yield Difference("interactions", record.event_id, _told(here), _told(record))
        here = next(stored, None)
    while here is not None:
        yield Difference("interactions", here.event_id, _told(here), "nothing")
        here = next(stored, None)


def _held_before(connection: Connection, record: Taken) -> bool:
    """Say whether an earlier record had the same id: then this one counts for nothing."""
    return any(
        connection.scalar(
            select(func.count())
            .select_from(table)
            .where(table.c.event_id == record.event_id, table.c.position < record.position)
        )
        for table in (LIKES, UNLIKES)
    )


def _stored(connection: Connection) -> Iterator[Taken]:
    both = ("position", "event_id", "ts_us", "account_id", "item_id")
    likes = select(
        *(LIKES.c[name] for name in both),
        literal("like").label("kind"),
        LIKES.c.merchant_id,
        LIKES.c.campaign,
    )
    unlikes = select(*(UNLIKES.c[name] for name in both), literal("unlike"), null(), literal(False))
    rows = union_all(likes, unlikes).order_by("position")
    streamed = connection.execution_options(stream_results=True)
    for row in streamed.execute(rows):
        yield Taken(
            row.position, row.event_id, row.kind, row.ts_us, row.account_id, row.item_id,
            row.merchant_id, bool(row.campaign),
        )  # fmt: skip


def _told(record: Taken) -> str:
    where = "" if record.item_id is None else f" on `{record.item_id}`"
    return f"{record.kind} of `{record.account_id}`{where} at {record.ts_us}"
