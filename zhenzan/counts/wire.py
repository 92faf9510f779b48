"""How the ledger's rows are written as JSON: the same in answers, feeds, streams and webhooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zhenzan.counts.interface import Counters, Group, LikeRow, StateRow, Tally

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(ts_us: int) -> str:
    """Write a time exactly, in UTC.

    Examples
    --------
    >>> time_text(1_700_000_000_000_001)
    '2023-11-14T22:13:20.000001Z'
    """
    moment = _EPOCH + timedelta(microseconds=ts_us)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def state_body(row: StateRow) -> dict[str, Any]:
    """Write one state of one like; ``from_state`` is null in the answer at once."""
    return {
        "revision": row.revision,
        "event_id": row.event_id,
        "seq": row.seq,
        "from_state": row.state_before,
        "count_state": row.state,
        "withdrawn": row.withdrawn,
        "score": row.score,
        "cause": row.cause,
        "as_of": time_text(row.as_of_us),
        "group_id": row.group_id,
        "rule_version": row.rule_version,
        "model_version": row.model_version,
        "reasons": [dict(reason) for reason in row.reasons],
    }


def like_body(row: LikeRow, history: tuple[StateRow, ...]) -> dict[str, Any]:
    """Write a like as it stands, with its whole history, oldest first."""
    return {
        "event_id": row.event_id,
        "ts": time_text(row.ts_us),
        "account_id": row.account_id,
        "item_id": row.item_id,
        "merchant_id": row.merchant_id,
        "campaign": row.campaign,
        "withdrawn": row.withdrawn,
        "score": row.score,
        "count_state": row.state,
        "cause": row.cause,
        "as_of": time_text(row.as_of_us),
        "group_id": row.group_id,
        "history": [state_body(state) for state in history],
    }


def tally_body(tally: Tally) -> dict[str, int]:
    """Write likes by state; ``claimed`` is their sum."""
    return {
        "claimed": tally.claimed,
        "counted": tally.counted,
        "held": tally.held,
        "excluded": tally.excluded,
        "withdrawn": tally.withdrawn,
    }


def counters_body(counters: Counters) -> dict[str, Any]:
    """Write the likes of an item, account or merchant, those of campaigns apart."""
    return {
        f"{counters.subject}_id": counters.key,
        "likes": tally_body(counters.likes),
        "campaign_likes": tally_body(counters.campaign),
    }


def group_body(group_id: str, found: tuple[Group | None, Tally, int]) -> dict[str, Any]:
    """Write a group; what only its finder knows is null where nothing was said."""
    group, likes, accounts = found
    return {
        "group_id": group_id,
        "kind": group.kind if group else None,
        "size": group.size if group else None,
        "as_of": time_text(group.as_of_us) if group else None,
        "detail": dict(group.detail) if group else None,
        "likes": tally_body(likes),
        "accounts": accounts,
    }
