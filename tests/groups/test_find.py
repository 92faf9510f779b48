from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.errors import SchemaError
from zhenzan.groups.find import GroupOptions, find_groups
from zhenzan.groups.schema import SCHEMAS
from zhenzan.testing.likes import LikeStream, members_of
from zhenzan.testing.streams import START_US


def same(a, b):
    """Equal groups: identities, kinds and figures."""
    for name in ("group_id", "kind", "size", "items", "likes"):
        assert a.groups[name].to_pylist() == b.groups[name].to_pylist()
    for name in ("log10_p", "cohesion", "order_asymmetry", "confidence"):
        np.testing.assert_allclose(a.groups[name], b.groups[name], rtol=1e-6, atol=1e-9)


@pytest.fixture(scope="module")
def planted():
    stream = LikeStream(1)
    crowd, farm, club = stream.members(60), stream.members(50), stream.members(80)
    stream.order(crowd, stream.targets(14), window_us=36 * HOUR_US, share=0.5)
    stream.order(farm, stream.targets(10, merchant=7), window_us=10 * MINUTE_US)
    stream.fans(club, stream.targets(10, merchant=9))
    table = stream.table()
    return table, {"slow": crowd, "fast": farm, "club": club}, find_groups(table)


def test_a_slow_crowd_and_a_fast_farm_are_found_and_nobody_else_is_accused(planted):
    _, truth, groups = planted
    accused = set().union(*members_of(groups).values())
    guilty = set(truth["slow"]) | set(truth["fast"])
    assert len(accused & set(truth["slow"])) >= 0.95 * len(truth["slow"])
    assert len(accused & set(truth["fast"])) >= 0.95 * len(truth["fast"])
    assert not accused - guilty


def test_a_fan_club_is_reported_and_not_accused(planted):
    _, truth, groups = planted
    harmless = members_of(groups, benign=True)
    assert any(len(found & set(truth["club"])) >= 60 for found in harmless.values())
    assert "fan_club" in groups.groups["kind"].to_pylist()


def test_evidence_lies_on_the_groups_targets_only(planted):
    table, _, groups = planted
    aimed = set(
        zip(groups.targets["group_id"].to_pylist(), groups.targets["item"].to_pylist(), strict=True)
    )
    joined = set(
        zip(
            groups.members["group_id"].to_pylist(),
            groups.members["account"].to_pylist(),
            strict=True,
        )
    )
    item, account = table["item"].to_pylist(), table["account"].to_pylist()
    rows, names = groups.evidence["row"].to_pylist(), groups.evidence["group_id"].to_pylist()
    assert rows
    for row, name in zip(rows, names, strict=True):
        assert (name, item[row]) in aimed
        assert (name, account[row]) in joined


def test_every_table_keeps_its_schema(planted):
    for name, schema in SCHEMAS.items():
        assert getattr(planted[2], name).schema.equals(schema)


def test_the_ranking_puts_members_first(planted):
    _, truth, groups = planted
    order = np.argsort(-np.asarray(groups.accounts["nats"]), kind="stable")
    first = np.asarray(groups.accounts["account"])[order][:100]
    assert np.isin(first, [*truth["slow"], *truth["fast"]]).all()


def test_renumbering_and_shuffling_change_nothing(planted):
    table, _, groups = planted
    rng = np.random.default_rng(5)
    order = rng.permutation(len(table))
    columns = {}
    for name in ("account", "item", "merchant"):
        codes = np.asarray(table[name])
        columns[name] = rng.permutation(codes.max() + 1).astype(np.int32)[codes][order]
    moved = pa.table(
        {"row": np.asarray(table["row"])[order], "ts": np.asarray(table["ts"])[order], **columns}
    )
    again = find_groups(moved)
    same(groups, again)
    assert sorted(again.evidence["row"].to_pylist()) == sorted(groups.evidence["row"].to_pylist())


def test_a_hit_that_everybody_likes_changes_no_membership(planted):
    table, _, groups = planted
    everyone = np.unique(np.asarray(table["account"]))
    rng = np.random.default_rng(6)
    hit = pa.table(
        {
            "row": np.arange(len(table), len(table) + len(everyone)),
            "ts": START_US + rng.integers(0, 7 * DAY_US, len(everyone)),
            "account": everyone,
            "item": np.full(len(everyone), 5_000, np.int32),
            "merchant": np.full(len(everyone), 5_000, np.int32),
        }
    )
    again = find_groups(pa.concat_tables([table, hit.cast(table.schema)]))
    assert again.groups["group_id"].to_pylist() == groups.groups["group_id"].to_pylist()
    assert 5_000 not in again.targets["item"].to_pylist()


@pytest.mark.parametrize("seed", range(6))
def test_likes_at_random_yield_no_group(seed):
    assert len(find_groups(LikeStream(100 + seed).table()).groups) == 0


def test_an_account_that_bots_copy_is_no_member():
    stream = LikeStream(3)
    bots = np.arange(stream.accounts, stream.accounts + 20)
    stream.accounts += 20
    account, item, ts = stream.parts[0]
    victim = int(np.flatnonzero(np.bincount(account) == 25)[0])
    for target, when in zip(item[account == victim], ts[account == victim], strict=True):
        copying = bots[stream.rng.random(20) < 0.9]
        lag = stream.rng.integers(5_000_000, 50_000_000, len(copying))
        stream.parts.append((copying, np.full(len(copying), target), when + lag))
    groups = find_groups(stream.table())
    accused = set().union(*members_of(groups).values())
    assert len(accused & set(bots)) >= 18
    assert victim not in accused
    assert victim not in groups.accounts["account"].to_pylist()


def test_a_large_pool_shows_on_items_of_a_hundred_likes_in_a_busy_log():
    stream = LikeStream(5, likes=100_000)
    pool, targets = stream.members(900), stream.targets(30)
    for target in targets:
        stream.order(pool, [target], window_us=3 * DAY_US, share=0.1)
    # With 3 pairs a like items of 90 likes would be thinned, and four of five members lost.
    accused = set().union(*members_of(find_groups(stream.table())).values())
    assert len(accused & set(pool)) >= 0.5 * len(pool)
    assert len(accused - set(pool)) <= 0.05 * len(accused)


def test_two_items_are_a_candidate_though_each_is_tied_more_firmly_elsewhere():
    stream = LikeStream(9)
    crowd, fans = stream.members(40), stream.members(90)
    first, second, *rest = stream.targets(12)
    stream.order(crowd, np.array([first, second]), window_us=36 * HOUR_US, share=0.95)
    stream.fans(fans, np.array([first, *rest[:5]]))
    stream.fans(stream.members(90), np.array([second, *rest[5:]]))
    found = members_of(find_groups(stream.table())).values()
    assert max(len(members & set(crowd)) for members in found) >= 0.7 * len(crowd)


@pytest.mark.parametrize("seed", range(3))
def test_people_of_one_taste_are_found_and_not_accused(seed):
    stream = LikeStream(seed)
    people = stream.members(400)
    stream.taste(people, stream.targets(60), likes=8)
    groups = find_groups(stream.table())
    assert not set().union(*members_of(groups).values())
    together = members_of(groups, benign=True).values()
    assert max(len(found & set(people)) for found in together) >= 100
    assert "shared_taste" in groups.groups["kind"].to_pylist()


def test_a_log_without_times_names_no_kind_by_times():
    stream = LikeStream(3)
    stream.order(stream.members(60), stream.targets(14), window_us=36 * HOUR_US)
    table = stream.table().drop_columns(["merchant"])
    table = table.set_column(1, "ts", pa.array(np.full(len(table), START_US)))
    groups = find_groups(table).groups
    assert len(groups) > 0
    assert max(groups["confidence"].to_pylist()) < 0.5


def test_a_rotating_pool_shows_though_no_pair_of_items_does():
    stream = LikeStream(4)
    pool, targets = np.arange(stream.accounts, stream.accounts + 400), stream.targets(40)
    for target in targets:
        taking = stream.rng.choice(pool, 40, replace=False)
        when = stream.rng.integers(0, 7 * DAY_US, 40)
        stream.parts.append((taking, np.full(40, target), when))
    groups = find_groups(stream.table())
    accused = set().union(*members_of(groups).values())
    assert len(accused & set(pool)) >= 0.7 * len(pool)
    assert len(accused - set(pool)) <= 0.05 * len(accused)


def test_accounts_that_serve_several_customers_are_linked_to_one_supplier():
    stream = LikeStream(8)
    pool = stream.members(240)
    for _ in range(3):
        hired = stream.rng.choice(pool, 60, replace=False)
        merchant = int(stream.rng.integers(0, 200))
        stream.order(hired, stream.targets(10, merchant=merchant), window_us=30 * MINUTE_US)
    groups = find_groups(stream.table()).groups
    suppliers = [name for name in groups["supplier"].to_pylist() if name]
    assert len(suppliers) == 3
    assert len(set(suppliers)) == 1
    # Each customer's order is a group, and what their workers have in common is none beside them.
    assert groups["size"].to_pylist() == [60, 60, 60]
    assert groups["items"].to_pylist() == [10, 10, 10]


def test_a_pool_has_several_customers():
    stream = LikeStream(8)
    pool = stream.members(240)
    for _ in range(3):
        hired = stream.rng.choice(pool, 60, replace=False)
        stream.order(hired, stream.targets(10, merchant=9), window_us=30 * MINUTE_US)
    groups = find_groups(stream.table()).groups
    assert len(groups) == 3
    assert groups["supplier"].to_pylist() == [None] * 3
    assert "reseller_pool" not in groups["kind"].to_pylist()


@pytest.mark.parametrize("seed", [21, 22])
def test_groups_of_which_little_is_left_are_found_whole_and_once(seed):
    stream = LikeStream(seed)
    crews = [stream.members(50) for _ in range(3)]
    for crew in crews:
        # Minutes at first, then every action moved by up to two hours and six of seven left out.
        stream.order(crew, stream.targets(60), window_us=4 * HOUR_US, share=0.15)
    found = members_of(find_groups(stream.table()))
    for crew in crews:
        shares = [len(members & set(crew.tolist())) / len(crew) for members in found.values()]
        assert max(shares) >= 0.9
        assert sum(share > 0 for share in shares) == 1
    accused = set().union(*found.values())
    assert len(accused - set(np.concatenate(crews).tolist())) <= 0.02 * len(accused)


@pytest.mark.parametrize("merchant", [None, 7])
def test_many_accounts_on_the_same_two_items_are_a_group(merchant):
    stream = LikeStream(11)
    crowd = stream.members(60)
    stream.order(crowd, stream.targets(2, merchant=merchant), window_us=24 * HOUR_US, share=0.9)
    accused = set().union(*members_of(find_groups(stream.table())).values())
    assert len(accused & set(crowd)) >= 45
    assert not accused - set(crowd)


@pytest.mark.parametrize("seed", range(3))
def test_fans_of_two_items_of_one_owner_are_not_accused(seed):
    stream = LikeStream(40 + seed)
    club = stream.members(80)
    stream.fans(club, stream.targets(2, merchant=9))
    assert not members_of(find_groups(stream.table()))


def test_without_owners_no_kind_is_more_likely_than_not(planted):
    groups = find_groups(planted[0].drop_columns("merchant")).groups
    assert len(groups) >= 3
    assert max(groups["confidence"].to_pylist()) < 0.5
    assert max(planted[2].groups["confidence"].to_pylist()) > 0.5


def test_no_likes_are_no_groups(planted):
    assert len(find_groups(planted[0].slice(0, 0)).groups) == 0


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match="item"):
        find_groups(pa.table({"row": [0], "ts": [0], "account": [0]}))


def test_one_item_that_everybody_likes_costs_no_more_than_its_likes():
    """The rows of the self-join are bounded by the budget, whatever the skew."""
    rng = np.random.default_rng(2)
    count = 60_000
    item = np.where(rng.random(count) < 0.5, 0, rng.integers(1, 2_000, count))
    table = pa.table(
        {
            "row": np.arange(count),
            "ts": START_US + rng.integers(0, 7 * DAY_US, count),
            "account": rng.permutation(count).astype(np.int32) % 30_000,
            "item": item.astype(np.int32),
        }
    )
    groups = find_groups(table, options=GroupOptions(memory_limit="200MB"))
    assert len(groups.groups) == 0
