"""From the tables of a search to its answer: significance, kinds, suppliers, evidence."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.groups.null import chernoff_nats, false_discovery, log_choices
from zhenzan.groups.relations import Relations
from zhenzan.groups.schema import BENIGN_KINDS, SCHEMAS, Groups
from zhenzan.groups.signs import find_signs
from zhenzan.groups.typology import name_kinds

_POOL_GROUPS_MIN = 3
_PAIR_MEMBERS = 24
_PAIRS_MAX = 200
_WEAK_ODDS_MIN = -7.0

_UNPROVEN_NATS = 5.0
"""Candidates that the bound on all searches leaves unproven rank their accounts and likes too,
after those of groups: the bound is far from tight where members take part in few targets."""

_MEMBERS = """
SELECT m.g, m.account, any_value(m.strength) AS strength, count(*) AS likes,
       min(a.ts) AS first_us, max(a.ts) AS last_us
FROM member m JOIN act a ON a.g = m.g AND a.account = m.account GROUP BY m.g, m.account
ORDER BY m.g, strength DESC, first_us, last_us, m.account
"""

_TARGETS = """
SELECT a.g, a.item, max(o.merchant) AS merchant, count(*) AS likes
FROM act a JOIN item_owner o USING (item) GROUP BY a.g, a.item
ORDER BY a.g, likes DESC, min(a.ts), a.item
"""

_EVIDENCE = """
SELECT l.row, a.g, a.who_nats + a.time_nats AS nats
FROM act a JOIN likes l ON l.account = a.account AND l.item = a.item AND l.ts = a.ts
WHERE a.who_nats + a.time_nats > 0 ORDER BY l.row, a.g
"""

_PAIRS = """
WITH core AS (
    SELECT m.g, m.account FROM (
        SELECT g, account, row_number() OVER (
            PARTITION BY g ORDER BY strength DESC, k DESC, account) AS place FROM member
    ) m JOIN reported r USING (g) WHERE m.place <= {members}
), mine AS (
    SELECT a.g, a.account, a.item, a.ts FROM act a
    JOIN core c ON c.g = a.g AND c.account = a.account
), met AS (
    SELECT a.g, a.account AS a, b.account AS b, CAST(count(*) AS DOUBLE) AS shared,
           avg(sign(b.ts - a.ts)) AS lead,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(b.ts - a.ts)) / 1000000 AS gap_s
    FROM mine a JOIN mine b ON a.g = b.g AND a.item = b.item AND a.account < b.account
    GROUP BY a.g, a.account, b.account
), room AS (
    SELECT g, sum((n - k + 0.5) * (n - k + 0.5)) AS squares FROM aim GROUP BY g
), weighed AS (
    SELECT m.*, x.d * y.d * r.squares / ({total} * {total}) AS expected
    FROM met m JOIN room r USING (g) JOIN account_size x ON x.account = m.a
    JOIN account_size y ON y.account = m.b
)
SELECT g, CASE WHEN lead >= 0 THEN a ELSE b END AS account_a,
       CASE WHEN lead >= 0 THEN b ELSE a END AS account_b,
       CAST(shared AS BIGINT) AS shared, expected,
       greatest(shared * ln(shared / greatest(expected, 1e-12)) - shared + expected, 0.0)
           AS surprise, gap_s
FROM weighed ORDER BY g, surprise DESC, gap_s, account_a, account_b
"""

_ACCOUNTS = """
WITH every AS (
    SELECT o.account, o.strength + v.nats AS nats
    FROM odds o JOIN verdict v USING (g)
    LEFT JOIN followed f ON f.g = o.g AND f.account = o.account WHERE f.account IS NULL
)
SELECT account, max(ln(1 + exp(least(nats, 500.0))) + greatest(nats - 500.0, 0.0)) AS nats
FROM every GROUP BY account ORDER BY account
"""

_SCORES = """
WITH member_likes AS (
    SELECT a.account, a.item, a.ts, least(m.strength, a.who_nats + a.time_nats) + v.nats AS nats
    FROM act a JOIN member m ON m.g = a.g AND m.account = a.account
    JOIN verdict v ON v.g = a.g
), weak AS (
    SELECT h.account, h.item, h.ts, o.strength + v.nats AS nats
    FROM odds o JOIN hit h ON h.g = o.g AND h.account = o.account JOIN verdict v ON v.g = o.g
    LEFT JOIN followed f ON f.g = o.g AND f.account = o.account
    WHERE o.strength <= 0 AND o.strength > {weak} AND f.account IS NULL
), every AS (
    SELECT * FROM member_likes UNION ALL SELECT * FROM weak
)
SELECT l.row, max(ln(1 + exp(least(e.nats, 500.0)))) AS nats
FROM every e JOIN likes l ON l.account = e.account AND l.item = e.item AND l.ts = e.ts
GROUP BY l.row ORDER BY l.row
"""

_CHIEF = """
SELECT g, merchant FROM (
    SELECT a.g, o.merchant, row_number() OVER (PARTITION BY a.g ORDER BY count(*) DESC, o.merchant)
        AS place
    FROM act a JOIN item_owner o USING (item) WHERE o.merchant >= 0 GROUP BY a.g, o.merchant
) WHERE place = 1
"""

_OVERLAP = """
WITH size AS (
    SELECT g, CAST(count(*) AS DOUBLE) AS n FROM member GROUP BY g
), met AS (
    SELECT a.g AS g, b.g AS h, CAST(count(*) AS DOUBLE) AS shared
    FROM member a JOIN member b ON a.account = b.account AND a.g < b.g GROUP BY a.g, b.g
)
SELECT m.g, m.h, m.shared, x.n * y.n / {accounts} AS expected
FROM met m JOIN size x ON x.g = m.g JOIN size y ON y.g = m.h ORDER BY m.g, m.h
"""


def assemble(
    relations: Relations, likes: pa.Table, looks: pa.Table, *, false_discovery_max: float
) -> Groups:  # fmt: skip
    """Test every candidate against the null, name its kind, and write the answer.

    Parameters
    ----------
    looks
        What each candidate did, from `judge.judge_groups`.
    """
    total, accounts, items = relations.one(
        "SELECT (SELECT count(*) FROM liked), (SELECT count(*) FROM account_size),"
        " (SELECT count(*) FROM item_size)"
    )
    log_p, q_value = _significance(looks, accounts, items)
    proven = q_value <= false_discovery_max
    keep = np.flatnonzero(proven)
    numbers = looks["g"].to_numpy()
    relations.give("reported", pa.table({"g": looks["g"].take(keep)}))
    pools = np.full(len(looks), -1, np.int64)
    pools[keep] = _pools(relations, numbers[keep], accounts)
    signs = find_signs(relations, likes, looks, proven, pools)
    kinds = [
        ("reseller_pool", odds, harmless) if pool >= 0 and kind not in BENIGN_KINDS else
        (kind, odds, harmless)
        for (kind, odds, harmless), pool in zip(name_kinds(signs), pools, strict=True)
    ]  # fmt: skip
    clear = np.array([math.log(max(1.0 - harmless, 1e-12)) for _, _, harmless in kinds])
    clear = np.where(proven, clear, clear - _UNPROVEN_NATS)
    guilty = np.array([kind not in BENIGN_KINDS for kind, _, _ in kinds], np.bool_)
    relations.give("verdict", pa.table({"g": numbers[guilty], "nats": clear[guilty]}))
    looks, log_p, q_value, numbers = looks.take(keep), log_p[keep], q_value[keep], numbers[keep]
    kinds, pools = [kinds[at] for at in keep.tolist()], pools[keep]
    ids = _identities(relations, numbers)
    order = np.array(
        sorted(range(len(numbers)), key=lambda at: (log_p[at], ids[numbers[at]])), np.int64
    )
    return Groups(
        groups=_groups(looks, kinds, log_p, q_value, pools, ids).take(order),
        members=_named(relations.read(_MEMBERS), ids, "members", role="executor"),
        targets=_named(relations.read(_TARGETS), ids, "targets", role="beneficiary"),
        pairs=_strongest(relations.read(_PAIRS, members=_PAIR_MEMBERS, total=float(total)), ids),
        evidence=_named(relations.read(_EVIDENCE), ids, "evidence"),
        accounts=relations.read(_ACCOUNTS).cast(SCHEMAS["accounts"]),
        scores=relations.read(_SCORES, weak=_WEAK_ODDS_MIN).cast(SCHEMAS["scores"]),
    )


def _significance(
    looks: pa.Table, accounts: int, items: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound, for each candidate, the natural log of its p-value and its q-value.

    The best of three tests counts, at three times its bound. Two take the members and the targets
    for chosen, and count likes: within the targets' windows, or within the interval in which the
    members' likes lie. The third takes the targets alone for chosen, which name the accounts that
    like two of them, and counts these.
    """
    column = {name: looks[name].to_numpy().astype(np.float64) for name in looks.column_names}
    chosen = log_choices(accounts, column["size"])
    # Null where there are many targets: then the count of accounts says nothing.
    twice = np.nan_to_num(column["twice"], nan=np.inf)
    tests = [
        chernoff_nats(column["likes"], column["expected"]) - chosen - column["tries"],
        chernoff_nats(column["likes"], column["tight"]) - chosen - column["tight_tries"],
        chernoff_nats(column["size"], twice) - column["tries"],
    ]
    nats = np.max(tests, axis=0) - math.log(len(tests)) - log_choices(items, column["items"])
    log_p = -np.maximum(nats, 0.0)
    return log_p, false_discovery(log_p)


def _pools(relations: Relations, numbers: NDArray[np.int64], accounts: int) -> NDArray[np.int64]:
    """Number the suppliers: groups tied by more common members than chance explains; -1 alone.

    A pool serves at least three groups; two that overlap may be one group that grew. It has several
    customers: where every one of its groups serves the same merchant, those are that shop's people.
    """
    met = relations.read(_OVERLAP, accounts=float(accounts))
    shared, expected = met["shared"].to_numpy(), met["expected"].to_numpy()
    tests = max(len(numbers) * (len(numbers) - 1) / 2, 1.0)
    tied = chernoff_nats(shared, expected) >= math.log(100.0 * tests)
    place = {g: at for at, g in enumerate(numbers.tolist())}
    root = list(range(len(numbers)))

    def top(at: int) -> int:
        while root[at] != at:
            at = root[at]
        return at

    for g, h in zip(met["g"].to_numpy()[tied].tolist(), met["h"].to_numpy()[tied].tolist(),
                    strict=True):  # fmt: skip
        if g in place and h in place:
            low, high = sorted((top(place[g]), top(place[h])))
            root[high] = low
    tops = np.array([top(at) for at in range(len(numbers))], np.int64)
    served = np.bincount(tops, minlength=len(numbers))
    chief = {row["g"]: row["merchant"] for row in relations.read(_CHIEF).to_pylist()}
    customers: dict[int, set[int]] = {}
    for at, g in enumerate(numbers.tolist()):
        # A group whose merchants nobody knows may serve anybody.
        customers.setdefault(int(tops[at]), set()).add(chief.get(g, -1 - g))
    several = np.array([len(customers[at]) > 1 for at in tops.tolist()], np.bool_)
    return np.where((served[tops] >= _POOL_GROUPS_MIN) & several, tops, -1)


def _identities(relations: Relations, numbers: NDArray[np.int64]) -> dict[int, str]:
    """Name each group by a hash of the times of its likes; codes play no part."""
    times = relations.read("SELECT g, ts FROM act ORDER BY g, ts")
    g, ts = times["g"].to_numpy(), np.ascontiguousarray(times["ts"].to_numpy().astype("<i8"))
    ids: dict[int, str] = {}
    for number in numbers.tolist():
        low, high = np.searchsorted(g, [number, number + 1])
        ids[number] = hashlib.blake2b(ts[low:high].tobytes(), digest_size=8).hexdigest()
    return ids


def _groups(
    looks: pa.Table, kinds: list[tuple[str, float, float]], log_p: NDArray[np.float64],
    q_value: NDArray[np.float64], pools: NDArray[np.int64], ids: dict[int, str],
) -> pa.Table:  # fmt: skip
    number = looks["g"].to_pylist()
    names = np.array([ids[g] for g in number])
    suppliers = [
        None if pool < 0 else _supplier(sorted(names[pools == pool].tolist())) for pool in pools
    ]
    size, items, likes = (
        looks[name].to_numpy().astype(float) for name in ("size", "items", "likes")
    )
    columns = {
        "group_id": names,
        "kind": [kind for kind, _, _ in kinds],
        "confidence": [odds for _, odds, _ in kinds],
        "benign": [kind in BENIGN_KINDS for kind, _, _ in kinds],
        "cohesion": np.minimum(likes / (size * items), 1.0),
        "log10_p": log_p / math.log(10),
        "q_value": q_value,
        "supplier": pa.array(suppliers, pa.string()),
    }
    schema = SCHEMAS["groups"]
    return pa.table(
        [
            pc.cast(pa.array(columns[f.name]) if f.name in columns else looks[f.name], f.type,
                    safe=False)
            for f in schema
        ],
        schema=schema,
    )  # fmt: skip


def _supplier(names: list[str]) -> str:
    return hashlib.blake2b("".join(names).encode(), digest_size=8).hexdigest()


def _named(table: pa.Table, ids: dict[int, str], name: str, *, role: str = "") -> pa.Table:
    """Put the group's identity in place of its number, and drop groups that are not reported."""
    schema = SCHEMAS[name]
    numbers = pa.array(list(ids), pa.int64())
    at = pc.index_in(table["g"].cast(pa.int64()), value_set=numbers)
    table = table.append_column("group_id", pa.array(list(ids.values()), pa.string()).take(at))
    table = table.filter(at.is_valid())
    if role:
        table = table.append_column("role", pa.repeat(role, len(table)))
    return table.select(schema.names).cast(schema)


def _strongest(pairs: pa.Table, ids: dict[int, str]) -> pa.Table:
    g = pairs["g"].to_numpy()
    first = np.searchsorted(g, g)
    return _named(pairs.filter(np.arange(len(g)) - first < _PAIRS_MAX), ids, "pairs")
