"""Accounts that keep turning up in bursts: a ranking where no group can be named.

A group whose actions are thinned out leaves too few common accounts on any two targets to be tied.
What remains is that its members' few likes fall into short bursts, again and again and at
different merchants, while an honest account meets bursts at the usual rate.
"""

from __future__ import annotations

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.groups.relations import Relations

STEPS_US = ((10 * MINUTE_US, 2 * HOUR_US), (2 * HOUR_US, DAY_US))
"""A window is a burst against the longer one around it: a viral hit is high in both."""

_LIKES_MIN = 3
_BURST_NATS = 4.0

_CELL = """
SELECT item, ts - ts % {width} AS bucket, CAST(count(*) AS DOUBLE) AS n
FROM liked GROUP BY item, ts - ts % {width}
"""

_BURST = """
WITH around AS (
    SELECT item, bucket, n, sum(n) OVER (PARTITION BY item, bucket - bucket % {around}) AS total
    FROM ({cell})
), expected AS (
    -- One fifth of a like stands for what an item without any other likes may get.
    SELECT item, bucket, n, (total - n) * {width} / ({around} - {width}) + 0.2 AS usual
    FROM around WHERE n >= {least}
)
SELECT item, CAST({width} AS BIGINT) AS width, bucket FROM expected
WHERE n > usual AND n * ln(n / usual) - n + usual >= {nats}
"""

_TURN_UP = """
WITH met AS (
    {met}
), turned AS (
    SELECT m.account, CAST(count(DISTINCT CASE WHEN o.merchant >= 0 THEN o.merchant
           ELSE -2 - CAST(m.item AS BIGINT) END) AS DOUBLE) AS k
    FROM met m JOIN item_owner o USING (item) GROUP BY m.account
), usual AS (
    SELECT sum(k) / (SELECT count(*) FROM liked) AS rate FROM turned
)
SELECT account, k * ln(k / (d * rate)) - k + d * rate AS nats
FROM turned JOIN account_size USING (account) CROSS JOIN usual
WHERE k >= 2 AND k > d * rate
"""


def find_bursts(relations: Relations) -> None:
    """Make the table ``turned_up``: accounts in more bursts than their activity explains.

    ``nats`` is the Poisson surprise of the number of merchants (items, where these are unknown)
    at which an account took part in a burst, given its likes and the share of all likes that do.

    Known false positives: people who follow many pages and come when these post.
    """
    cell = _CELL.format(width=STEPS_US[0][0])
    met = []
    for at, (width, around) in enumerate(STEPS_US):
        if at:
            cell = (
                f"SELECT item, bucket - bucket % {width} AS bucket, sum(n) AS n FROM burst_cell"
                f" GROUP BY item, bucket - bucket % {width}"
            )
        relations.keep("burst_cell", cell)
        relations.keep(
            f"burst_{at}", _BURST, cell="SELECT * FROM burst_cell", width=width, around=around,
            least=_LIKES_MIN, nats=_BURST_NATS,
        )  # fmt: skip
        met.append(
            f"SELECT l.account, l.item FROM liked l JOIN burst_{at} b"
            f" ON b.item = l.item AND b.bucket = l.ts - l.ts % {width}"
        )
    relations.keep("turned_up", _TURN_UP, met=" UNION ".join(met))
    relations.drop("burst_cell", *(f"burst_{at}" for at in range(len(STEPS_US))))
