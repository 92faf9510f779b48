"""Ties between targets: places in item and time that share surprisingly many accounts.

A *spot* is an item, or, of an item too popular to be joined whole, one burst of it: a window of
10 minutes or 2 hours with far more likes than the item's share of that window's traffic. So slow
groups show without any window, and fast ones on items that everybody likes.
"""

from __future__ import annotations

import math

from zhenzan.clock import HOUR_US, MINUTE_US
from zhenzan.groups.relations import Relations

SPOT_LIKES_MIN = 3
"""A spot with fewer likes ties nothing: a tie needs 3 shared accounts."""

ACCOUNT_SPOTS_MAX = 150
"""Spots of one account that enter, its last ones, so that no heavy user makes the join explode
(methods.md, section 4)."""

WINDOWS_US = (10 * MINUTE_US, 2 * HOUR_US)
_BURST_NATS = 12.0
_SHARED_MIN = 3

_PAIRS_FREE = 500_000
"""Rows of a self-join that any log may take, about a fifth of a second: in a small log the budget
per like would thin items of some thirty likes, and with them the groups on two or three items."""

_WHOLE_TIMES = 4
"""Items up to 4 times the affordable popularity enter whole too, thinned to a sample of accounts
that is the same for all of them; beyond that a sample shares too few accounts to say anything,
and only bursts enter."""

_WEAK_NATS = 2.0
_NEAREST_MAX = 64
_SUPPORT_MIN = 2
"""A tie too weak to stand alone stays if at least two other spots are tied to both its ends: a
rotating pool leaves few common accounts on each pair of its items, but it does so on all pairs
(methods.md 1.4). Whether the cluster is real is decided by the test of the group."""
_CAPS = (30, 50, 70, 100, 140, 200, 280, 400, 560, 800, 1_600, 3_200, 6_400)

_LIKED = """
SELECT account, item, min(ts) AS ts, max(category) AS category
FROM likes WHERE account >= 0 AND item >= 0 GROUP BY account, item
"""

_ITEM = """
SELECT l.item, CAST(count(*) AS INTEGER) AS n, min(l.ts) AS first_us, max(l.ts) AS last_us,
       max(l.category) AS category
FROM liked l GROUP BY l.item
"""

_ACCOUNT = """
SELECT account, CAST(count(*) AS INTEGER) AS d,
       -- A lot drawn from content: a crowded burst is thinned to the same accounts as any other.
       (min(ts) % 4294967291 * 1500450271 + max(ts) % 4294967291 + count(*)) % 4294967296 AS lot
FROM liked GROUP BY account
"""

_JOIN_ROWS = """
WITH level AS (
    SELECT l.account, {levels}
    FROM liked l JOIN item_size s USING (item) WHERE s.n >= {least} GROUP BY l.account
)
SELECT {sums} FROM level
"""

_PLACED = """
WITH hot AS (
    SELECT l.account, l.item, l.ts, s.n FROM liked l JOIN item_size s USING (item)
    WHERE s.n > {whole} * {cap}
), windowed AS (
    {windowed}
), traffic AS (
    SELECT width, bucket, count(*) / max(t.total) AS share
    FROM ({traffic}), (SELECT CAST(count(*) AS DOUBLE) AS total FROM liked) t GROUP BY width, bucket
), burst AS (
    SELECT item, width, bucket, count(*) AS m
    FROM windowed JOIN traffic USING (width, bucket)
    GROUP BY item, width, bucket, n, share
    HAVING count(*) >= {least} AND count(*) > 2 * n * share
        AND count(*) * ln(count(*) / (n * share)) - count(*) + n * share >= {nats}
)
SELECT l.account, l.item, CAST(0 AS BIGINT) AS width, CAST(0 AS BIGINT) AS bucket, l.ts,
       least(1.0, {cap} / CAST(s.n AS DOUBLE)) AS thinned
FROM liked l JOIN item_size s USING (item) JOIN account_size a USING (account)
WHERE s.n BETWEEN {least} AND {whole} * {cap} AND a.lot * s.n < {cap} * 4294967296
UNION ALL
SELECT w.account, w.item, w.width, w.bucket, w.ts,
       least(1.0, {cap} / CAST(b.m AS DOUBLE)) AS thinned
FROM windowed w JOIN burst b USING (item, width, bucket) JOIN account_size a USING (account)
WHERE a.lot * b.m < {cap} * 4294967296
"""

_SPOT = """
SELECT CAST(row_number() OVER (ORDER BY width, item, bucket) AS INTEGER) AS spot,
       p.item, width, bucket, CAST(count(*) AS INTEGER) AS n, max(thinned) AS thinned
FROM placed p GROUP BY p.item, width, bucket
"""

_RECENT = """
WITH active AS (
    SELECT account, count(*) AS d FROM placed GROUP BY account HAVING count(*) >= 2
), numbered AS (
    SELECT p.account, s.spot, p.ts, a.d FROM placed p
    JOIN active a USING (account) JOIN spot s USING (item, width, bucket)
)
SELECT account, spot FROM numbered WHERE d <= {most}
UNION ALL
SELECT account, spot FROM (
    SELECT account, spot, row_number() OVER (PARTITION BY account ORDER BY ts DESC, spot) AS place
    FROM numbered WHERE d > {most}
) WHERE place <= {most}
"""

_SHARED = """
SELECT a.spot AS i, b.spot AS j, CAST(count(*) AS INTEGER) AS shared
FROM recent a JOIN recent b ON a.account = b.account AND a.spot < b.spot
GROUP BY a.spot, b.spot HAVING count(*) >= {shared}
"""

_SPOT_SIZE = """
SELECT s.spot, s.item, s.width, s.bucket, s.thinned, z.category, r.n
FROM spot s JOIN item_size z USING (item)
JOIN (SELECT spot, CAST(count(*) AS DOUBLE) AS n FROM recent GROUP BY spot) r USING (spot)
"""

_SIDE = """
-- One end first, as a table of its own: seen at once, "another item" looks like a join of every
-- spot with every spot, and a planner may take it.
SELECT p.i, p.j, CAST(p.shared AS DOUBLE) AS shared, s.item, s.width, s.bucket, s.thinned,
       s.category, s.n
FROM shared p JOIN spot_size s ON s.spot = p.i
"""

_TIE = """
WITH volume AS (
    SELECT sum(d) AS likes, sum(d * (d - 1)) AS twice
    FROM (SELECT CAST(count(*) AS DOUBLE) AS d FROM recent GROUP BY account)
), described AS (
    SELECT s.i, s.j, s.shared, s.n AS n_i, t.n AS n_j,
           -- Thinned spots keep the same lots, so that they meet more often than others.
           s.n * t.n * v.twice / (v.likes * v.likes) * coalesce(r.rate, 1.0)
               / greatest(s.thinned, t.thinned) AS expected,
           greatest(s.thinned, t.thinned) AS thinned
    FROM side s JOIN spot_size t ON t.spot = s.j
    LEFT JOIN block_rate r ON r.c = least(s.category, t.category)
        AND r.d = greatest(s.category, t.category)
    CROSS JOIN volume v
    -- Two bursts of one session say that people were awake, not that they act together.
    WHERE s.item <> t.item AND NOT (s.width > 0 AND t.width > 0
        AND abs(s.bucket - t.bucket) < {session})
), ranked AS (
    SELECT *, shared * ln(shared / expected) - shared + expected AS nats
    FROM described WHERE shared > 2 * expected
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY nats DESC) AS place FROM ranked WHERE nats >= {weak}
), bound AS (
    -- Benjamini and Hochberg over every pair of spots, tied or not.
    SELECT coalesce(max(place), 0) AS kept FROM numbered,
        (SELECT CAST(count(*) AS DOUBLE) * (count(*) - 1) / 2 AS tests FROM spot)
    WHERE nats >= ln(tests / ({false_discovery} * place))
)
SELECT i, j, shared, expected, nats, place <= kept AS strong,
       (shared - expected) / sqrt(n_i * n_j) AS weight, n_i * n_j / thinned AS room
FROM numbered, bound
"""

_NEAREST = """
WITH ends AS (
    SELECT i AS a, i, j, nats, strong FROM tie UNION ALL SELECT j, i, j, nats, strong FROM tie
), ranked AS (
    SELECT i, j, strong, row_number() OVER (PARTITION BY a ORDER BY nats DESC, i, j) AS place
    FROM ends
)
-- Each end keeps its strongest ties, so that the search for support grows with the spots alone.
SELECT i, j FROM ranked WHERE place <= {nearest} OR strong GROUP BY i, j
HAVING count(*) = 2 OR max(CASE WHEN strong THEN 1 ELSE 0 END) = 1
"""

_SUPPORTED = """
WITH ends AS (
    SELECT i AS a, j AS b, row_number() OVER (PARTITION BY i ORDER BY j) AS place FROM nearest
    UNION ALL SELECT j, i, row_number() OVER (PARTITION BY j ORDER BY i) FROM nearest
), weak AS (
    SELECT n.i, n.j FROM nearest n JOIN tie t ON t.i = n.i AND t.j = n.j WHERE NOT t.strong
), supported AS (
    SELECT w.i, w.j FROM weak w JOIN ends e ON e.a = w.i AND e.place <= {hub}
    JOIN ends f ON f.a = w.j AND f.b = e.b
    GROUP BY w.i, w.j HAVING count(*) >= {support}
)
SELECT t.* FROM tie t LEFT JOIN supported s ON s.i = t.i AND s.j = t.j
WHERE t.strong OR s.i IS NOT NULL
"""

_BLOCK_RATE = """
WITH profile AS (
    SELECT r.account, z.category, CAST(count(*) AS DOUBLE) AS k
    FROM recent r JOIN spot s USING (spot) JOIN item_size z USING (item)
    WHERE z.category >= 0 GROUP BY r.account, z.category
), volume AS (
    SELECT sum(d) AS likes, sum(d * (d - 1)) AS twice
    FROM (SELECT sum(k) AS d FROM profile GROUP BY account)
), mass AS (
    SELECT category, sum(k) AS n FROM profile GROUP BY category
), met AS (
    SELECT a.category AS c, b.category AS d,
           sum(CASE WHEN a.category = b.category THEN a.k * (a.k - 1) / 2 ELSE a.k * b.k END) AS met
    FROM profile a JOIN profile b ON a.account = b.account AND a.category <= b.category
    GROUP BY a.category, b.category
)
SELECT c, d, greatest(met / (x.n * y.n * v.twice / (v.likes * v.likes)
       * CASE WHEN c = d THEN 0.5 ELSE 1.0 END), 0.1) AS rate
FROM met JOIN mass x ON x.category = c JOIN mass y ON y.category = d CROSS JOIN volume v
"""


def find_ties(relations: Relations, *, pairs_per_like_max: float, false_discovery: float) -> int:
    """Make the tables ``liked``, ``item_size``, ``spot`` and ``tie`` from ``likes``.

    A tie is two spots of different items that share at least 3 accounts and more than their
    sizes, the accounts' activity and the categories predict: the expectation is
    n_i n_j sum d(d-1) / (sum d)^2, times what the two categories share in all over what that
    formula predicts for them. ``nats`` is the Poisson surprise; ``strong`` ties are bounded in
    their false-discovery rate over all pairs of spots, others stay where two more spots are tied
    to both ends. ``weight`` is the excess over the geometric mean of the sizes, 0 to 1; ``room``
    over the excess estimates how many accounts take turns. Returns the popularity up
    to which items were joined whole.
    """
    relations.keep("liked", _LIKED)
    relations.keep("item_size", _ITEM)
    relations.keep("account_size", _ACCOUNT)
    cap = _affordable(relations, pairs_per_like_max)
    windowed = " UNION ALL ".join(
        f"SELECT account, item, ts, n, {width} AS width, ts - ts % {width} AS bucket FROM hot"
        for width in WINDOWS_US
    )
    traffic = " UNION ALL ".join(
        f"SELECT {width} AS width, ts - ts % {width} AS bucket FROM liked" for width in WINDOWS_US
    )
    relations.keep(
        "placed", _PLACED, cap=cap, whole=_WHOLE_TIMES, least=SPOT_LIKES_MIN,
        nats=_BURST_NATS, windowed=windowed,
        traffic=traffic,
    )  # fmt: skip
    relations.keep("spot", _SPOT)
    relations.keep("recent", _RECENT, most=ACCOUNT_SPOTS_MAX)
    relations.drop("placed")
    relations.keep("block_rate", _BLOCK_RATE)
    relations.keep("shared", _SHARED, shared=_SHARED_MIN)
    relations.keep("spot_size", _SPOT_SIZE)
    relations.keep("side", _SIDE)
    relations.keep(
        "tie", _TIE, session=2 * HOUR_US, false_discovery=false_discovery, weak=_WEAK_NATS
    )
    relations.keep("nearest", _NEAREST, nearest=_NEAREST_MAX)
    relations.keep("tie", _SUPPORTED, support=_SUPPORT_MIN, hub=4 * _NEAREST_MAX)
    relations.drop("recent", "shared", "block_rate", "spot_size", "side", "nearest")
    return cap


def _affordable(relations: Relations, pairs_per_like_max: float) -> int:
    """Find the popularity up to which whole items may be joined within the budget of rows."""
    levels = ", ".join(
        f"CAST(least(count(*) FILTER (WHERE s.n <= {cap}), {ACCOUNT_SPOTS_MAX}) AS DOUBLE)"
        f" AS d{cap}"
        for cap in _CAPS
    )
    sums = ", ".join(f"sum(d{cap} * (d{cap} - 1)) / 2" for cap in _CAPS)
    rows = relations.one(_JOIN_ROWS, levels=levels, sums=sums, least=SPOT_LIKES_MIN)
    total = relations.one("SELECT count(*) FROM liked")[0]
    budget = max(pairs_per_like_max * total, _PAIRS_FREE)
    allowed = [
        cap
        for cap, pairs in zip(_CAPS, rows, strict=True)
        if math.isfinite(pairs or 0.0) and (pairs or 0.0) <= budget
    ]
    return max(allowed, default=_CAPS[0])
