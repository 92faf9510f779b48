"""Groups injected into other people's likes, whole and thinned out: ``python -m bench.injected``.

Each injected account works on every target of its group within ten minutes and gives as many
private likes. Then a tenth of its work is kept, and every action is moved by up to two hours.
Beside the product's groups stand the public methods whose definitions are relational: pairs of
accounts that meet on items within a window (coordination-network-toolkit, CooRTweet; methods.md
1.1), scored by the weight of the heaviest pair, and the item-pair lift of methods.md, path B.
Writes ``bench/results/injected.json``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.foreign import Floats, Ints, Rows, by_code, groups_of
from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US, generator
from zhenzan.scoring.evaluation import average_precision, recall_at_harm

RESULTS = Path(__file__).parent / "results" / "injected.json"
DATA_VARIABLE = "ZHENZAN_DATA"
SHARES = (0.001, 0.01, 0.05)
HARMS = (0.001, 0.01)

_MET = """
WITH placed AS (
    SELECT account, item, ts, ts // {window} AS bucket FROM likes
    UNION ALL SELECT account, item, ts, ts // {window} + 1 FROM likes
), met AS (
    SELECT DISTINCT a.account AS x, b.account AS y, a.item FROM placed a JOIN placed b
    ON a.item = b.item AND a.bucket = b.bucket AND a.account < b.account
    WHERE abs(a.ts - b.ts) <= {window}
), weighed AS (
    SELECT x, y, count(*) AS weight FROM met GROUP BY x, y
)
SELECT account, CAST(max(weight) AS DOUBLE) AS nats FROM (
    SELECT x AS account, weight FROM weighed UNION ALL SELECT y, weight FROM weighed
) GROUP BY account
"""

_LIFT = """
WITH size AS (
    SELECT item, CAST(count(*) AS DOUBLE) AS n FROM likes GROUP BY item
), volume AS (
    SELECT sum(d * (d - 1)) / (sum(d) * sum(d)) AS rate
    FROM (SELECT CAST(count(*) AS DOUBLE) AS d FROM likes GROUP BY account)
), shared AS (
    SELECT a.item AS i, b.item AS j, CAST(count(*) AS DOUBLE) AS shared FROM likes a JOIN likes b
    ON a.account = b.account AND a.item < b.item GROUP BY a.item, b.item HAVING count(*) >= 2
), lifted AS (
    SELECT s.i, s.j, ln(s.shared / (x.n * y.n * v.rate)) AS lift, s.shared, x.n * y.n * v.rate AS e
    FROM shared s JOIN size x ON x.item = s.i JOIN size y ON y.item = s.j CROSS JOIN volume v
)
SELECT a.account, sum(least(l.lift, 6.0)) AS nats FROM lifted l
JOIN likes a ON a.item = l.i JOIN likes b ON b.item = l.j AND b.account = a.account
WHERE l.shared > 3 * l.e AND l.shared * l.lift - l.shared + l.e > 6 GROUP BY a.account
"""


@dataclass(frozen=True, slots=True)
class Injection:
    """What is injected: groups of ``size`` accounts on ``targets`` items each."""

    name: str
    size: int
    targets: int
    kept: float
    moved_us: int


INJECTIONS = (
    Injection("whole, 50 accounts on 60 items", 50, 60, 1.0, 0),
    Injection("thinned, 50 accounts on 60 items", 50, 60, 0.1, 2 * HOUR_US),
    Injection("thinned, 50 accounts on 200 items", 50, 200, 0.1, 2 * HOUR_US),
    Injection("thinned, 300 accounts on 30 items", 300, 30, 0.1, 2 * HOUR_US),
)


def made(seed: int) -> Rows:
    """Make a week of 300,000 likes by 30,000 accounts of 6,000 items, with a rhythm of days."""
    random, count = generator(seed), 300_000
    activity = 1 / np.arange(1, 30_001) ** 0.6
    popularity = 1 / np.arange(1, 6_001) ** 0.95
    rhythm = 1 + 0.9 * np.sin((np.arange(24) - 9) / 24 * 2 * np.pi)
    ts = random.integers(0, 7, count) * DAY_US + random.integers(0, HOUR_US, count)
    ts += random.choice(24, count, p=rhythm / rhythm.sum()) * HOUR_US
    account = random.choice(len(activity), count, p=activity / activity.sum())
    return Rows(ts, account, random.choice(len(popularity), count, p=popularity / popularity.sum()))


def german(data: Path) -> Rows:
    """Read the link posts of ``german-elections-2021``: a post of a link is a like of it."""
    path = str(data / "german-elections-2021" / "posts.parquet").replace("'", "''")
    query = f"SELECT ts, account, url FROM read_parquet('{path}') WHERE url IS NOT NULL"
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchnumpy()
    account, item = (np.unique(found[name], return_inverse=True)[1] for name in ("account", "url"))
    return Rows(found["ts"].astype(np.int64) * 1_000_000, account, item)


def injected(rows: Rows, what: Injection, share: float, *, seed: int) -> tuple[Rows, Ints]:
    """Inject groups of in all ``share`` of the accounts; return the rows and who was injected."""
    random = generator(seed)
    first = int(rows.account.max()) + 1
    count = max(round(share * len(np.unique(rows.account))), 5)
    fakes = np.arange(first, first + count)
    parts = [(rows.ts, rows.account, rows.item)]
    begin, end = int(rows.ts.min()), int(rows.ts.max())
    for low in range(0, count, what.size):
        members = fakes[low : low + what.size]
        targets = random.choice(np.unique(rows.item), what.targets, replace=False)
        start = random.integers(begin, end, what.targets)
        who, where = np.divmod(np.arange(len(members) * what.targets), what.targets)
        kept = random.random(len(who)) < 0.9 * what.kept
        who, where = who[kept], where[kept]
        when = start[where] + random.integers(0, 10 * MINUTE_US, len(who))
        when += random.integers(-what.moved_us, what.moved_us + 1, len(who))
        private = random.integers(0, len(rows.ts), len(who))
        parts.append((when, members[who], targets[where]))
        aside = random.integers(-HOUR_US, HOUR_US, len(who))
        parts.append((rows.ts[private] + aside, random.choice(members, len(who)),
                      rows.item[private]))  # fmt: skip
    ts, account, item = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(ts, kind="stable")
    ts, account, item = ts[order], account[order], item[order]
    _, once = np.unique(account * (int(item.max()) + 1) + item, return_index=True)
    once.sort()
    return Rows(ts[once], account[once], item[once]), fakes


def _ours(rows: Rows, count: int) -> Floats:
    return by_code(groups_of(rows)[0].accounts, "account", count=count)


def _query(text: str) -> Callable[[Rows, int], Floats]:
    def ranked(rows: Rows, count: int) -> Floats:
        with duckdb.connect() as connection:
            connection.execute("SET memory_limit = '4GB'")
            columns = {name: getattr(rows, name) for name in ("ts", "account", "item")}
            connection.register("likes", pa.table(columns))
            return by_code(connection.sql(text).to_arrow_table(), "account", count=count)

    return ranked


METHODS: dict[str, Callable[[Rows, int], Floats]] = {
    "groups": _ours,
    "pairs within 10 min": _query(_MET.format(window=10 * MINUTE_US)),
    "pairs within 2 h": _query(_MET.format(window=2 * HOUR_US)),
    "item-pair lift": _query(_LIFT),
}


def figures(nats: Floats, active: NDArray[np.bool_], fakes: Ints) -> dict[str, float]:
    """Tell the recall at shares of honest accounts flagged, and the average precision."""
    fake = np.zeros(len(nats), np.bool_)
    fake[fakes] = True
    seen, fake = nats[active], fake[active]
    told = {
        f"recall at {100 * harm:g} %": recall_at_harm(seen[~fake], seen[fake], harm=harm)
        for harm in HARMS
    }
    told["average precision"] = average_precision(seen, fake)
    return {name: round(value, 3) for name, value in told.items()}


def measure(name: str, rows: Rows, *, seed: int) -> list[dict[str, Any]]:
    """Measure every injection, share and method on one background."""
    table = []
    for what in INJECTIONS:
        for share in SHARES:
            mixed, fakes = injected(rows, what, share, seed=seed)
            count = int(mixed.account.max()) + 1
            active = np.bincount(mixed.account, minlength=count) > 0
            row: dict[str, Any] = {"background": name, "seed": seed, "share": share}
            row |= {"injection": asdict(what), "accounts": len(fakes)}
            for method, ranked in METHODS.items():
                row[method] = figures(ranked(mixed, count), active, fakes)
            told = ", ".join(f"{method} {row[method]}" for method in METHODS)
            print(f"{name}, {what.name}, {100 * share:g} %: {told}", flush=True)
            table.append(row)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get(DATA_VARIABLE, "data")))
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    table = measure("made", made(chosen.seed), seed=chosen.seed)
    if (chosen.data / "german-elections-2021").exists():
        table += measure("german-elections-2021", german(chosen.data), seed=chosen.seed)
    RESULTS.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
