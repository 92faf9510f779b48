"""Takes a version of a rule back in a running service: each like it moved, by a revision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from zhenzan.counts.interface import LikeRow, Revision
from zhenzan.errors import SourceError
from zhenzan.events.state import COUNT_STATES
from zhenzan.live.settler import SETTLED
from zhenzan.rules.batch import FILE
from zhenzan.rules.faults import refusal
from zhenzan.rules.undo import CODE, TEXT, TEXT_ZH, without
from zhenzan.store.engine import open_store
from zhenzan.store.tables.counts import LIKES

if TYPE_CHECKING:
    from zhenzan.counts.ledger import CountLedger
    from zhenzan.rules.book import RuleBook
    from zhenzan.settings import Settings


def undo_in_service(
    data: Path,
    database: str | None,
    book: RuleBook,
    version: tuple[str, int],
    settings: Settings,
) -> dict[str, int]:
    """Open the ledger of a service, which may be running, and take a version back in it.

    Raises
    ------
    RuleError
        The version is live: the next like would bring back what is taken back.
    SourceError
        The service has not settled anything yet.
    """
    from zhenzan.counts.ledger import CountLedger

    standing = book.standings().get(version)
    key = f"{version[0]}@{version[1]}"
    if standing is not None and standing.state == "live":
        hint = f"run `zhenzan rules stop {version[0]}` first"
        raise refusal("RL031", key, "the version is live", hint)
    store = open_store(database or data / "counts.db")
    try:
        return undo_in_ledger(data / "live" / SETTLED, CountLedger(store), version, settings)
    finally:
        store.close()


def undo_in_ledger(
    outputs: Path, ledger: CountLedger, version: tuple[str, int], settings: Settings
) -> dict[str, int]:
    """Revise every like that a version of a rule moved.

    What a like is without the rule comes from the outputs of the last settling, which hold what
    every rule said of every like. An answer that a person gave stands.

    Returns
    -------
    dict
        ``revised``: likes that have another answer now; ``waiting``: likes that name the version
        and came after the last settling, which the next one answers without it.

    Raises
    ------
    SourceError
        Nothing was settled with rules yet.
    """
    from sqlalchemy import select

    try:
        records = pq.read_table(outputs / FILE)
    except OSError as error:
        hint = "wait for the settler; it answers without a rule that is stopped"
        raise SourceError(f"`{outputs / FILE}` cannot be read", hint=hint) from error
    key = f"{version[0]}@{version[1]}"
    told = without(records, *version, settings)
    held = ledger.standing(str(name) for name in told.event_id)
    revisions = []
    for place, event_id in enumerate(told.event_id.tolist()):
        row = held.get(event_id)
        was = COUNT_STATES[told.before.states[place]]
        now = COUNT_STATES[told.after.states[place]]
        if row is None or row.cause == "review" or row.state == now:
            continue
        if key in _rules_of(row) or row.state == was:
            revisions.append(_revision(row, key, now, float(told.after.score[place])))
    ledger.revise(revisions)
    with ledger.store.reading() as connection:
        naming = connection.execute(
            select(LIKES.c.event_id, LIKES.c.rule_version).where(LIKES.c.rule_version.contains(key))
        ).all()
    known = set(told.event_id.tolist())
    waiting = sum(
        row.event_id not in known and key in row.rule_version.split(",") for row in naming
    )
    return {"revised": len(revisions), "waiting": waiting}


def _rules_of(row: LikeRow) -> list[str]:
    return (row.rule_version or "").split(",")


def _revision(row: LikeRow, key: str, state: str, score: float) -> Revision:
    left = ",".join(rule for rule in _rules_of(row) if rule and rule != key)
    reason = {
        "code": CODE,
        "family": "context",
        "side": "against",
        "value": None,
        "usual_low": None,
        "usual_high": None,
        "weight": 0.0,
        "text": f"{TEXT} (rule {key})",
        "text_zh": f"{TEXT_ZH}（规则 {key}）",
    }
    return Revision(
        event_id=row.event_id,
        state=state,  # type: ignore[arg-type]  # COUNT_STATES holds the words of State
        score=score,
        as_of_us=row.as_of_us,
        cause="rule",
        reasons=(reason,),
        group_id=row.group_id,
        rule_version=left or None,
        model_version=row.model_version,
    )
