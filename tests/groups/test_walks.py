"""Accounts that go through the same items in the same order, each in its own time."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.groups import walks
from zhenzan.groups.find import find_groups
from zhenzan.groups.relations import Relations
from zhenzan.groups.walks import find_walks
from zhenzan.testing.likes import LikeStream, members_of


def sizes(account) -> pa.Table:
    code, count = np.unique(account, return_counts=True)
    return pa.table({"account": code, "d": count, "lot": code * 7919 % 4096})


def candidates(account, item, ts) -> list[set[int]]:
    """The circles of accounts that share walks."""
    nobody = pa.table({"g": np.zeros(0, np.int64), "account": np.zeros(0, np.int64)})
    with Relations(memory_limit="200MB", threads=1) as relations:
        relations.give("liked", pa.table({"account": account, "item": item, "ts": ts}))
        relations.give("account_size", sizes(account))
        relations.give("target", nobody)
        relations.give("nobody", nobody)
        relations.keep("acquainted", "SELECT * FROM nobody")
        find_walks(relations, false_discovery=0.01)
        found: dict[int, set[int]] = {}
        for row in relations.read("SELECT g, account FROM acquainted").to_pylist():
            found.setdefault(row["g"], set()).add(row["account"])
    return list(found.values())


def at_random(rng, accounts: int, likes: int, items: int):
    popular = 1 / np.arange(1, items + 1) ** 0.8
    account = rng.integers(0, accounts, likes)
    item = rng.choice(items, likes, p=popular / popular.sum())
    _, once = np.unique(account * items + item, return_index=True)
    return account[once], item[once], rng.integers(0, 7 * DAY_US, len(once))


def test_walks_are_counted_as_an_oracle_counts_them():
    rng = np.random.default_rng(1)
    account, item, ts = at_random(rng, 40, 600, 12)
    ts = ts // DAY_US * DAY_US + rng.integers(0, 6, len(ts)) * HOUR_US  # some at one time
    times = Counter(zip(account.tolist(), ts.tolist(), strict=True))
    wanted: Counter[tuple[int, int, int]] = Counter()
    steps: Counter[tuple[int, int]] = Counter()
    for one in range(40):
        mine = sorted(
            (int(t), int(i))
            for a, i, t in zip(account, item, ts, strict=True)
            if a == one and times[one, int(t)] == 1
        )
        path = [i for _, i in mine]
        for start in range(len(path)):
            steps.update((path[start], path[at]) for at in (start + 1, start + 2) if at < len(path))
            for b, c in combinations(range(start + 1, min(start + 4, len(path))), 2):
                wanted[path[start], path[b], path[c]] += 1
    with Relations(memory_limit="100MB", threads=1) as relations:
        relations.give("liked", pa.table({"account": account, "item": item, "ts": ts}))
        relations.give("account_size", sizes(account))
        for name in ("ahead", "step"):
            relations.keep(name, getattr(walks, f"_{name.upper()}"))
        taken = relations.read("SELECT * FROM step").to_pylist()
        relations.keep("often", "SELECT * FROM step WHERE n >= 3")
        relations.keep("begun", walks._BEGUN)
        rows = relations.read(
            f"SELECT a, b, c, count(*) AS n FROM ({walks._WALKED}) GROUP BY a, b, c"
        )
    assert {(row["a"], row["b"]): row["n"] for row in taken} == dict(steps)
    found = {(row["a"], row["b"], row["c"]): row["n"] for row in rows.to_pylist()}
    assert found == {
        walk: n for walk, n in wanted.items() if steps[walk[:2]] >= 3 and steps[walk[1:]] >= 3
    }


def test_a_list_of_popular_items_that_each_replays_on_another_day_ties_its_accounts():
    rng = np.random.default_rng(2)
    account, item, ts = at_random(rng, 3_000, 40_000, 400)
    order = rng.permutation(40)[:12]
    parts = [(account, item, ts)]
    for bot in range(3_000, 3_020):
        when = rng.integers(0, 6 * DAY_US) + np.sort(rng.integers(0, 4 * HOUR_US, 12))
        parts.append((np.full(12, bot), order, when))
        aside = rng.choice(np.arange(40, 400), 4, replace=False)
        parts.append((np.full(4, bot), aside, rng.integers(when[0], when[-1], 4)))
    account, item, ts = (np.concatenate(column) for column in zip(*parts, strict=True))
    [circle] = candidates(account, item, ts)
    assert len(circle & set(range(3_000, 3_020))) >= 19
    assert len(circle - set(range(3_000, 3_020))) <= 1


def test_likes_at_random_and_a_page_read_from_top_to_bottom_tie_nobody():
    rng = np.random.default_rng(3)
    account, item, ts = at_random(rng, 3_000, 40_000, 400)
    assert candidates(account, item, ts) == []
    # Half of the accounts read a page of 15 items downwards and like every other one of them.
    parts = [(account, item, ts)]
    for reader in range(3_000, 4_500):
        liked = np.flatnonzero(rng.random(15) < 0.5) + 400
        when = rng.integers(0, 6 * DAY_US) + np.arange(len(liked)) * 60_000_000
        parts.append((np.full(len(liked), reader), liked, when))
    account, item, ts = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert candidates(account, item, ts) == []


def test_what_walks_tie_is_found_as_a_group():
    def seen(table):
        found = members_of(find_groups(table))
        return len(set().union(*found.values()) & set(members.tolist()))

    stream = LikeStream(41)
    members = np.arange(stream.accounts, stream.accounts + 20)
    stream.accounts += 20
    order = stream.rng.permutation(np.arange(30))[:12]
    for member in members:
        when = stream.rng.integers(0, 6 * DAY_US)
        when += np.sort(stream.rng.integers(0, 4 * HOUR_US, 12))
        stream.parts.append((np.full(12, member), order, when))
    table = stream.table()
    assert seen(table) >= 18
    # The same likes in another order for each: nothing holds them together.
    mine = np.isin(table["account"].to_numpy(), members)
    ts = table["ts"].to_numpy().copy()
    ts[mine] = stream.rng.permutation(ts[mine])
    mixed = table.set_column(table.column_names.index("ts"), "ts", pa.array(ts))
    assert seen(mixed) <= 5
