"""Cohorts that reappear: items of different merchants that share surprisingly many likers.

No time window at all, so slow drips and rotating pools show as well (``methods.md``, path B).
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ITEMS_MAX = 150
"""Likes of one account that enter: its last 150 items, so that no heavy user makes the join
explode (methods.md, section 4)."""

_SHARED_MIN = 3
_SURPRISE_MIN = 12.0
_LIFT_MIN = 3.0

_QUERY = f"""
WITH liked AS (
    SELECT account, item, max(category) AS category, max(merchant) AS merchant, max(ts) AS ts
    FROM likes WHERE account >= 0 AND item >= 0 GROUP BY account, item
), recent AS (
    SELECT account, item, category, merchant FROM liked
    QUALIFY row_number() OVER (PARTITION BY account ORDER BY ts DESC, item) <= {ITEMS_MAX}
        AND count(*) OVER (PARTITION BY account) >= 2
), size AS (
    SELECT item, any_value(category) AS category, any_value(merchant) AS merchant,
           count(*)::DOUBLE AS n FROM recent GROUP BY item
), pairs AS (
    SELECT a.item AS i, b.item AS j, count(*)::DOUBLE AS shared
    FROM recent a JOIN recent b ON a.account = b.account AND a.item < b.item GROUP BY ALL
), described AS (
    SELECT p.i, p.j, p.shared, si.n * sj.n AS room,
           least(si.category, sj.category) AS c, greatest(si.category, sj.category) AS d,
           si.merchant >= 0 AND si.merchant = sj.merchant AS same_merchant
    FROM pairs p JOIN size si ON si.item = p.i JOIN size sj ON sj.item = p.j
), mass AS (
    SELECT category, sum(n) AS n, sum(n * n) AS squares FROM size GROUP BY category
), block AS (
    -- The usual rate for two categories: what is shared in all over what could be.
    SELECT least(a.category, b.category) AS c, greatest(a.category, b.category) AS d,
           CASE WHEN a.category = b.category THEN (a.n * a.n - a.squares) / 2
                ELSE a.n * b.n END AS room
    FROM mass a JOIN mass b ON a.category <= b.category
), rate AS (
    SELECT c, d, sum(shared) / greatest(any_value(block.room), 1.0) AS rate
    FROM described JOIN block USING (c, d) GROUP BY c, d
)
SELECT i, j, ln(shared / (room * rate)) AS lift
FROM described JOIN rate USING (c, d)
WHERE shared >= {_SHARED_MIN} AND NOT same_merchant AND shared > {_LIFT_MIN} * room * rate
    AND shared * ln(shared / (room * rate)) - shared + room * rate >= {_SURPRISE_MIN}
"""

_PER_LIKE = """
WITH liked AS (SELECT DISTINCT account, item FROM likes WHERE account >= 0 AND item >= 0),
both_ways AS (
    SELECT i, j, lift FROM strong UNION ALL SELECT j, i, lift FROM strong
), partners AS (
    SELECT l.account, s.i AS item, sum(s.lift) AS nats
    FROM both_ways s
    JOIN liked l ON l.item = s.j
    JOIN liked own ON own.account = l.account AND own.item = s.i
    GROUP BY ALL
)
SELECT likes.row, coalesce(partners.nats, 0.0) AS nats
FROM likes LEFT JOIN partners USING (account, item) ORDER BY likes.row
"""


def cohort_lift(
    ts: NDArray[np.int64],
    account: NDArray[np.int32],
    item: NDArray[np.int32],
    merchant: NDArray[np.int32],
    category: NDArray[np.int32],
    *,
    memory_limit: str = "4GB",
) -> NDArray[np.float64]:
    """Measure, for each like, how surprisingly the account's other items share this item's likers.

    Two items are tied when at least 3 accounts liked both, at least 3 times as many as their
    sizes and categories predict (a degree-corrected block model), with a Poisson surprise of 12
    nats or more, and when they do not belong to the same merchant (fans of one shop are no
    cohort). The answer is the sum of the log lifts of the ties between the liked item and the
    account's other items, in nats; 0 without ties.

    Known false positives: a narrow interest inside a broad category (all fans of one sport), a
    page that recommends the same few items of different shops together.
    """
    likes = pa.table(
        {
            "row": np.arange(len(ts)),
            "ts": ts,
            "account": account,
            "item": item,
            "merchant": merchant,
            "category": category,
        }
    )
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit='{memory_limit}'")
        connection.register("likes", likes)
        connection.execute(f"CREATE TEMP TABLE strong AS {_QUERY}")
        found = connection.execute(_PER_LIKE).fetchnumpy()
    return np.asarray(found["nats"], dtype=np.float64)
