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

# One table a step, because a plan over all of it at once guesses the sizes in between and then
# aggregates millions of rows that the next join drops.
_STEPS = {
    "liked": """
    SELECT account, item, max(category) AS category, max(merchant) AS merchant, max(ts) AS ts
    FROM likes WHERE account >= 0 AND item >= 0 GROUP BY account, item
""",
    "recent": f"""
    SELECT account, item, category, merchant FROM liked
    QUALIFY row_number() OVER (PARTITION BY account ORDER BY ts DESC, item) <= {ITEMS_MAX}
        AND count(*) OVER (PARTITION BY account) >= 2
""",
    "size": """
    SELECT item, max(category) AS category, max(merchant) AS merchant,
           count(*)::DOUBLE AS n FROM recent GROUP BY item
""",
    # The usual rate for two categories: what is shared in all over what could be.
    "rate": """
    WITH mass AS (
        SELECT category, sum(n) AS n, sum(n * n) AS squares FROM size GROUP BY category
    ), taste AS (
        SELECT r.account, s.category, count(*)::DOUBLE AS n
        FROM recent r JOIN size s USING (item) GROUP BY ALL
    ), shared AS (
        SELECT a.category AS c, b.category AS d,
               sum(CASE WHEN a.category = b.category THEN a.n * (a.n - 1) / 2
                   ELSE a.n * b.n END) AS n
        FROM taste a JOIN taste b ON a.account = b.account AND a.category <= b.category
        GROUP BY ALL
    )
    SELECT c, d, shared.n / greatest(
        CASE WHEN c = d THEN (a.n * a.n - a.squares) / 2 ELSE a.n * b.n END, 1.0) AS rate
    FROM shared JOIN mass a ON a.category = c JOIN mass b ON b.category = d
""",
    "pairs": f"""
    SELECT a.item AS i, b.item AS j, count(*)::DOUBLE AS shared
    FROM recent a JOIN recent b ON a.account = b.account AND a.item < b.item
    GROUP BY ALL HAVING count(*) >= {_SHARED_MIN}
""",
    "strong": f"""
    WITH described AS (
        SELECT p.i, p.j, p.shared, si.n * sj.n * rate.rate AS usual
        FROM pairs p JOIN size si ON si.item = p.i JOIN size sj ON sj.item = p.j
        JOIN rate ON rate.c = least(si.category, sj.category)
            AND rate.d = greatest(si.category, sj.category)
        WHERE NOT (si.merchant >= 0 AND si.merchant = sj.merchant)
    ), tied AS (
        SELECT i, j, ln(shared / usual) AS lift FROM described
        WHERE shared > {_LIFT_MIN} * usual
            AND shared * ln(shared / usual) - shared + usual >= {_SURPRISE_MIN}
    )
    SELECT i, j, lift FROM tied UNION ALL SELECT j, i, lift FROM tied
""",
    "tied": """
    SELECT account, item FROM liked WHERE item IN (SELECT i FROM strong)
""",
    # Added up in the order of size, so that no order of rows shows in the last bit.
    "partners": """
    SELECT own.account, own.item, sum(s.lift ORDER BY s.lift) AS nats
    FROM tied own JOIN tied other ON other.account = own.account
    JOIN strong s ON s.i = own.item AND s.j = other.item
    GROUP BY ALL
""",
}

_PER_LIKE = """
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
        for name, query in _STEPS.items():
            connection.execute(f"CREATE TEMP TABLE {name} AS {query}")
        found = connection.execute(_PER_LIKE).fetchnumpy()
    return np.asarray(found["nats"], dtype=np.float64)
