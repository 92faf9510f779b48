"""Accounts that keep meeting: candidates seen from the side of the accounts.

Of a group whose actions are thinned out hardly two targets keep three accounts in common, but many
of its members still meet twice or thrice on quiet items within hours. Any two meetings may be
chance; accounts of which each two met twice, on different items, are not, and who they are names
the group's targets (`zhenzan.groups.member`), whose test decides whether it is one.
"""

from __future__ import annotations

from zhenzan.clock import HOUR_US
from zhenzan.groups.cluster import add_accounts, label_accounts
from zhenzan.groups.relations import Relations

REACH_US = 4 * HOUR_US
"""Two likes of an item no further apart are a meeting: what is left of a script's minutes when
every action is moved by up to two hours."""

_MEETINGS_MIN = 2
_MEMBERS_MIN = 3
_SUPPORT_MIN = 1
_NEAREST_MAX = 32
_CROWDS = (2, 3, 4, 6, 8, 12)

_CROWD = """
SELECT l.account, l.item, l.ts, l.ts - l.ts % {reach} AS bucket,
       CAST(count(*) OVER (PARTITION BY l.item, l.ts - l.ts % {reach}) AS INTEGER) AS m
FROM liked l JOIN account_size a USING (account) WHERE a.d >= {meetings}
"""

_CROWD_ROWS = """
SELECT {sums} FROM (
    SELECT item, bucket, CAST(max(m) AS DOUBLE) AS m FROM crowded GROUP BY item, bucket
)
"""

_MEETING = """
WITH own AS (
    SELECT account, item, ts, bucket FROM crowded WHERE m <= {crowd}
), beside AS (
    SELECT account, item, ts, bucket FROM own
    UNION ALL SELECT account, item, ts, bucket - {reach} FROM own
    UNION ALL SELECT account, item, ts, bucket + {reach} FROM own
)
SELECT CAST(a.account AS BIGINT) * 4294967296 + b.account AS two, least(a.ts, b.ts) AS ts
FROM own a JOIN beside b ON a.item = b.item AND a.bucket = b.bucket AND a.account < b.account
WHERE abs(a.ts - b.ts) <= {reach}
"""

_AGAIN = """
-- Meetings of one session say that both were awake, not that they act together.
SELECT two FROM meeting
GROUP BY two HAVING count(*) >= {meetings} AND max(ts) - min(ts) >= {session}
"""

_PAIR = """
WITH met AS (
    SELECT CAST((two - two % 4294967296) / 4294967296 AS INTEGER) AS x,
           CAST(two % 4294967296 AS INTEGER) AS y, CAST(count(*) AS DOUBLE) AS met
    FROM (SELECT DISTINCT two, ts - ts % {reach} AS session FROM meeting JOIN again USING (two))
    GROUP BY two
), volume AS (
    SELECT (SELECT CAST(count(*) AS DOUBLE) FROM meeting) / greatest(sum(d) * sum(d) / 2, 1.0)
        AS rate
    FROM (SELECT CAST(d AS DOUBLE) AS d FROM account_size WHERE d >= {meetings})
), expected AS (
    SELECT m.x, m.y, m.met, a.d * CAST(b.d AS DOUBLE) * v.rate AS usual
    FROM met m JOIN account_size a ON a.account = m.x JOIN account_size b ON b.account = m.y
    CROSS JOIN volume v WHERE m.met >= {meetings}
), ranked AS (
    SELECT x, y, met * ln(met / usual) - met + usual AS nats FROM expected WHERE met > usual
)
SELECT x, y, nats, nats >= 2 * ln({accounts}) AS strong FROM ranked WHERE nats >= ln({accounts})
"""

_NEAREST = """
WITH ends AS (
    SELECT x AS a, x, y, nats, strong FROM pair UNION ALL SELECT y, x, y, nats, strong FROM pair
), ranked AS (
    SELECT x, y, nats, strong, row_number() OVER (PARTITION BY a ORDER BY nats DESC, x, y) AS place
    FROM ends
)
SELECT x, y, max(nats) AS nats, max(CASE WHEN strong THEN 1 ELSE 0 END) AS strong FROM ranked
WHERE place <= {nearest} GROUP BY x, y
"""

_TIED = """
WITH ends AS (
    SELECT x AS a, y AS b FROM near UNION ALL SELECT y, x FROM near
), held AS (
    SELECT n.x, n.y FROM near n JOIN ends e ON e.a = n.x JOIN ends f ON f.a = n.y AND f.b = e.b
    GROUP BY n.x, n.y HAVING count(*) >= {support}
)
SELECT n.x, n.y, n.nats FROM near n LEFT JOIN held h ON h.x = n.x AND h.y = n.y
WHERE n.strong = 1 OR h.x IS NOT NULL
"""

_NOBODY = "SELECT t.g, z.account FROM target t CROSS JOIN account_size z WHERE false"


def find_meetings(relations: Relations, *, pairs_per_like_max: float) -> None:
    """Make the table ``acquainted`` of candidate groups ``g`` and their accounts.

    A meeting is two likes of one item within 4 h, on an item that was not crowded then; what is
    crowded follows from the budget of rows. Pairs that met at least twice in different sessions
    and more than their activity explains are kept where a third account is paired with both, or
    where chance would not make one such pair in the log, and clustered in fixed rounds.
    """
    total, accounts = relations.one(
        "SELECT (SELECT count(*) FROM liked), (SELECT count(*) FROM account_size)"
    )
    facts: dict[str, object] = {
        "reach": REACH_US, "session": REACH_US // 2, "meetings": _MEETINGS_MIN,
        "accounts": f"{float(max(accounts, 2))}",
    }  # fmt: skip
    relations.keep("crowded", _CROWD, **facts)
    sums = ", ".join(
        f"coalesce(sum(m * (m - 1)) FILTER (WHERE m <= {most}), 0.0)" for most in _CROWDS
    )
    rows = relations.one(_CROWD_ROWS, sums=sums)
    budget = max(pairs_per_like_max * total / 8, 200_000)
    crowd = max((most for most, n in zip(_CROWDS, rows, strict=True) if n <= budget), default=2)
    relations.keep("meeting", _MEETING, crowd=crowd, **facts)
    relations.keep("again", _AGAIN, **facts)
    relations.keep("pair", _PAIR, **facts)
    relations.keep("near", _NEAREST, nearest=_NEAREST_MAX)
    relations.keep("tied", _TIED, support=_SUPPORT_MIN)
    label_accounts(relations)
    relations.keep("acquainted", _NOBODY)
    add_accounts(relations, least=_MEMBERS_MIN)
    relations.drop("crowded", "meeting", "again", "pair", "near", "tied")
