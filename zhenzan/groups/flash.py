"""Small bursts tied by single accounts: groups of which only a part of the actions was seen.

A group whose actions are thinned out leaves three or four likes on a target and hardly two common
accounts on any two of them. But bursts are few, so one common account of two small ones is
surprising already, and bursts that are tied in triangles by *different* accounts do not come about
by chance: one busy account ties all the bursts it was in, and no other account repeats that. Who
is shared counts too: under the null it is an account drawn by the square of its likes, so one that
likes little else says more than a busy one.
"""

from __future__ import annotations

from zhenzan.clock import HOUR_US, MINUTE_US
from zhenzan.groups.relations import Relations

WIDTHS_US = (10 * MINUTE_US, 4 * HOUR_US)
"""A script's minutes, and what is left of them when every action is moved by up to two hours."""

_LIKES_MIN = 3
_LIKES_MAX = 64
"""A burst of more likes can be tied as a spot (`zhenzan.groups.ties`); here it would tie anything
to anything."""

_BURST_NATS = 4.0
_TIE_NATS = 5.0
_EXPLAINED_WEIGHT = 0.2
"""An item that shares a fifth of its likes beyond chance with another needs no bursts to be tied;
they would cut its group into pieces."""

_ACCOUNT_BURSTS_MAX = 30
_SUPPORT_MIN = 1

_EXPLAINED = """
SELECT DISTINCT s.item FROM spot s JOIN (
    SELECT i FROM tie WHERE weight >= {weight} UNION SELECT j FROM tie WHERE weight >= {weight}
) t ON t.i = s.spot
"""

_HALF = """
SELECT item, ts - ts % {half} AS bucket, CAST(count(*) AS INTEGER) AS n
FROM liked WHERE item IN (
    SELECT item FROM item_size WHERE n >= {least} AND item NOT IN (SELECT item FROM explained)
) GROUP BY item, ts - ts % {half}
"""

_FLASH = """
WITH traffic AS (
    SELECT ts - ts % {half} AS bucket, CAST(count(*) AS DOUBLE) AS n FROM liked
    GROUP BY ts - ts % {half}
), beside AS (
    SELECT item, bucket, n, lead(n) OVER w AS after, lead(bucket) OVER w AS next FROM half
    WINDOW w AS (PARTITION BY item ORDER BY bucket)
), whole AS (
    SELECT item, bucket,
           CAST(n + CASE WHEN next = bucket + {half} THEN after ELSE 0 END AS DOUBLE) AS m
    FROM beside WHERE n + CASE WHEN next = bucket + {half} THEN after ELSE 0 END
        BETWEEN {least} AND {most}
), expected AS (
    SELECT w.item, w.bucket, w.m, (z.n - w.m + 0.5) * (t.n + coalesce(u.n, 0)) / {total} AS usual
    FROM whole w JOIN item_size z USING (item) JOIN traffic t USING (bucket)
    LEFT JOIN traffic u ON u.bucket = w.bucket + {half}
), surprising AS (
    SELECT item, bucket, m, m * ln(m / usual) - m + usual AS nats FROM expected WHERE m > usual
), near AS (
    SELECT *, lag(bucket) OVER w AS before, lag(nats) OVER w AS nats_before,
           lead(bucket) OVER w AS next, lead(nats) OVER w AS nats_next
    FROM surprising WHERE nats >= {nats} WINDOW w AS (PARTITION BY item ORDER BY bucket)
)
-- Of windows that overlap the most surprising one stays.
SELECT item, CAST({width} AS BIGINT) AS width, bucket, m FROM near
WHERE (before IS NULL OR before < bucket - {half} OR nats > nats_before)
    AND (next IS NULL OR next > bucket + {half} OR nats >= nats_next)
"""

_SPOT = """
SELECT (SELECT coalesce(max(spot), 0) FROM spot)
           + CAST(row_number() OVER (ORDER BY width, item, bucket) AS INTEGER) AS spot,
       item, width, bucket, CAST(m AS INTEGER) AS n, CAST(1 AS DOUBLE) AS thinned
FROM ({flashes})
"""

_IN_FLASH = """
WITH inside AS (
    SELECT l.account, f.spot, f.item, f.bucket, f.width, l.ts
    FROM flash f JOIN liked l ON l.item = f.item AND l.ts >= f.bucket AND l.ts < f.bucket + f.width
)
SELECT account, spot, item, bucket, width FROM (
    SELECT *, row_number() OVER (PARTITION BY account ORDER BY ts DESC, item, width) AS place
    FROM inside
) WHERE place <= {most}
"""

_FLASH_TIE = """
WITH volume AS (
    SELECT sum(d) AS likes, sum(d * (d - 1)) AS twice, sum(d * (d - 1)) / count(*) AS usual
    FROM (SELECT CAST(count(*) AS DOUBLE) AS d FROM liked GROUP BY account)
), met AS (
    SELECT a.spot AS i, b.spot AS j, CAST(count(*) AS DOUBLE) AS shared,
           min(a.account) AS witness, sum(ln(v.usual / (z.d * (z.d - 1.0)))) AS quiet
    FROM in_flash a JOIN in_flash b ON a.account = b.account AND a.spot < b.spot
    JOIN account_size z ON z.account = a.account CROSS JOIN volume v
    -- Two bursts of one session say that people were awake, not that they act together.
    WHERE a.item <> b.item AND abs(a.bucket - b.bucket) >= {session}
    GROUP BY a.spot, b.spot
), described AS (
    SELECT m.i, m.j, m.shared, m.witness, m.quiet, x.n AS n_i, y.n AS n_j,
           x.n * y.n * v.twice / (v.likes * v.likes) AS expected
    FROM met m JOIN flash x ON x.spot = m.i JOIN flash y ON y.spot = m.j CROSS JOIN volume v
)
SELECT i, j, shared, expected,
       shared * ln(shared / expected) - shared + expected + quiet AS nats, witness, n_i, n_j
FROM described WHERE shared > expected
    AND shared * ln(shared / expected) - shared + expected + quiet >= {nats}
"""

_TRIANGLE = """
WITH ends AS (
    SELECT i AS a, j AS b, shared, witness FROM flash_tie
    UNION ALL SELECT j, i, shared, witness FROM flash_tie
)
SELECT t.i, t.j FROM flash_tie t JOIN ends x ON x.a = t.i JOIN ends y ON y.a = t.j AND y.b = x.b
WHERE (x.witness <> t.witness OR x.shared + t.shared > 2)
    AND (y.witness <> t.witness OR y.shared + t.shared > 2)
    AND (x.witness <> y.witness OR x.shared + y.shared > 2)
GROUP BY t.i, t.j HAVING count(*) >= {support}
"""

_ADDED = """
SELECT * FROM tie
UNION ALL
SELECT t.i, t.j, t.shared, t.expected, t.nats, false AS strong,
       (t.shared - t.expected) / sqrt(t.n_i * t.n_j) AS weight,
       CAST(t.n_i AS DOUBLE) * t.n_j AS room
FROM flash_tie t JOIN triangle USING (i, j)
"""


def find_flashes(relations: Relations) -> None:
    """Add small bursts to the table ``spot``, and to ``tie`` those tied in triangles.

    A burst is a window of `WIDTHS_US` in which an item got at least 3 likes, more than its other
    likes and the log's rhythm explain; items that are tied firmly already are left alone. A tie
    holds where another burst is tied to both its ends, and no one account is the only one behind
    two sides of the triangle.
    """
    total = float(relations.one("SELECT count(*) FROM liked")[0])
    relations.keep("explained", _EXPLAINED, weight=_EXPLAINED_WEIGHT)
    for at, width in enumerate(WIDTHS_US):
        half = width // 2
        relations.keep("half", _HALF, half=half, least=_LIKES_MIN)
        relations.keep(
            f"flash_{at}", _FLASH, half=half, width=width, least=_LIKES_MIN, most=_LIKES_MAX,
            total=total, nats=_BURST_NATS,
        )  # fmt: skip
    flashes = " UNION ALL ".join(f"SELECT * FROM flash_{at}" for at in range(len(WIDTHS_US)))
    relations.keep("flash", _SPOT, flashes=flashes)
    relations.keep("in_flash", _IN_FLASH, most=_ACCOUNT_BURSTS_MAX)
    relations.keep("flash_tie", _FLASH_TIE, session=2 * HOUR_US, nats=_TIE_NATS)
    relations.keep("triangle", _TRIANGLE, support=_SUPPORT_MIN)
    relations.keep("tie", _ADDED)
    relations.keep("spot", "SELECT * FROM spot UNION ALL SELECT * FROM flash")
    relations.drop("explained", "half", "flash", "in_flash", "flash_tie", "triangle",
                   *(f"flash_{at}" for at in range(len(WIDTHS_US))))  # fmt: skip
