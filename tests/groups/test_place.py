"""Where members act, beside where they live."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.clock import HOUR_US
from zhenzan.groups.find import find_groups
from zhenzan.groups.place import find_elsewhere, keep_lives
from zhenzan.groups.relations import Relations
from zhenzan.testing.likes import LikeStream

BLOCKS = 400


def placed(stream: LikeStream, members, targets, *, home, work) -> pa.Table:
    """Give each account a home block and device, and members those of ``home`` and ``work``."""
    table = stream.table()
    account, item = (table[name].to_numpy() for name in ("account", "item"))
    rng = np.random.default_rng(3)
    block = account % BLOCKS
    device = account.copy()
    mine = np.isin(account, members)
    block[mine] = home(rng, account[mine])
    at_work = mine & np.isin(item, targets)
    block[at_work], device[at_work] = work(rng, account[at_work], block[at_work])
    away = ~mine & (rng.random(len(account)) < 0.15)
    block[away] = BLOCKS + rng.integers(0, 20, int(away.sum()))  # carriers
    return table.append_column("block", pa.array(block.astype(np.int32))).append_column(
        "device", pa.array(device.astype(np.int32))
    )


def kind_of(table: pa.Table, members) -> tuple[str, bool]:
    groups = find_groups(table)
    best = max(
        groups.groups.to_pylist(),
        key=lambda group: sum(
            row["account"] in set(members.tolist())
            for row in groups.members.to_pylist()
            if row["group_id"] == group["group_id"]
        ),
    )
    return best["kind"], best["benign"]


@pytest.fixture(scope="module")
def evening():
    """Likes of people who come when a target appears, over the evening."""
    stream = LikeStream(11)
    members, targets = stream.members(50), stream.targets(10)
    for target in targets:
        stream.fans(members, [target])
    return stream, members, targets


def test_people_who_live_in_one_block_are_a_dormitory(evening):
    stream, members, targets = evening
    table = placed(
        stream, members, targets,
        home=lambda rng, who: np.full(len(who), 7), work=lambda rng, who, at: (at, who),
    )  # fmt: skip
    assert kind_of(table, members) == ("dormitory", True)


def test_a_class_that_shares_its_school_and_no_flat_is_no_fraud(evening):
    stream, members, targets = evening

    def school_or_flat(rng, who):
        return np.where(rng.random(len(who)) < 0.35, 7, who % 380)

    table = placed(
        stream, members, targets, home=school_or_flat, work=lambda rng, who, at: (at, who)
    )
    assert kind_of(table, members) == ("dormitory", True)


def test_a_pool_that_changes_its_network_for_every_task_is_no_dormitory():
    stream = LikeStream(12)
    members, targets = stream.members(50), stream.targets(10)
    stream.order(members, targets, window_us=HOUR_US // 2)

    def work(rng, who, at):
        return rng.integers(390, 394, len(who)), 10_000 + who * 3 + rng.integers(0, 3, len(who))

    table = placed(stream, members, targets, home=lambda rng, who: who % 380, work=work)
    assert kind_of(table, members)[1] is False


def test_the_share_of_work_from_elsewhere_is_told_beyond_what_is_usual():
    # Account 1 works away, 2 and 3 work where they live; 4 and 5 move once each in four likes.
    rows = [(1, 9, 50), (1, 8, 60), (1, 1, 10), (1, 2, 10), (1, 3, 10)]
    rows += [(who, item, who) for who in (2, 3) for item in (9, 8, 1, 2, 3)]
    rows += [(who, item, who if item < 4 else 70 + who) for who in (4, 5) for item in (1, 2, 3, 4)]
    account, item, device = (np.array(column) for column in zip(*rows, strict=True))
    likes = pa.table({"account": account, "item": item, "device": device, "ts": item * 10})
    target = np.isin(item, (8, 9))
    with Relations(memory_limit="100MB", threads=1) as relations:
        relations.give("likes", likes)
        act = likes.filter(pa.array(target)).append_column("g", pa.array(np.ones(6, np.int64)))
        relations.give("act", act)
        relations.give("member", pa.table({"g": np.ones(3, np.int64), "account": [1, 2, 3]}))
        keep_lives(relations, "device")
        life = {
            (row["account"], row["value"]): (row["here"], row["outside"])
            for row in relations.read("SELECT * FROM life_device").to_pylist()
        }
        assert life == {
            (1, 50): (1, 0), (1, 60): (1, 0), (1, 10): (0, 3), (2, 2): (2, 3), (3, 3): (2, 3),
        }  # fmt: skip
        home = relations.read("SELECT account, value FROM home_device ORDER BY account")
        assert home.to_pydict() == {"account": [1, 2, 3], "value": [10, 2, 3]}
        # The members have three likes to compare with, as 4 and 5 have, who give 2 of 8 from a
        # place seen once: of three members 3 * 2 / 8 would work elsewhere by habit; one does.
        usual = 3 * 2 / 8
        found = find_elsewhere(relations, "device")
    assert found == {1: pytest.approx((1 - usual) / (3 - usual))}
