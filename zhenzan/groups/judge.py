"""What each candidate group did: its likes, their times and order, and how it looks as a whole."""

from __future__ import annotations

import pyarrow as pa

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.groups.relations import Relations
from zhenzan.groups.tempo import part_by_tempo

SCALES_US = (MINUTE_US, 10 * MINUTE_US, 2 * HOUR_US, DAY_US)
"""Time scales at which members' likes of one target may lie close together."""

LED_TRIES = 100.0
"""One group in 100 whose members take turns loses one of them to chance as a followed account."""

LED_PLACE_MAX = 1.0 / 3
"""An account that keeps a place in the first third is followed by the others: a victim of bots
that copy its likes, not a member (design.md, safety rule 10). Some of the bots may come before it
or much later, which moves its place but not how steadily it keeps it."""

LED_SHARE_MAX = 0.1
"""Where more than this share keeps a place in front, a script works through a fixed list; then
only the very first account is taken for one that is followed."""

_PLACE_SD_MIN = 0.02

_NEAR = """
WITH span AS (
    SELECT greatest(CAST(max(last_us) - min(first_us) AS DOUBLE), 1.0) AS span FROM item_size
), busy AS (
    SELECT ts - ts % {hour} AS hour, CAST(count(*) AS DOUBLE) AS n FROM liked
    GROUP BY ts - ts % {hour}
), usual AS (
    SELECT hour, greatest(n / sum(n) OVER () * span / {hour}, 0.1) AS busy FROM busy, span
), mine AS (
    SELECT h.g, h.account, h.item, h.ts, h.category, m.k FROM hit h
    JOIN member m ON m.g = h.g AND m.account = h.account
    JOIN aim a ON a.g = h.g AND a.item = h.item
), near AS (
    SELECT *, {near},
        count(*) OVER (PARTITION BY g, item) AS n,
        CAST(rank() OVER (PARTITION BY g, item ORDER BY ts) - 1 AS DOUBLE) AS before,
        CAST(count(*) OVER (PARTITION BY g, item, ts) AS DOUBLE) AS peers
    FROM mine
)
SELECT g, account, item, near.ts, category, k, n,
       CASE WHEN n < 3 THEN NULL ELSE (before + peers / 2) / n END AS place,
       {density}, 1.0 / u.busy AS density_0
FROM near JOIN usual u ON u.hour = near.ts - near.ts % {hour} CROSS JOIN span
"""

_SCALE = """
SELECT g, {shares} FROM near WHERE n >= 2 GROUP BY g
"""

_ACT = """
SELECT t.g, t.account, t.item, t.ts, t.n, t.place,
       CASE WHEN t.n < 2 OR c.g IS NULL THEN 0.0 ELSE ln({mixture}) END AS time_nats,
       ln(m.q / least(0.5, p.d * m.rate)) AS who_nats
FROM near t JOIN aim m ON m.g = t.g AND m.item = t.item
JOIN profile p ON p.account = t.account AND p.category = t.category
LEFT JOIN scale c ON c.g = t.g
"""

_TIMED = """
SELECT o.g, o.account, o.k, o.strength + coalesce(t.nats, 0.0) AS strength
FROM odds o LEFT JOIN (
    SELECT g, account, sum(time_nats) AS nats FROM act GROUP BY g, account
) t ON t.g = o.g AND t.account = o.account
"""

_TIMED_MEMBER = """
SELECT m.g, m.account, o.strength, m.k
FROM member m JOIN odds o ON o.g = m.g AND o.account = m.account WHERE o.strength > 0
"""

_LED = """
WITH whole AS (
    SELECT g, sum(ln(0.05 / (1 - q))) AS missed FROM aim GROUP BY g
), place AS (
    SELECT a.g, a.account, CAST(count(a.place) AS DOUBLE) AS k, avg(a.place) AS place,
           greatest(stddev_pop(a.place), {sd_min}) AS sd,
           sum(ln(0.95 / m.q) - ln(0.05 / (1 - m.q))) + any_value(w.missed) AS present
    FROM act a JOIN aim m ON m.g = a.g AND m.item = a.item JOIN whole w ON w.g = a.g
    GROUP BY a.g, a.account
)
-- A normal density around the account's own place against the uniform one of taking turns (two
-- fitted numbers cost ln k); and one whose every like is copied is there on every target.
SELECT g, account, k, place,
       -0.5 * k * (ln(2 * pi() * sd * sd) + 1) - ln(k) + present AS nats
FROM place WHERE k >= 3
"""

_FOLLOWED = """
WITH size AS (
    SELECT g, count(*) AS size FROM member GROUP BY g
), front AS (
    SELECT g, account, count(*) OVER (PARTITION BY g) AS front,
           row_number() OVER (PARTITION BY g ORDER BY place, nats DESC) AS first
    FROM led JOIN size USING (g) WHERE place < {place} AND nats >= ln({tries} * size)
)
SELECT g, account FROM front JOIN size USING (g)
WHERE front <= greatest(1.0, {share} * size) OR first = 1
"""

_SHAPE = """
WITH one AS (
    SELECT a.g, a.item, CAST(count(*) AS DOUBLE) AS n,
           greatest(CAST(max(a.ts) - min(a.ts) AS DOUBLE), 1.0) AS range_us,
           greatest(avg(a.ts - z.first_us) - min(a.ts - z.first_us), 1.0) AS lag_us,
           greatest(stddev_pop(CAST(a.ts - z.first_us AS DOUBLE)), 1.0) AS width_us,
           min(a.ts) - min(z.first_us) AS late_us
    FROM act a JOIN item_size z USING (item) GROUP BY a.g, a.item
)
-- Which explains the times of a target's likes better: that they tail off from the first one
-- (exponential) or that they fill a window (uniform)? Both scales corrected for few likes.
SELECT g,
       sum(CASE WHEN n >= 3 THEN n * (ln(range_us * (n + 1) / (n - 1))
           - ln(lag_us * n / (n - 1)) - 1) ELSE 0 END) AS decay_nats,
       sum(CASE WHEN n >= 3 THEN n ELSE 0 END) AS decay_likes,
       exp(sum(n * ln(width_us)) / sum(n)) / 1000000 AS width_s,
       sum(CASE WHEN late_us <= greatest(width_us, {hour}) THEN n ELSE 0 END) / sum(n)
           AS from_birth
FROM one GROUP BY g
"""

LIFE_SHARE_MIN = 0.2
"""An account has a life of its own if a fifth of its likes or more lie outside the targets."""

FEW_TARGETS = 12
"""Up to 12 targets the accounts that like two of them are counted as well: with few targets the
members are no choice of the search, the targets name them (`zhenzan.groups.null`)."""

_SESSION_US = 2 * HOUR_US

_FEW = """
WITH few AS (
    SELECT g FROM aim GROUP BY g HAVING count(*) BETWEEN 2 AND {most}
)
SELECT a.g, a.item, z.category, a.n, CAST(z.n AS DOUBLE) AS whole, t.from_us, t.to_us
FROM aim a JOIN few USING (g) JOIN target t ON t.g = a.g AND t.item = a.item
JOIN item_size z ON z.item = a.item
"""

_PAIRED = """
WITH both_ways AS (
    SELECT a.g, a.category AS c, b.category AS d, a.item AS i, b.item AS j,
           -- Windows of one session: that people were awake then brings them together anyway.
           CASE WHEN near THEN a.whole ELSE a.n END AS n_i,
           CASE WHEN near THEN b.whole ELSE b.n END AS n_j
    FROM (
        SELECT x.*, y.item AS other, x.from_us <= y.to_us + {session}
               AND y.from_us <= x.to_us + {session} AS near
        FROM few x JOIN few y ON y.g = x.g AND y.item <> x.item
    ) a JOIN few b ON b.g = a.g AND b.item = a.other
)
SELECT p.g, c, d, n_i / x.n AS share_i, n_j / y.n AS share_j
FROM both_ways p JOIN stratum_mass x ON x.category = c JOIN stratum_mass y ON y.category = d
WHERE c < d OR (c = d AND (n_i < n_j OR (n_i = n_j AND i < j)))
"""

_TASTE = """
WITH wanted AS (
    SELECT DISTINCT c, d FROM paired
), taste AS (
    SELECT l.account, l.category, CAST(count(*) AS DOUBLE) AS d FROM liked l
    WHERE l.category IN (SELECT c FROM wanted UNION ALL SELECT d FROM wanted)
    GROUP BY l.account, l.category
)
-- Accounts with the same activity have the same chance: one row for all of them.
SELECT w.c, w.d, x.d AS d_c, CASE WHEN w.c = w.d THEN x.d - 1 ELSE y.d END AS d_d,
       CAST(count(*) AS DOUBLE) AS accounts
FROM wanted w JOIN taste x ON x.category = w.c
JOIN taste y ON y.account = x.account AND y.category = w.d
GROUP BY w.c, w.d, x.d, CASE WHEN w.c = w.d THEN x.d - 1 ELSE y.d END
"""

_TWICE = """
SELECT p.g, sum(t.accounts * (1 - exp(-t.d_c * p.share_i)) * (1 - exp(-t.d_d * p.share_j)))
       AS twice
FROM paired p JOIN taste t USING (c, d) GROUP BY p.g
"""

_TIGHT = """
WITH ends AS (
    SELECT g, item, min(ts) AS from_us, max(ts) AS to_us FROM act GROUP BY g, item
), counted AS (
    SELECT e.g, e.item, CAST(count(*) AS DOUBLE) AS n
    FROM ends e JOIN liked l ON l.item = e.item AND l.ts BETWEEN e.from_us AND e.to_us
    GROUP BY e.g, e.item
), taste AS (
    SELECT m.g, p.category, sum(p.d) AS d FROM member m JOIN profile p USING (account)
    GROUP BY m.g, p.category
)
-- Two of the item's likes mark the ends, so that many intervals were searched.
SELECT c.g, sum(t.d * c.n / s.n) AS tight, sum(2 * ln(z.n)) AS tight_tries
FROM counted c JOIN item_size z ON z.item = c.item
JOIN taste t ON t.g = c.g AND t.category = z.category
JOIN stratum_mass s ON s.category = z.category GROUP BY c.g
"""

_MIDDLE = """
WITH middle AS (
    SELECT g, item, CAST(percentile_cont(0.25) WITHIN GROUP (ORDER BY ts) AS BIGINT) AS from_us,
           CAST(percentile_cont(0.75) WITHIN GROUP (ORDER BY ts) AS BIGINT) AS to_us
    FROM act GROUP BY g, item HAVING count(*) >= 4
)
SELECT i.g, CAST(count(*) AS DOUBLE) AS others,
       avg(CASE WHEN l.ts BETWEEN i.from_us AND i.to_us THEN 1.0 ELSE 0.0 END) AS inside
FROM middle i JOIN liked l USING (item)
LEFT JOIN member m ON m.g = i.g AND m.account = l.account WHERE m.account IS NULL GROUP BY i.g
"""

_LEFT_ACT = """
SELECT a.* FROM act a JOIN member m ON m.g = a.g AND m.account = a.account
"""

_STAYED = """
SELECT m.* FROM member m LEFT JOIN followed f ON f.g = m.g AND f.account = m.account
WHERE f.account IS NULL
"""

_GROUP = """
WITH owner AS (
    SELECT a.g, o.merchant, CAST(count(*) AS DOUBLE) AS n FROM act a JOIN item_owner o USING (item)
    WHERE o.merchant >= 0 GROUP BY a.g, o.merchant
), owners AS (
    SELECT g, count(*) AS merchants, max(n) / sum(n) AS owner_share FROM owner GROUP BY g
), people AS (
    SELECT m.g, CAST(count(*) AS DOUBLE) AS size, CAST(sum(a.d) AS DOUBLE) AS d,
           avg(CASE WHEN a.d - m.k >= {life} * a.d THEN 1.0 ELSE 0.0 END) AS lively FROM member m
    JOIN account_size a USING (account) GROUP BY m.g
), likes AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS likes, count(DISTINCT item) AS items, min(ts) AS first_us,
           max(ts) AS last_us, sum(greatest(time_nats, 0.0)) / count(*) AS time_nats
    FROM act GROUP BY g
), aims AS (
    SELECT m.g, sum(m.rate * t.d) AS expected, sum(x.tries) AS tries
    FROM aim m JOIN item_size z USING (item)
    JOIN target x ON x.g = m.g AND x.item = m.item JOIN (
        SELECT x.g, p.category, sum(p.d) AS d FROM member x JOIN profile p USING (account)
        GROUP BY x.g, p.category
    ) t ON t.g = m.g AND t.category = z.category GROUP BY m.g
), visit AS (
    -- Members who come once and like all targets keep the order in which they came.
    SELECT g, median(span) / 1000000 AS visit_s FROM (
        SELECT g, account, CAST(max(ts) - min(ts) AS DOUBLE) AS span FROM act GROUP BY g, account
        HAVING count(*) >= 2
    ) GROUP BY g
), ordered AS (
    SELECT g, var_pop(place) AS spread, avg(1 / (12 * k)) AS chance FROM led GROUP BY g
)
SELECT p.g, p.size, l.items, coalesce(o.merchants, 0) AS merchants, l.likes, l.first_us, l.last_us,
       coalesce(o.owner_share, 0.0) AS owner_share, p.d, p.lively, m.expected, m.tries, l.time_nats,
       sqrt(least(1.0, greatest(0.0, (r.spread - r.chance) / (1.0 / 12 - r.chance + 1e-9))))
           AS order_asymmetry,
       s.decay_nats, s.decay_likes, s.width_s, s.from_birth, w.twice, i.tight, i.tight_tries,
       v.visit_s, coalesce(d.others, 0.0) AS others, coalesce(d.inside, 0.0) AS inside
FROM people p JOIN likes l USING (g) JOIN aims m USING (g) JOIN shape s USING (g)
LEFT JOIN owners o USING (g) LEFT JOIN ordered r USING (g) LEFT JOIN twice w USING (g)
LEFT JOIN visit v USING (g) LEFT JOIN middle d USING (g) JOIN tight i USING (g) ORDER BY p.g
"""


def judge_groups(relations: Relations) -> pa.Table:
    """Make ``act``, ``led`` and ``followed``; return one row a group with what it did.

    ``act`` holds the members' likes on their group's targets: ``who_nats`` says how much more
    likely the like is for a member than for anyone with the same activity and taste, and
    ``time_nats`` how much closer in time to the other members' likes of the target than the
    log's rhythm explains (leave one out, a mixture of `SCALES_US` and of no concentration).
    """
    _weigh_times(relations)
    if part_by_tempo(relations):
        _weigh_times(relations)
    relations.keep("led", _LED, sd_min=_PLACE_SD_MIN)
    relations.keep("followed", _FOLLOWED, tries=LED_TRIES, place=LED_PLACE_MAX, share=LED_SHARE_MAX)
    relations.keep("member", _STAYED)
    relations.keep("followed", "SELECT * FROM followed UNION ALL SELECT * FROM apart")
    relations.keep("act", _LEFT_ACT)
    relations.keep("shape", _SHAPE, hour=HOUR_US)
    relations.keep("few", _FEW, most=FEW_TARGETS)
    relations.keep("paired", _PAIRED, session=_SESSION_US)
    relations.keep("taste", _TASTE)
    relations.keep("twice", _TWICE)
    relations.keep("tight", _TIGHT)
    relations.keep("middle", _MIDDLE)
    return relations.read(_GROUP, life=LIFE_SHARE_MIN)


def _weigh_times(relations: Relations) -> None:
    """Make ``act``, and let the times in it speak in ``odds`` and ``member``."""
    names = [*SCALES_US, 0]
    near = ", ".join(
        f"count(*) OVER (PARTITION BY g, item ORDER BY ts"
        f" RANGE BETWEEN {scale} PRECEDING AND {scale} FOLLOWING) AS near_{scale}"
        for scale in SCALES_US
    )
    # Each density is over that of the log's rhythm, so that 1 says nothing.
    density = ", ".join(
        f"(near_{scale} - 1) / greatest(n - 1, 1) * span / ({2.0 * scale} * u.busy)"
        f" AS density_{scale}"
        for scale in SCALES_US
    )
    every = " + ".join(f"density_{name}" for name in names)
    # One step of expectation maximisation from equal shares: how the group spreads over scales.
    shares = ", ".join(
        f"(sum(density_{name} / ({every})) + 0.1) / (count(*) + {0.1 * len(names)}) AS share_{name}"
        for name in names
    )
    mixture = " + ".join(f"c.share_{name} * t.density_{name}" for name in names)
    relations.keep("near", _NEAR, near=near, density=density, hour=HOUR_US)
    relations.keep("scale", _SCALE, shares=shares)
    relations.keep("act", _ACT, mixture=mixture)
    relations.keep("odds", _TIMED)
    relations.keep("member", _TIMED_MEMBER)
    relations.keep("act", _LEFT_ACT)
