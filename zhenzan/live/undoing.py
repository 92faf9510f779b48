"""Takes a version of a rule back in a running service: each like it moved, by a revision."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow.parquet as pq

from zhenzan.clock import DAY_US, SECOND_US
from zhenzan.counts.interface import LikeRow, Revision
from zhenzan.errors import RuleError, SourceError
from zhenzan.events.state import COUNT_STATES
from zhenzan.live.apart import closed_likes, facts_of, score_apart, span_us
from zhenzan.live.folders import HISTORY, RESCORED, SETTLED
from zhenzan.live.scorer import Facts
from zhenzan.live.settler import MARK
from zhenzan.rules.batch import FILE
from zhenzan.rules.faults import refusal
from zhenzan.rules.undo import CODE, TEXT, TEXT_ZH, Without, without
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
        return undo_in_ledger(data / "live", CountLedger(store), version, settings)
    finally:
        store.close()


def undo_in_ledger(
    folder: Path, ledger: CountLedger, version: tuple[str, int], settings: Settings
) -> dict[str, int]:
    """Revise every like that a version of a rule moved, however long ago.

    What a like is without the rule comes from the outputs of the last settling, which hold what
    every rule said of every like of the last ``settle_days``. Likes from before that name the
    version are scored again from history, under the rules that stand now. An answer that a person
    gave stands.

    Parameters
    ----------
    folder
        The service's folder.

    Returns
    -------
    dict
        ``revised``: likes that have another answer now; ``waiting``: likes that name the version
        and came after the last settling, which the next one answers without it; ``gone``: likes
        that name it and whose history was deleted by its age, so that their answer stands.

    Raises
    ------
    RuleError
        The version is named by no like.
    SourceError
        Nothing was settled yet.
    """
    facts = facts_of(folder / SETTLED)
    path = folder / SETTLED / FILE
    if facts is None and not path.exists():
        hint = "wait for the settler; it answers without a rule that is stopped"
        raise SourceError(f"`{path}` cannot be read", hint=hint)
    key = f"{version[0]}@{version[1]}"
    naming = _naming(ledger, key)
    told = _told(path, version, settings, named=bool(naming))
    revised = 0 if told is None else _take_back(told, ledger, key)
    known = set() if told is None else set(told.event_id.tolist())
    since = {name: ts_us for name, ts_us in naming.items() if name not in known}
    until_us = ledger.progress(MARK)
    past = {name: ts_us for name, ts_us in since.items() if ts_us <= until_us}
    found: set[str] = set()
    if past:
        rows = _rescored(folder, past, settings, facts or Facts())
        revised += _answer_again(rows, past, ledger, key, found)
    return {
        "revised": revised,
        "waiting": len(since) - len(past),
        "gone": len(past.keys() - found),
    }


def _naming(ledger: CountLedger, key: str) -> dict[str, int]:
    """Give the likes whose answer names a version of a rule, with their times."""
    from sqlalchemy import select

    wanted = LIKES.c.rule_version.contains(key, autoescape=True)
    columns = select(LIKES.c.event_id, LIKES.c.ts_us, LIKES.c.rule_version)
    with ledger.store.reading() as connection:
        rows = connection.execute(columns.where(wanted)).all()
    return {row.event_id: row.ts_us for row in rows if key in row.rule_version.split(",")}


def _told(
    path: Path, version: tuple[str, int], settings: Settings, *, named: bool
) -> Without | None:
    """Say what the last settling knows of a version; None where it knew it no more."""
    if not path.exists():
        return None
    try:
        return without(pq.read_table(path), *version, settings)
    except RuleError:
        if not named:
            raise
        return None


def _take_back(told: Without, ledger: CountLedger, key: str) -> int:
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
    return len(revisions)


def _rescored(
    folder: Path, past: Mapping[str, int], settings: Settings, facts: Facts
) -> Iterator[list[dict[str, object]]]:
    """Score the history around likes again; what came after them is known, as to the settler."""
    warm_us, after_us = settings.settle_days * DAY_US, settings.follow_up_s * SECOND_US
    low, high = min(past.values()) - warm_us, max(past.values()) + after_us
    files = []
    for path in sorted((folder / HISTORY).glob("*.parquet")):
        first_us, last_us = span_us(path)
        if last_us >= max(low, 1) and first_us <= high:
            files.append(path)
    if not files:
        return
    out = folder / RESCORED
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    try:
        score_apart(files, out, settings, facts)
        yield from closed_likes(out, max(past.values()))
    finally:
        shutil.rmtree(out)


def _answer_again(
    rows: Iterator[list[dict[str, object]]],
    past: Mapping[str, int],
    ledger: CountLedger,
    key: str,
    found: set[str],
) -> int:
    revised = 0
    for some in rows:
        mine = {str(row["event_id"]): row for row in some if row["event_id"] in past}
        found.update(mine)
        revisions = []
        for event_id, stands in ledger.standing(mine).items():
            now = str(mine[event_id]["count_state"])
            if stands.cause != "review" and stands.state != now:
                score = cast(float, mine[event_id]["score"])
                revisions.append(_revision(stands, key, now, score))
        ledger.revise(revisions)
        revised += len(revisions)
    return revised


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
