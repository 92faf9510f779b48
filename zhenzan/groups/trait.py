"""What members of a group have in common besides their likes, each trait against its own null."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from zhenzan.clock import HOUR_US
from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import MISSING

SHARED_NATS = 9.2
"""Surprise (one in 10,000) from which shared devices, blocks or registrations are no chance."""

SHARED_MEMBERS_MIN = 0.3
SHARED_LIFT_MIN = 4.0
"""Everyone shares an address block with someone: what counts is four times the usual rate."""

CHANNEL_SHARE_MIN = 0.6
CHANNEL_LIFT_MIN = 5.0

TRAITS = ("device", "block", "batch")

_TRAIT = {
    "device": "SELECT DISTINCT account, device AS value FROM likes WHERE device >= 0",
    "block": "SELECT account, value FROM usual_home_block",
    "batch": "SELECT DISTINCT account, registered_us - registered_us % {hour} AS value FROM likes"
    " WHERE registered_us >= 0",
}

_SHARED = """
WITH used AS (
    {trait}
), known AS (
    SELECT CAST(count(DISTINCT account) AS DOUBLE) AS n FROM used
), usual AS (
    SELECT sum(c * (c - 1)) / greatest(max(known.n) * (max(known.n) - 1), 1) AS chance
    FROM (SELECT CAST(count(*) AS DOUBLE) AS c FROM used GROUP BY value), known
), mine AS (
    SELECT m.g, m.value, CAST(count(*) AS DOUBLE) AS c, max(s.size) AS size FROM ({mine}) m
    JOIN (SELECT g, CAST(count(*) AS DOUBLE) AS size FROM member GROUP BY g) s ON s.g = m.g
    GROUP BY m.g, m.value
)
SELECT g, sum(c * (c - 1)) / 2 AS pairs,
       max(size) * (max(size) - 1) / 2 * max(usual.chance) AS expected,
       {part} / max(size) AS members
FROM mine, usual GROUP BY g
"""

_MINE = "SELECT m.g, u.value FROM member m JOIN used u USING (account)"
_AT_HOME = "SELECT g, value FROM home_block"

_PART = {
    "device": "sum(CASE WHEN c >= 2 THEN c ELSE 0 END)",
    "block": "max(c)",  # one dormitory, not many households
    "batch": "sum(CASE WHEN c >= 2 THEN c ELSE 0 END)",
}

_VERDICT = """
SELECT g FROM ({shared})
WHERE pairs > {lift} * expected AND members >= {members}
    AND pairs * ln(pairs / greatest(expected, 1e-9)) - pairs + expected >= {nats}
"""

_CHANNEL = """
WITH mine AS (
    SELECT a.g, l.channel, CAST(count(*) AS DOUBLE) AS n FROM act a
    JOIN likes l ON l.account = a.account AND l.item = a.item AND l.ts = a.ts
    WHERE l.channel >= 0 GROUP BY a.g, l.channel
), usual AS (
    SELECT channel, count(*) / sum(count(*)) OVER () AS share FROM likes
    WHERE channel >= 0 GROUP BY channel
)
SELECT DISTINCT m.g FROM mine m JOIN usual u USING (channel)
JOIN (SELECT g, sum(n) AS n FROM mine GROUP BY g) t ON t.g = m.g
WHERE m.n >= {share} * t.n AND m.n >= {lift} * u.share * t.n
"""

_CAMPAIGN = """
SELECT a.g FROM act a JOIN likes l ON l.account = a.account AND l.item = a.item AND l.ts = a.ts
GROUP BY a.g HAVING avg(CASE WHEN l.campaign = 1 THEN 1.0 ELSE 0.0 END) >= 0.5
"""


def find_traits(relations: Relations, likes: pa.Table) -> dict[str, set[int] | None]:
    """Name the groups that show each trait; None where the log cannot know it.

    ``device``, ``block`` and ``batch``: pairs of members that share one against the rate at
    which any two accounts do (a block: one that is home to a large part of the members).
    ``channel``: most likes come through a channel that is rare otherwise.
    ``campaign``: most lie inside the official channel.
    """
    found: dict[str, set[int] | None] = {}
    for name, column in zip(TRAITS, ("device", "block", "registered_us"), strict=True):
        query = None
        if is_known(likes, column):
            trait = _TRAIT[name].format(hour=HOUR_US)
            mine = _AT_HOME if name == "block" else _MINE
            shared = _SHARED.format(trait=trait, mine=mine, part=_PART[name])
            query = _VERDICT.format(
                shared=shared, members=SHARED_MEMBERS_MIN, nats=SHARED_NATS, lift=SHARED_LIFT_MIN
            )
        found[name] = _named(relations, query)
    channel = _CHANNEL.format(share=CHANNEL_SHARE_MIN, lift=CHANNEL_LIFT_MIN)
    found["channel"] = _named(relations, channel if is_known(likes, "channel") else None)
    found["campaign"] = _named(relations, _CAMPAIGN if is_known(likes, "campaign") else None)
    return found


def is_known(likes: pa.Table, column: str) -> bool:
    """Tell whether any like names a value of the column."""
    return len(likes) > 0 and pc.max(likes[column]).as_py() > MISSING


def _named(relations: Relations, query: str | None) -> set[int] | None:
    return None if query is None else set(relations.read(query)["g"].to_pylist())
