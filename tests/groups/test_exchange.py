"""Likes that go both ways: rings and friends, and nobody else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.clock import DAY_US, HOUR_US
from zhenzan.groups import exchange
from zhenzan.groups.exchange import count_exchanges
from zhenzan.groups.find import find_groups
from zhenzan.groups.relations import Relations
from zhenzan.testing.likes import ITEMS, LikeStream, members_of


def authored(stream: LikeStream, made: dict[int, int]) -> pa.Table:
    """Let every item have an author: those named, and anybody for the others."""
    table = stream.table()
    by = np.random.default_rng(9).integers(0, 4_000, ITEMS).astype(np.int32)
    for item, author in made.items():
        by[item] = author
    return table.append_column("author", pa.array(by[table["item"].to_numpy()]))


def ring(stream: LikeStream, members, per: int, *, share: float) -> dict[int, int]:
    """Let each member bring items, which a share of the others like when it is their turn."""
    made = {}
    for author in members:
        items = stream.targets(per)
        made |= dict.fromkeys(items.tolist(), int(author))
        others = members[members != author]
        stream.order(others, items, window_us=36 * HOUR_US, share=share)
    return made


def friends(stream: LikeStream, members) -> dict[int, int]:
    """Let half of a circle like what one of them posts, most within hours of its appearance."""
    made = {}
    for author in np.repeat(members, 3):
        [item] = stream.targets(1)
        made[int(item)] = int(author)
        there = members[(stream.rng.random(len(members)) < 0.5) & (members != author)]
        posted = int(stream.rng.integers(0, 5 * DAY_US))
        for part, (who, what, ts) in enumerate(stream.parts):
            early = (what == item) & (ts < posted)
            stream.parts[part] = (who[~early], what[~early], ts[~early])
        lag = stream.rng.exponential(6 * HOUR_US, len(there)).astype(np.int64)
        stream.parts.append((there, np.full(len(there), item), posted + lag))
    return made


@pytest.mark.parametrize("seed", [31, 32])
def test_a_ring_is_named_where_authors_are_known(seed):
    stream = LikeStream(seed)
    members = stream.members(30)
    made = ring(stream, members, 1, share=0.7)
    found = find_groups(authored(stream, made))
    assert found.groups["kind"].to_pylist()[0] == "mutual_help_ring"
    plain = find_groups(stream.table())
    assert "mutual_help_ring" not in plain.groups["kind"].to_pylist()[:1]


@pytest.mark.parametrize("seed", [33, 34, 35])
def test_friends_who_like_each_others_posts_are_called_no_fraud(seed):
    stream = LikeStream(seed)
    circles = [stream.members(size) for size in (7, 10, 13)]
    made = {}
    for circle in circles:
        made |= friends(stream, circle)
    groups = find_groups(authored(stream, made))
    assert "friends" in groups.groups["kind"].to_pylist()
    accused = set().union(*members_of(groups).values())
    assert not accused & set(np.concatenate(circles).tolist())


def test_a_crowd_hired_for_other_peoples_items_is_no_ring():
    stream = LikeStream(36)
    members = stream.members(30)
    targets = stream.targets(30)
    stream.order(members, targets, window_us=36 * HOUR_US, share=0.7)
    made = dict.fromkeys(targets.tolist(), 0) | {int(t): 100 + k for k, t in enumerate(targets)}
    kinds = find_groups(authored(stream, made)).groups["kind"].to_pylist()
    assert kinds
    assert "mutual_help_ring" not in kinds


def test_a_ring_of_which_little_was_seen_is_found_by_its_exchanges():
    def seen(table):
        groups = find_groups(table)
        return len(set().union(*members_of(groups).values()) & set(members.tolist()))

    stream = LikeStream(37, likes=20_000)
    members = stream.members(40)
    table = authored(stream, ring(stream, members, 3, share=0.1))
    assert seen(table) >= 30
    assert seen(table.drop_columns(["author"])) <= 10


def test_authors_among_members_are_counted_beside_chance():
    act = {
        "g": [1] * 7,
        "account": [1, 2, 3, 1, 2, 3, 4],
        "item": [11, 11, 12, 12, 13, 13, 14],
    }
    owner = {"item": [11, 12, 13, 14], "author": [3, 2, 1, -1]}
    with Relations(memory_limit="100MB", threads=1) as relations:
        relations.give("act", pa.table(act))
        relations.give("item_owner", pa.table(owner))
        relations.give("member", pa.table({"g": [1] * 4, "account": [1, 2, 3, 4]}))
        relations.give(
            "account_size", pa.table({"account": [1, 2, 3, 4, 9], "d": [2, 2, 2, 4, 30]})
        )
        relations.give("liked", pa.table({"account": [9] * 40}))
        [row] = count_exchanges(relations)
    # 1 likes what 3 made and 3 what 1 made; 2 and 1 as well, 3 and 2 as well. Nobody made 14.
    assert row == {
        "g": 1, "size": 4.0, "told": pytest.approx(6 / 7), "inside": 3.0, "traders": 3.0,
        "expected": pytest.approx(3 * 10 / 40),
    }  # fmt: skip


def test_the_null_of_a_pair_is_that_of_the_log_as_a_whole():
    # Five accounts, each with one item; 1 and 2 exchange, everything else goes one way.
    given = [(1, 12), (2, 11), (3, 11), (4, 12), (5, 13), (1, 14)]
    account, item = zip(*given, strict=True)
    with Relations(memory_limit="100MB", threads=1) as relations:
        relations.give("liked", pa.table({"account": account, "item": item}))
        relations.give("item_owner", pa.table({"item": range(11, 16), "author": range(1, 6)}))
        for name in ("gave", "trade", "exchange"):
            relations.keep(name, getattr(exchange, f"_{name.upper()}"))
        relations.keep("usual_exchange", exchange._USUAL)
        rows = relations.read("SELECT * FROM trade").to_pylist()
        trade = {row["account"]: row["trade"] for row in rows}
        rate = relations.one("SELECT rate FROM usual_exchange")[0]
        pairs = relations.read("SELECT * FROM exchange").to_pylist()
    assert pairs == [{"a": 1, "b": 2}]
    assert trade == {1: 2 * 2, 2: 1 * 2, 3: 1 * 1, 4: 1 * 1, 5: 0}
    total = sum(trade.values())
    by_chance = sum(min(one * (total - one) / 6**2, 1) for one in trade.values())
    assert by_chance > 1
    assert rate == pytest.approx(max(1.0, 2 / by_chance) / 6**2)
