"""Each registered attack and twin does what its docstring says; a contract suite for both."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhenzan.sim import ATTACKS, TWINS, World, order, simulate
from zhenzan.sim.order import STEALTH

WORLD = World(days=4, accounts=2_500, items=500, merchants=80)
LIKES = sorted(name for name in ATTACKS if ATTACKS[name].likes)

_played = {}


def play(name, stealth="crude"):
    """The rows of one attack played alone, joined to their labels."""
    if (name, stealth) not in _played:
        made = simulate(WORLD, [order(name, stealth)], seed=21)
        labels = made.labels.drop_columns(["event_id", "account_id"])
        table = made.interactions
        for column in labels.column_names:
            table = table.append_column(column, labels[column])
        _played[name, stealth] = table
    return _played[name, stealth]


def ordered_likes(name, stealth="crude"):
    table = play(name, stealth)
    return table.filter(pc.and_(pc.equal(table["kind"], "like"), table["is_inauthentic"]))


def seconds(table):
    return table["ts"].cast(pa.int64()).to_numpy() / 1e6


def share_with_view(name, stealth="crude"):
    table, likes = play(name, stealth), ordered_likes(name, stealth)
    views = table.filter(pc.equal(table["kind"], "view"))
    keys = [
        pc.binary_join_element_wise(part["account_id"], part["item_id"], " ")
        for part in (likes, views)
    ]
    return pc.mean(pc.is_in(keys[0], value_set=pc.unique(keys[1]))).as_py()


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_each_attack_is_documented_and_priced_at_each_level(name):
    made = ATTACKS[name]
    assert made.play.__doc__ and made.row
    assert set(made.presets) == set(STEALTH)
    assert all(order(name, stealth).cost >= 0 for stealth in STEALTH)


@pytest.mark.parametrize("stealth", STEALTH)
@pytest.mark.parametrize("name", LIKES)
def test_each_attack_delivers_most_of_what_was_ordered(name, stealth):
    likes, knobs = ordered_likes(name, stealth), order(name, stealth).knobs
    assert set(likes["attack"].to_pylist()) == {name}
    assert set(likes["stealth"].to_pylist()) == {stealth}
    assert likes["group_id"].null_count == 0
    if name != "shadow_framing":
        wanted = knobs.items * min(knobs.likes_per_item, knobs.accounts)
        assert 0.7 * wanted < len(likes) <= wanted * 1.05
        assert pc.count_distinct(likes["item_id"]).as_py() == knobs.items


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - set(LIKES)))
def test_attacks_without_likes_order_none(name):
    assert len(ordered_likes(name)) == 0
    assert pc.any(play(name)["is_inauthentic"]).as_py()


def test_emulator_farm_registers_in_bulk_on_few_machines():
    table = play("emulator_farm")
    born = table.filter(pc.and_(pc.equal(table["kind"], "register"), table["is_inauthentic"]))
    likes = ordered_likes("emulator_farm")
    assert len(born) > 50 and np.ptp(seconds(born)) < 12.5 * 3_600
    assert pc.count_distinct(likes["device_id"]).as_py() < 0.3 * len(born)


def test_paid_crowd_is_made_of_people_with_a_history_of_their_own():
    table, likes = play("paid_crowd"), ordered_likes("paid_crowd")
    honest = table.filter(pc.equal(table["role"], "honest"))
    known = pc.is_in(pc.unique(likes["account_id"]), value_set=pc.unique(honest["account_id"]))
    assert pc.mean(known).as_py() > 0.5


def share_that_goes_on(table, likes, kinds):
    """Share of likes whose account also did one of the kinds to the item."""
    deeds = table.filter(pc.is_in(table["kind"].cast(pa.string()), value_set=pa.array(kinds)))
    keys = [
        pc.binary_join_element_wise(part["account_id"], part["item_id"], " ")
        for part in (likes, deeds)
    ]
    return pc.mean(pc.is_in(keys[0], value_set=pc.unique(keys[1]))).as_py()


@pytest.mark.parametrize(("stealth", "low", "high"), [("crude", 0.9, 1.0), ("stealthy", 0.6, 0.95)])
def test_most_brush_orders_are_bought_or_praised(stealth, low, high):
    table, likes = play("brush_orders", stealth), ordered_likes("brush_orders", stealth)
    assert low <= share_that_goes_on(table, likes, ["purchase", "comment"]) <= high
    honest = table.filter(
        pc.and_(pc.equal(table["role"], "honest"), pc.equal(table["kind"], "like"))
    )
    assert share_that_goes_on(table, honest, ["purchase", "comment"]) < 0.3
    bought = table.filter(pc.and_(pc.equal(table["kind"], "purchase"), table["is_inauthentic"]))
    assert pc.all(pc.greater(bought["amount_cents"], 0)).as_py()


def test_most_of_those_who_like_a_giveaway_write_and_nobody_was_hired():
    made = simulate(WORLD, twin_names=["giveaway"], seed=5, twin_size=2.0)
    mine = pc.fill_null(pc.equal(made.labels["twin"], "giveaway"), False)
    table = made.interactions.filter(mine)
    likes = table.filter(pc.equal(table["kind"], "like"))
    posts = pc.value_counts(likes["item_id"]).sort(order="descending", by="counts")
    likes = likes.filter(pc.is_in(likes["item_id"], value_set=posts.field("values")[:2]))
    assert len(likes) > 80
    assert share_that_goes_on(table, likes, ["comment"]) > 0.5
    assert not pc.any(made.labels["is_inauthentic"]).as_py()


def test_api_replay_has_no_session_no_device_and_no_view():
    likes = ordered_likes("api_replay")
    assert likes["session_id"].null_count == likes["device_id"].null_count == len(likes)
    assert share_with_view("api_replay") < 0.05


def test_distributed_drip_takes_days_and_as_many_devices_as_accounts():
    likes = ordered_likes("distributed_drip", "stealthy")
    assert np.ptp(seconds(likes)) > 2 * 86_400
    devices = pc.count_distinct(likes["device_id"]).as_py()
    assert devices > 0.9 * pc.count_distinct(likes["account_id"]).as_py()


def test_rotation_shows_many_devices_per_member():
    likes = ordered_likes("rotation")
    devices = pc.count_distinct(likes["device_id"]).as_py()
    assert devices > 2 * pc.count_distinct(likes["account_id"]).as_py()


def test_competitor_framing_hits_one_shop():
    assert pc.count_distinct(ordered_likes("competitor_framing")["merchant_id"]).as_py() == 1


def test_mutual_ring_serves_a_different_shop_with_each_item():
    likes = ordered_likes("mutual_ring")
    shops = pc.count_distinct(likes["merchant_id"]).as_py()
    assert shops == pc.count_distinct(likes["item_id"]).as_py()


def test_script_in_team_carries_campaign_and_task():
    likes = ordered_likes("script_in_team")
    assert likes["campaign_id"].null_count == likes["task_id"].null_count == 0


def test_shadow_framing_copies_an_honest_like_within_seconds():
    table, copies = play("shadow_framing"), ordered_likes("shadow_framing")
    honest = table.filter(
        pc.and_(pc.equal(table["kind"], "like"), pc.equal(table["role"], "honest"))
    )
    by_item = {}
    for item, moment in zip(honest["item_id"].to_pylist(), seconds(honest), strict=True):
        by_item.setdefault(item, []).append(moment)
    near = [
        any(4 <= moment - before <= 65 for before in by_item.get(item, ()))
        for item, moment in zip(copies["item_id"].to_pylist(), seconds(copies), strict=True)
    ]
    assert np.mean(near) > 0.97


def test_hijacked_accounts_act_from_devices_that_are_not_theirs():
    table, likes = play("hijacked_accounts"), ordered_likes("hijacked_accounts")
    honest = table.filter(pc.equal(table["role"], "honest"))
    used = pc.drop_null(pc.unique(likes["device_id"]))
    assert not pc.any(pc.is_in(used, value_set=pc.unique(honest["device_id"]))).as_py()


def test_cross_platform_drive_arrives_through_an_outside_link():
    channels = pc.unique(ordered_likes("cross_platform_drive")["channel"]).to_pylist()
    assert channels == ["external_chat"]


def test_overseas_proxy_works_through_few_hosting_blocks():
    addresses = pc.drop_null(ordered_likes("overseas_proxy")["ip"]).to_pylist()
    assert len({address.rsplit(".", 1)[0] for address in addresses}) <= 3


def test_rotating_pool_shares_few_workers_between_two_items():
    likes = ordered_likes("rotating_pool", "stealthy")
    workers = {}
    pairs = zip(likes["item_id"].to_pylist(), likes["account_id"].to_pylist(), strict=True)
    for item, account in pairs:
        workers.setdefault(item, set()).add(account)
    first, second = list(workers.values())[:2]
    assert len(first & second) <= 15  # n * n / M is about 7, of 100


def test_nurtured_bots_are_fed_first_and_work_later():
    table = play("nurtured_bots")
    fed = table.filter(pc.equal(table["role"], "camouflage"))
    work = ordered_likes("nurtured_bots")
    assert np.median(seconds(fed)) < seconds(work).min()


@pytest.mark.parametrize("name", sorted(TWINS))
def test_each_twin_adds_honest_rows_only(name):
    made = simulate(WORLD, twin_names=[name], seed=8, twin_size=0.4)
    assert not pc.any(made.labels["is_inauthentic"]).as_py()
    assert pc.unique(made.labels["role"]).to_pylist() == ["honest"]
    mine = pc.equal(made.labels["twin"], name)
    likes = pc.and_(pc.fill_null(mine, False), pc.equal(made.interactions["kind"], "like"))
    assert pc.sum(likes).as_py() > 10
    assert TWINS[name].play.__doc__


def test_sanctioned_team_likes_carry_campaign_and_task():
    made = simulate(WORLD, twin_names=["sanctioned_team"], seed=8)
    inside = made.interactions.filter(pc.is_valid(made.interactions["campaign_id"]))
    assert len(inside) > 50 and inside["task_id"].null_count == 0
    assert pc.unique(inside["kind"]).to_pylist() == ["like"]


def test_lawful_lift_trebles_likes_per_view():
    """The change falls in the middle fifth, so the outer parts compare before and after.

    Shops differ, so four of them are put together.
    """
    parts = []
    for seed in (8, 9, 10, 11):
        made = simulate(WORLD, twin_names=["lawful_lift"], seed=seed, twin_size=3.0)
        mine = pc.fill_null(pc.equal(made.labels["twin"], "lawful_lift"), False)
        parts.append(made.interactions.filter(mine))
    mine = pa.concat_tables(parts)
    when = (seconds(mine) - WORLD.start_us / 1e6) / (WORLD.length_us / 1e6)
    kind = np.array(mine["kind"].to_pylist())

    def rate(name, chosen):
        return (kind[chosen] == name).sum() / (kind[chosen] == "view").sum()

    likes = rate("like", when > 0.62) / rate("like", when < 0.38)
    favorites = rate("favorite", when > 0.62) / rate("favorite", when < 0.38)
    assert 2.4 < likes < 3.6
    assert 2.0 < favorites < 3.0
