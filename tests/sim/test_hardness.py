"""A simulated platform is as hard as a real one: cover, gaps, audiences, pools and shapes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhenzan.sim import ATTACKS, World, order, scenarios, simulate
from zhenzan.sim.order import STEALTH
from zhenzan.sim.shape import SHAPES, STANDARD_ORDER

WORLD = World(days=4, accounts=2_500, items=500, merchants=80)


def joined(simulation):
    """The log with the labels beside it."""
    table = simulation.interactions
    for column in simulation.labels.drop_columns(["event_id", "account_id"]).column_names:
        table = table.append_column(column, simulation.labels[column])
    return table


def of_kind(table, kind):
    return table.filter(pc.equal(table["kind"], kind))


@pytest.fixture(scope="module")
def standard():
    return joined(scenarios.run("standard", scenarios.Setup(seed=3, days=6, accounts=5_000)))


@pytest.fixture(scope="module")
def ordered(standard):
    return of_kind(standard, "like").filter(of_kind(standard, "like")["is_inauthentic"])


def session_sizes(table, likes):
    """Rows in the session of each like that has one."""
    counts = table.filter(pc.is_valid(table["session_id"]))["session_id"].value_counts()
    place = pc.index_in(likes["session_id"], value_set=counts.field("values"))
    return counts.field("counts").take(pc.drop_null(place)).to_numpy()


def test_covert_likes_lie_in_sessions_as_long_as_honest_ones(standard, ordered):
    honest = of_kind(standard, "like").filter(pc.equal(of_kind(standard, "like")["role"], "honest"))
    level = {
        name: np.median(session_sizes(standard, ordered.filter(pc.equal(ordered["stealth"], name))))
        for name in STEALTH
    }
    usual = np.median(session_sizes(standard, honest))
    assert level["crude"] <= 3
    assert level["medium"] >= 4
    assert level["stealthy"] > 0.4 * usual


def test_covert_likes_are_viewed_before_for_as_long_as_honest_ones():
    """The ordered look of a careful seller is drawn like everybody's; a crude one is a glance."""

    def dwell(stealth):
        table = joined(simulate(WORLD, [order("emulator_farm", stealth)], seed=5))
        views = of_kind(table, "view")
        return np.median(pc.drop_null(views.filter(views["is_inauthentic"])["dwell_ms"]))

    base = of_kind(simulate(WORLD, seed=5).interactions, "view")
    assert dwell("stealthy") > 0.8 * np.median(pc.drop_null(base["dwell_ms"]))
    crude = joined(simulate(WORLD, [order("emulator_farm", "crude", views=1.0)], seed=5))
    views = of_kind(crude, "view")
    assert np.median(pc.drop_null(views.filter(views["is_inauthentic"])["dwell_ms"])) < 3_500


def test_paid_people_do_tasks_inside_sessions_of_their_own():
    busy = World(days=4, accounts=2_500, items=500, merchants=80, visits_per_day=2.0)
    table = joined(simulate(busy, [order("paid_crowd", "stealthy")], seed=5))
    likes = of_kind(table, "like").filter(of_kind(table, "like")["is_inauthentic"])
    own = pc.unique(table.filter(pc.equal(table["role"], "honest"))["session_id"])
    inside = pc.is_in(pc.drop_null(likes["session_id"]), value_set=pc.drop_null(own))
    assert pc.mean(inside).as_py() > 0.25


def test_bought_items_have_honest_audiences_of_all_sizes(standard, ordered):
    likes = of_kind(standard, "like")
    honest = likes.filter(pc.equal(likes["role"], "honest"))["item_id"]
    bought = pc.unique(ordered.filter(pc.not_equal(ordered["attack"], "shadow_framing"))["item_id"])
    counts = honest.value_counts()
    place = pc.index_in(bought, value_set=counts.field("values"))
    audience = pc.fill_null(counts.field("counts").take(place), 0).to_numpy()
    assert (audience <= 3).mean() > 0.05
    assert (audience >= 30).mean() > 0.15
    assert 8 <= np.median(audience) <= 60


def test_orders_differ_in_size_and_few_are_round():
    placed = scenarios.every_attack(5)
    sizes = np.array(
        [made.knobs.likes_per_item for made in placed if made.attack not in scenarios.FIXED_SIZE]
    )
    assert sizes.min() < 60 and sizes.max() > 300
    assert np.mean(sizes % 10 == 0) < 0.5
    made = joined(simulate(WORLD, [order("paid_crowd", "crude", items=30, size_spread=0.6)]))
    likes = of_kind(made, "like").filter(of_kind(made, "like")["is_inauthentic"])
    each = likes["item_id"].value_counts().field("counts").to_numpy()
    assert each.max() > 2 * each.min()


def test_a_reseller_pool_serves_many_merchants_with_few_tasks_a_worker():
    large = World(days=7, accounts=6_000, items=900, merchants=200)
    table = joined(simulate(large, [order("reseller_pool", "stealthy")], seed=4))
    likes = of_kind(table, "like").filter(of_kind(table, "like")["is_inauthentic"])
    tasks = likes["account_id"].value_counts().field("counts").to_numpy()
    assert 1_000 <= len(tasks) <= 3_000 and 2 <= np.median(tasks) <= 5
    assert pc.count_distinct(likes["merchant_id"]).as_py() == 50


def test_rings_go_both_ways_where_merchants_are_accounts():
    world = World(shape="video", days=4, accounts=2_500, items=500, merchants=80)
    table = joined(simulate(world, [order("mutual_ring", "crude")], seed=4))
    likes = of_kind(table, "like").filter(of_kind(table, "like")["is_inauthentic"])
    pairs = set(zip(likes["account_id"].to_pylist(), likes["merchant_id"].to_pylist(), strict=True))
    assert sum((merchant, account) in pairs for account, merchant in pairs) > 100
    assert not any(account == merchant for account, merchant in pairs)


def test_a_live_room_is_liked_by_people_and_bots_together():
    orders = [order("live_room_bots", stealth) for stealth in STEALTH]
    table = joined(simulate(WORLD, orders, ["live_storm"], seed=6))
    likes = of_kind(table, "like")
    bought = likes.filter(likes["is_inauthentic"])
    assert set(bought["channel"].to_pylist()) <= {"live", "list", None}
    same = likes.filter(pc.is_in(likes["item_id"], value_set=pc.unique(bought["item_id"])))
    assert pc.sum(pc.equal(same["twin"], "live_storm")).as_py() > 100


def test_shadow_framing_chooses_the_victims_that_are_there():
    orders = [order("shadow_framing", "crude")]
    table = joined(simulate(WORLD, orders, ["shadow_victims"], seed=6))
    likes = of_kind(table, "like")
    copied = pc.unique(likes.filter(likes["is_inauthentic"])["item_id"])
    theirs = likes.filter(pc.fill_null(pc.equal(likes["twin"], "shadow_victims"), False))
    assert pc.mean(pc.is_in(copied, value_set=pc.unique(theirs["item_id"]))).as_py() == 1.0


def test_one_carrier_block_holds_over_a_thousand_accounts():
    rows = simulate(World(days=5, accounts=16_000, views_per_visit=2.0), seed=2).interactions
    block = pc.struct_field(pc.extract_regex(rows["ip"], r"^(?P<block>\d+\.\d+\.\d+)\."), "block")
    crowd = pa.table({"block": block, "account": rows["account_id"]}).group_by("block")
    assert pc.max(crowd.aggregate([("account", "count_distinct")])[1]).as_py() > 1_000


def test_some_people_like_over_a_hundred_things_on_a_day():
    world = World(days=5, accounts=900, items=3_000, merchants=60)
    likes = of_kind(simulate(world, (), ["heavy_users"], seed=2).interactions, "like")
    day = pc.floor_temporal(likes["ts"], unit="day")
    days = pa.table({"a": likes["account_id"], "d": day}).group_by(["a", "d"])
    assert pc.max(days.aggregate([("d", "count")])["d_count"]).as_py() >= 100


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_shape_keeps_the_contract_and_logs_its_kinds(name):
    made = simulate(World(shape=name, days=2, accounts=900, items=200, merchants=40), seed=2)
    kinds = set(pc.unique(made.interactions["kind"]).to_pylist())
    assert kinds <= {kind.word for kind in SHAPES[name].kinds}
    assert "like" in kinds


def test_shapes_differ_as_platforms_do():
    def facts(name):
        made = simulate(World(shape=name, days=2, accounts=2_000, items=300, merchants=50), seed=2)
        rows = made.interactions
        views = of_kind(rows, "view")
        owner = pc.is_in(rows["merchant_id"], value_set=pc.unique(made.accounts["account_id"]))
        return (
            len(of_kind(rows, "purchase")) / len(views),
            np.median(pc.drop_null(views["dwell_ms"])),
            pc.mean(pc.is_valid(views["completion"])).as_py(),
            pc.mean(owner).as_py(),
        )

    shop, video = facts("shop"), facts("video")
    assert shop[0] > 8 * video[0]
    assert shop[1] > 1.3 * video[1]
    assert video[2] > 0.7 > shop[2]
    assert video[3] > 0.6 and shop[3] == 0.0


def test_standard_worlds_of_different_seeds_differ_in_shape_and_in_what_they_lose():
    worlds = [scenarios.standard_world(seed) for seed in range(1, 9)]
    assert [world.shape for world in worlds[:4]] == ["shop", "video", "mixed", "likes_only"]
    assert len({world.missing_device for world in worlds}) == len(worlds)
    assert {world.shape for world in worlds} == set(STANDARD_ORDER) == set(SHAPES)
    given = scenarios.Setup(seed=1, days=1, accounts=600, shape="likes_only")
    bare = scenarios.run("standard", given).interactions
    assert set(pc.unique(bare["kind"]).to_pylist()) <= {"like", "unlike", "register"}


def test_a_column_that_is_not_logged_is_empty_for_everybody():
    world = World(days=1, accounts=600, items=100, merchants=20, blank=("session", "device"))
    rows = simulate(world, [order("paid_crowd", "crude", items=2)], seed=3).interactions
    assert rows["session_id"].null_count == rows["device_id"].null_count == len(rows)
    assert rows["ip"].null_count < len(rows)


def test_clients_and_live_rooms_without_dwell_exist_and_do_not_tell_who_was_paid(standard):
    views = of_kind(standard, "view")
    silent = pc.is_null(views["dwell_ms"]).to_numpy(zero_copy_only=False)
    role = np.array(views["role"].to_pylist())
    assert 0.05 < silent[role == "honest"].mean() < 0.35
    bought = silent[role == "camouflage"].mean()
    assert abs(bought - silent[role == "honest"].mean()) < 0.06


def test_every_attack_of_the_requirements_has_a_file():
    named = {
        "emulator_farm", "paid_crowd", "cross_platform_drive", "nurtured_bots", "api_replay",
        "distributed_drip", "overseas_proxy", "rotation", "script_in_team", "competitor_framing",
        "hostile_reports", "multi_account_referral", "mutual_ring", "rotating_pool",
        "reseller_pool", "shadow_framing", "hijacked_accounts", "live_room_bots", "brush_orders",
    }  # fmt: skip
    assert named == set(ATTACKS)
