"""Accounts that go through the same items in the same order, each in its own time.

A list that a script replays, or a platform of tasks hands out, may hold popular items only, and be
worked through on another day by every account: no two of its items share surprisingly many
accounts, and nobody meets anybody. What is left is the order. A *walk* is three likes of one
account in a row, one of which in the first four may be skipped, so that a private like in between
does not hide it. Null: what is liked next depends on the last like alone, so that n_ab n_bc / n_b
accounts walk a, b, c. A page that shows its items to everybody in one order explains its own walks
by this, since it makes a, b and b, c as common.

Known false positives: a series whose parts people follow across other likes.
"""

from __future__ import annotations

from zhenzan.groups.cluster import add_accounts
from zhenzan.groups.relations import Relations

_WALKERS_MIN = 3

_AHEAD = """
WITH alone AS (
    -- Likes of one account at one time have no order.
    SELECT account, item, ts FROM (
        SELECT account, item, ts, count(*) OVER (PARTITION BY account, ts) AS peers
        FROM liked JOIN account_size USING (account) WHERE d >= 3
    ) WHERE peers = 1
)
SELECT account, ts, item AS x, lead(item, 1) OVER w AS y, lead(item, 2) OVER w AS z,
       lead(item, 3) OVER w AS last
FROM alone WINDOW w AS (PARTITION BY account ORDER BY ts)
"""

_STEP = """
SELECT a, b, CAST(count(*) AS DOUBLE) AS n FROM (
    SELECT x AS a, y AS b FROM ahead WHERE y IS NOT NULL
    UNION ALL SELECT x, z FROM ahead WHERE z IS NOT NULL
) GROUP BY a, b
"""

_MIDDLE = """
-- Two steps leave each like, so that half of the steps are the likes that were gone on from.
SELECT f.b, s.n / 2 AS n, CAST(f.many AS DOUBLE) * s.many AS tests
FROM (SELECT b, count(*) AS many FROM step GROUP BY b) f
JOIN (SELECT a AS b, sum(n) AS n, count(*) AS many FROM step GROUP BY a) s USING (b)
"""

_BEGUN = """
WITH every AS (
    SELECT account, ts, x AS a, y AS b, z AS c FROM ahead WHERE z IS NOT NULL
    UNION ALL SELECT account, ts, x, y, last FROM ahead WHERE last IS NOT NULL
    UNION ALL SELECT account, ts, x, z, last FROM ahead WHERE last IS NOT NULL
)
SELECT e.account, e.ts, e.a, e.b, e.c, f.n AS n_ab
FROM every e JOIN often f ON f.a = e.a AND f.b = e.b
"""

_WALKED = """
-- A table of its own: a planner that sees both steps at once may join every step with every other
-- that goes on from the same item.
SELECT e.account, e.ts, e.a, e.b, e.c, e.n_ab * s.n AS n_both
FROM begun e JOIN often s ON s.a = e.b AND s.b = e.c
"""

_WALK = """
WITH shared AS (
    SELECT a, b, c, CAST(count(*) AS DOUBLE) AS n, min(ts) AS first_us, max(n_both) AS n_both
    FROM walked GROUP BY a, b, c HAVING count(*) >= {walkers}
), weighed AS (
    SELECT w.*, w.n_both / m.n AS expected FROM shared w JOIN middle_step m ON m.b = w.b
), surprising AS (
    SELECT *, n * ln(n / expected) - n + expected AS nats FROM weighed WHERE n > 2 * expected
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY nats DESC, n DESC, first_us) AS place FROM surprising
), bound AS (
    -- Benjamini and Hochberg over every walk that its two steps make possible.
    SELECT coalesce(max(place), 0) AS kept
    FROM numbered, (SELECT sum(tests) AS tests FROM middle_step)
    WHERE nats >= ln(tests / ({false_discovery} * place))
)
SELECT CAST(place AS INTEGER) AS walk, a, b, c, nats / n AS weight
FROM numbered, bound WHERE place <= kept
"""

_EDGE = """
WITH mine AS (
    SELECT DISTINCT s.account, w.walk, w.weight FROM walked s
    JOIN walk w ON w.a = s.a AND w.b = s.b AND w.c = s.c
), walker AS (
    SELECT z.account, CAST(row_number() OVER (ORDER BY z.d DESC, z.lot) AS INTEGER) AS label
    FROM account_size z JOIN (SELECT DISTINCT account FROM mine) USING (account)
), tied AS (
    SELECT r.label AS a, (SELECT max(label) FROM walker) + w.walk AS b, w.weight, w.account
    FROM mine w JOIN walker r USING (account)
)
SELECT a, b, weight, account FROM tied UNION ALL SELECT b, a, weight, -1 FROM tied
"""


def find_walks(relations: Relations, *, false_discovery: float) -> None:
    """Add accounts that share walks to the candidates of ``acquainted``.

    A walk of three accounts or more that the null makes less than half as common ties them, within
    ``false_discovery`` over all walks; accounts and walks are clustered in fixed rounds. What such
    a candidate aims at, and whether it is a group, `zhenzan.groups.member` and its test decide.
    Rows are three a like at most, whatever the popularity of an item.
    """
    relations.keep("ahead", _AHEAD)
    relations.keep("step", _STEP)
    relations.keep("middle_step", _MIDDLE)
    # Whoever share a walk share its steps, and most steps of a log are taken once.
    relations.keep("often", "SELECT * FROM step WHERE n >= {walkers}", walkers=_WALKERS_MIN)
    relations.drop("step")
    relations.keep("begun", _BEGUN)
    relations.keep("walked", _WALKED)
    relations.keep("walk", _WALK, walkers=_WALKERS_MIN, false_discovery=false_discovery)
    relations.keep("edge", _EDGE)
    add_accounts(relations, least=_WALKERS_MIN)
    relations.drop("ahead", "begun", "middle_step", "often", "walked", "walk")
