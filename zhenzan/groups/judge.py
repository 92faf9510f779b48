"""What each candidate group did: its likes, their times and order, and how it looks as a whole."""

from __future__ import annotations

import pyarrow as pa

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.groups.relations import Relations

SCALES_US = (MINUTE_US, 10 * MINUTE_US, 2 * HOUR_US, DAY_US)
"""Time scales at which members' likes of one target may lie close together."""

LED_NATS = 12.0
"""Evidence that an account keeps one place in the order of its group's likes; accounts that take
turns reach it once in e^12 (160,000)."""

LED_PLACE_MAX = 1.0 / 3
"""An account that keeps a place in the first third is followed by the others: a victim of bots
that copy its likes, not a member (design.md, safety rule 10). Some of the bots may come before it
or much later, which moves its place but not how steadily it keeps it."""

LED_SHARE_MAX = 0.1
"""Where more than this share keeps a place in front, a script works through a fixed list; then
only the very first account is taken for one that is followed."""

_PLACE_SD_MIN = 0.02

_ACT = """
WITH span AS (
    SELECT CAST(greatest(max(last_us) - min(first_us), 1) AS DOUBLE) AS span FROM item_size
), busy AS (
    SELECT ts - ts % {hour} AS hour, CAST(count(*) AS DOUBLE) AS n FROM liked
    GROUP BY ts - ts % {hour}
), usual AS (
    SELECT hour, n / sum(n) OVER () * span / {hour} AS busy FROM busy, span
), mine AS (
    SELECT h.g, h.account, h.item, h.ts, h.category, m.k FROM hit h
    JOIN member m ON m.g = h.g AND m.account = h.account
    JOIN aim a ON a.g = h.g AND a.item = h.item
), near AS (
    SELECT *, {near},
        count(*) OVER place AS n,
        CAST((rank() OVER (PARTITION BY g, item ORDER BY ts) - 1) AS DOUBLE) AS before,
        CAST(count(*) OVER (PARTITION BY g, item, ts) AS DOUBLE) AS peers
    FROM mine WINDOW place AS (PARTITION BY g, item)
), timed AS (
    SELECT *, CASE WHEN n < 2 THEN 0.0 ELSE
        ln(greatest((({density}) / (n - 1) + 1.0 / span) / {parts}
            / (greatest(u.busy, 0.1) / span), 0.05)) END AS time_nats
    FROM near JOIN usual u ON u.hour = near.ts - near.ts % {hour} CROSS JOIN span
)
SELECT t.g, t.account, t.item, t.ts, t.n, t.time_nats,
       CASE WHEN t.n < 3 THEN NULL ELSE (before + peers / 2) / t.n END AS place,
       ln(m.q / least(0.5, greatest(p.d - t.k, (a.d - t.k + 1) * s.n / {total}, 0.5 * s.n / {total})
           * m.rate)) AS who_nats
FROM timed t JOIN aim m ON m.g = t.g AND m.item = t.item
JOIN account_size a ON a.account = t.account
JOIN profile p ON p.account = t.account AND p.category = t.category
JOIN stratum_mass s ON s.category = t.category
"""

_LED = """
WITH place AS (
    SELECT g, account, CAST(count(place) AS DOUBLE) AS k, avg(place) AS place,
           greatest(stddev_pop(place), {sd_min}) AS sd
    FROM act GROUP BY g, account
)
-- A normal density around the account's own place against the uniform one of taking turns; two
-- fitted numbers cost ln k.
SELECT g, account, k, place, -0.5 * k * (ln(2 * pi() * sd * sd) + 1) - ln(k) AS nats
FROM place WHERE k >= 3
"""

_FOLLOWED = """
WITH size AS (
    SELECT g, count(*) AS size FROM member GROUP BY g
), front AS (
    SELECT g, account, count(*) OVER (PARTITION BY g) AS front,
           row_number() OVER (PARTITION BY g ORDER BY place, nats DESC) AS first
    FROM led WHERE place < {place} AND nats >= {nats}
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
       percentile_cont(0.5) WITHIN GROUP (ORDER BY width_us) / 1000000 AS width_s,
       avg(CASE WHEN late_us <= greatest(width_us, {hour}) THEN 1.0 ELSE 0.0 END) AS from_birth
FROM one GROUP BY g
"""

_STAYED = """
SELECT m.* FROM member m LEFT JOIN followed f ON f.g = m.g AND f.account = m.account
WHERE f.account IS NULL
"""

_STAYED_ACT = """
SELECT a.* FROM act a LEFT JOIN followed f ON f.g = a.g AND f.account = a.account
WHERE f.account IS NULL
"""

_GROUP = """
WITH owner AS (
    SELECT a.g, o.merchant, CAST(count(*) AS DOUBLE) AS n FROM act a JOIN item_owner o USING (item)
    WHERE o.merchant >= 0 GROUP BY a.g, o.merchant
), owners AS (
    SELECT g, count(*) AS merchants, max(n) / sum(n) AS owner_share FROM owner GROUP BY g
), people AS (
    SELECT m.g, CAST(count(*) AS DOUBLE) AS size, CAST(sum(a.d) AS DOUBLE) AS d FROM member m
    JOIN account_size a USING (account) GROUP BY m.g
), likes AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS likes, count(DISTINCT item) AS items, min(ts) AS first_us,
           max(ts) AS last_us, sum(greatest(time_nats, 0.0)) / count(*) AS time_nats
    FROM act GROUP BY g
), aims AS (
    SELECT g, sum(n - k + 0.5) AS background, sum(n) AS room FROM aim GROUP BY g
), ordered AS (
    SELECT g, var_pop(place) AS spread, avg(1 / (12 * k)) AS chance FROM led GROUP BY g
)
SELECT p.g, p.size, l.items, coalesce(o.merchants, 0) AS merchants, l.likes, l.first_us, l.last_us,
       coalesce(o.owner_share, 0.0) AS owner_share, p.d, m.background, l.time_nats,
       sqrt(least(1.0, greatest(0.0, (r.spread - r.chance) / (1.0 / 12 - r.chance + 1e-9))))
           AS order_asymmetry,
       s.decay_nats, s.decay_likes, s.width_s, s.from_birth
FROM people p JOIN likes l USING (g) JOIN aims m USING (g) JOIN shape s USING (g)
LEFT JOIN owners o USING (g) LEFT JOIN ordered r USING (g) ORDER BY p.g
"""


def judge_groups(relations: Relations) -> pa.Table:
    """Make ``act``, ``led`` and ``followed``; return one row a group with what it did.

    ``act`` holds the members' likes on their group's targets: ``who_nats`` says how much more
    likely the like is for a member than for anyone with the same activity and taste, and
    ``time_nats`` how much closer in time to the other members' likes of the target than the
    log's rhythm explains (leave one out, a mixture of `SCALES_US` and of no concentration).
    """
    density = " + ".join(f"(near_{scale} - 1) / {2.0 * scale}" for scale in SCALES_US)
    near = ", ".join(
        f"count(*) OVER (PARTITION BY g, item ORDER BY ts"
        f" RANGE BETWEEN {scale} PRECEDING AND {scale} FOLLOWING) AS near_{scale}"
        for scale in SCALES_US
    )
    total = float(relations.one("SELECT count(*) FROM liked")[0])
    relations.keep(
        "act", _ACT, near=near, density=density, parts=len(SCALES_US) + 1, hour=HOUR_US, total=total
    )
    relations.keep("led", _LED, sd_min=_PLACE_SD_MIN)
    relations.keep("followed", _FOLLOWED, nats=LED_NATS, place=LED_PLACE_MAX, share=LED_SHARE_MAX)
    relations.keep("member", _STAYED)
    relations.keep("act", _STAYED_ACT)
    relations.keep("shape", _SHAPE, hour=HOUR_US)
    return relations.read(_GROUP)
