"""Parts a candidate whose members keep two tempos: those who come at once, and those who do not.

Bots that copy what somebody likes share all of it with that person's friends, who like the same
posts hours later, so that one search finds both as one group. Where a quarter of a group's likes
lie within a minute of others, members who come in their own time do not act with it.
They are a candidate of their own, and judged as if the others were not there: a few hasty likes
can neither draw friends into a group nor free a slow crowd of the evidence against it.
"""

from __future__ import annotations

from zhenzan.clock import MINUTE_US
from zhenzan.groups.member import weigh_members
from zhenzan.groups.relations import Relations

HASTE_SHARE = 0.125
"""An eighth of the other members within a minute of a like, for a quarter of a group's likes: a
chat or a notice brings people within minutes, and hardly within the same one."""

LAG_NATS = 4.0
"""A member's likes lie, on average, 50 times less close than those of the hasty quarter."""

_LIKES_MIN = 2

_HASTY = """
SELECT g, percentile_cont(0.75) WITHIN GROUP (ORDER BY time_nats) AS nats FROM act GROUP BY g
"""

_SLOW = """
SELECT a.g, a.account FROM act a JOIN hasty h ON h.g = a.g CROSS JOIN (
    SELECT greatest(CAST(max(last_us) - min(first_us) AS DOUBLE), 1.0) AS span FROM item_size
) s WHERE h.nats >= ln({haste} * s.span / (2.0 * {minute}))
GROUP BY a.g, a.account
HAVING count(*) >= {least} AND sum(h.nats - {lag} - a.time_nats) > 0
"""

_PARTED = """
SELECT g, (SELECT max(g) FROM member) + row_number() OVER (ORDER BY g) AS part
FROM (SELECT DISTINCT g FROM slow)
"""

_MEMBER = """
SELECT coalesce(p.part, m.g) AS g, m.account, m.strength, m.k
FROM member m LEFT JOIN slow s ON s.g = m.g AND s.account = m.account
LEFT JOIN parted p ON p.g = s.g
"""

_AIMED = """
-- Each part aims at what two of its members like.
SELECT p.g, p.part, a.item
FROM (SELECT g, g AS part FROM parted UNION ALL SELECT g, part FROM parted) p
JOIN member m ON m.g = p.part JOIN act a ON a.g = p.g AND a.account = m.account
GROUP BY p.g, p.part, a.item HAVING count(*) >= {least}
"""

_TARGET = """
SELECT t.* FROM target t LEFT JOIN parted p ON p.g = t.g WHERE p.g IS NULL
UNION ALL
SELECT a.part, t.item, t.from_us, t.to_us, t.tries
FROM target t JOIN aimed a ON a.g = t.g AND a.item = t.item
"""

_HIT = """
SELECT h.* FROM hit h LEFT JOIN parted p ON p.g = h.g WHERE p.g IS NULL
UNION ALL
SELECT a.part, h.account, h.item, h.ts, h.category
FROM hit h JOIN aimed a ON a.g = h.g AND a.item = h.item
"""

_APART = """
SELECT s.g, s.account FROM slow s
UNION ALL
SELECT p.part, m.account FROM member m JOIN parted p ON p.g = m.g
"""


def part_by_tempo(relations: Relations) -> bool:
    """Part the candidates of ``act`` by tempo; tell whether there were any to part.

    The slow members of a candidate get a number of their own in ``member``, ``target``, ``hit``,
    ``aim`` and ``odds``; ``apart`` names, for each part, the accounts of the other.
    """
    relations.keep("hasty", _HASTY)
    relations.keep(
        "slow", _SLOW, haste=HASTE_SHARE, minute=MINUTE_US, lag=LAG_NATS, least=_LIKES_MIN
    )
    relations.keep("parted", _PARTED)
    is_parted = relations.one("SELECT count(*) FROM parted")[0] > 0
    if is_parted:
        for name, query in (("member", _MEMBER), ("target", _TARGET), ("hit", _HIT)):
            relations.keep("moved", query)
            relations.keep(name, "SELECT * FROM moved")
            if name == "member":
                relations.keep("aimed", _AIMED, least=_LIKES_MIN)
        relations.drop("aimed", "moved")
        weigh_members(relations, "SELECT g FROM parted UNION ALL SELECT part FROM parted")
    relations.keep("apart", _APART)
    relations.drop("hasty", "slow", "parted")
    return bool(is_parted)
