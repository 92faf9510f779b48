"""The simulated log keeps the contract, repeats, and gives nothing away by its form."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.errors import SettingError
from zhenzan.events.schema import ACCOUNTS, INTERACTION, ITEMS, KINDS
from zhenzan.sim import ATTACKS, TWINS, World, inject, order, scenarios, simulate, write
from zhenzan.sim.assemble import LABELS
from zhenzan.sim.order import STEALTH

WORLD = World(days=3, accounts=2_500, items=500, merchants=80)


@pytest.fixture(scope="module")
def played():
    orders = [order(name, stealth) for name in sorted(ATTACKS) for stealth in ("crude", "stealthy")]
    return simulate(WORLD, orders, sorted(TWINS), seed=11, twin_size=0.3)


def likes_of(simulation):
    return pc.equal(simulation.interactions["kind"], "like")


def ranks(column):
    return np.argsort(np.argsort(column.to_numpy(zero_copy_only=False)))


def correlation(left, right):
    return abs(float(np.corrcoef(left, right)[0, 1]))


def test_one_seed_repeats_a_run_and_another_does_not():
    small = World(days=1, accounts=400, items=100, merchants=20)
    orders = [order("emulator_farm", "crude")]
    first, again = (simulate(small, orders, ["fan_club"], seed=3) for _ in range(2))
    other = simulate(small, orders, ["fan_club"], seed=4)
    assert first.interactions.equals(again.interactions) and first.labels.equals(again.labels)
    assert not first.interactions.equals(other.interactions)


def test_tables_follow_the_contract_and_are_sorted_by_time(played, tmp_path):
    assert played.interactions.schema.equals(INTERACTION)
    assert played.accounts.schema.equals(ACCOUNTS) and played.items.schema.equals(ITEMS)
    assert played.labels.schema.equals(LABELS)
    assert played.labels["event_id"].equals(played.interactions["event_id"])
    ts = played.interactions["ts"].cast(pa.int64()).to_numpy()
    assert (np.diff(ts) >= 0).all()
    assert ts[0] >= WORLD.start_us and ts[-1] < WORLD.end_us
    ids = played.interactions["event_id"]
    assert pc.count_distinct(ids).as_py() == len(ids)
    assert set(pc.unique(played.interactions["kind"]).to_pylist()) <= set(KINDS)
    for name in ("event_id", "ts", "kind", "account_id"):
        assert played.interactions[name].null_count == 0
    paths = write(played, tmp_path)
    assert pq.read_table(paths["labels"]).num_rows == len(ids)


def test_the_background_is_the_same_with_and_without_attacks():
    small = World(days=1, accounts=400, items=100, merchants=20)
    columns = ["ts", "kind", "account_id", "item_id", "device_id", "ip", "dwell_ms", "text"]
    alone = simulate(small, seed=5).interactions.select(columns)
    mixed = simulate(small, [order("paid_crowd", "crude")], seed=5)
    honest = mixed.interactions.filter(pc.equal(mixed.labels["role"], "honest")).select(columns)
    # An ordered like may come first and replace a later honest like of the same item.
    assert 0 <= len(alone) - len(honest) < 60


def test_every_interaction_with_an_item_names_its_merchant_and_category(played):
    table = played.interactions
    no_item = pc.is_null(table["item_id"])
    assert no_item.equals(pc.is_null(table["merchant_id"]))
    assert no_item.equals(pc.is_null(table["category"]))
    assert set(pc.unique(table.filter(no_item)["kind"]).to_pylist()) == {"register", "sign_in"}


def test_nobody_acts_before_the_account_or_the_item_exists(played):
    table = played.interactions
    for key, side in (("account_id", played.accounts), ("item_id", played.items)):
        rows = table.filter(pc.is_valid(table[key]))
        place = pc.index_in(rows[key], value_set=side[key].combine_chunks())
        assert place.null_count == 0
        born = side["created_at"].take(place)
        assert pc.all(pc.greater_equal(rows["ts"], born)).as_py()


def test_an_account_likes_an_item_once(played):
    likes = played.interactions.filter(likes_of(played))
    pairs = likes.group_by(["account_id", "item_id"]).aggregate([])
    assert len(pairs) == len(likes)


def test_ids_and_their_order_do_not_tell_bought_from_honest(played):
    rows = likes_of(played)
    likes, labels = played.interactions.filter(rows), played.labels.filter(rows)
    truth = labels["is_inauthentic"].to_numpy().astype(float)
    # Event ids are one a row; of entities each counts once, or busy ones would speak for many.
    assert correlation(ranks(likes["event_id"]), truth) < 0.02
    for name in ("account_id", "device_id"):
        made = pa.table({"id": likes[name], "bought": truth}).filter(pc.is_valid(likes[name]))
        entity = made.group_by("id").aggregate([("bought", "max")])
        assert correlation(ranks(entity["id"]), entity["bought_max"].to_numpy()) < 0.06


def test_ids_have_one_form(played):
    for table, name in ((played.accounts, "account_id"), (played.interactions, "event_id")):
        text = table[name]
        assert pc.count_distinct(pc.utf8_length(text)).as_py() == 1
        assert pc.all(pc.match_substring_regex(text, "^[0-9a-f]+$")).as_py()


def test_missing_fields_do_not_tell_bought_from_honest(played):
    rows = pc.and_(likes_of(played), pc.not_equal(played.interactions["channel"], "api"))
    likes, labels = played.interactions.filter(rows), played.labels.filter(rows)
    truth = labels["is_inauthentic"].to_numpy().astype(bool)
    for name in ("device_id", "ip", "session_id", "channel"):
        missing = pc.is_null(likes[name]).to_numpy().astype(bool)
        assert abs(missing[truth].mean() - missing[~truth].mean()) < 0.03, name


def test_times_of_all_roles_have_one_resolution(played):
    ts = played.interactions["ts"].cast(pa.int64()).to_numpy()
    assert (ts % WORLD.resolution_us == 0).all()
    role = np.array(played.labels["role"].to_pylist())
    last_digit = ts // WORLD.resolution_us % 10
    for name in ("honest", "attack", "camouflage"):
        share = np.bincount(last_digit[role == name], minlength=10) / (role == name).sum()
        assert share.max() < 0.14, name


def test_about_a_tenth_of_honest_likes_have_no_view_in_the_log(played):
    honest = pc.equal(played.labels["role"], "honest")
    table = played.interactions.filter(honest)
    likes = table.filter(pc.equal(table["kind"], "like"))
    views = table.filter(pc.equal(table["kind"], "view"))
    keys = [
        pc.binary_join_element_wise(part["account_id"], part["item_id"], " ")
        for part in (likes, views)
    ]
    unseen = 1 - pc.mean(pc.is_in(keys[0], value_set=keys[1].combine_chunks())).as_py()
    assert 0.06 < unseen < 0.14


def test_honest_activity_is_heavy_tailed(played):
    honest = pc.equal(played.labels["role"], "honest")
    rows = pc.and_(honest, likes_of(played))
    counts = played.interactions.filter(rows)["account_id"].value_counts().field("counts")
    counts = np.sort(counts.to_numpy())
    assert counts[-len(counts) // 100 :].mean() > 8 * np.median(counts)


def test_an_empty_play_is_refused_by_name():
    with pytest.raises(SettingError, match="emulator_farm"):
        order("emulater_farm")
    with pytest.raises(SettingError, match="likes_per_item"):
        order("emulator_farm", "crude", like_per_item=3)
    with pytest.raises(SettingError, match="stealthy"):
        order("emulator_farm", "stealth")
    with pytest.raises(SettingError, match="dormitory"):
        simulate(World(days=1, accounts=60), twin_names=["dormitry"])
    with pytest.raises(SettingError, match="min 1"):
        World(accounts=0)
    with pytest.raises(SettingError, match="video"):
        World(shape="vidoe")
    with pytest.raises(SettingError, match="session"):
        World(blank=("sesion",))
    with pytest.raises(SettingError, match="browse"):
        order("paid_crowd", session="browze")


@pytest.mark.parametrize("name", sorted(set(scenarios.SCENARIOS) - set(scenarios.FIXTURES)))
def test_each_scenario_plays_at_a_small_size(name):
    small = scenarios.run(name, scenarios.Setup(seed=2, days=1, accounts=900))
    ordered = small.counts()["likes_inauthentic"]
    assert (ordered == 0) == (name == "quiet")


def test_standard_orders_each_attack_at_each_level():
    placed = {(made.attack, made.stealth) for made in scenarios.every_attack(1)}
    assert placed == {(name, stealth) for name in ATTACKS for stealth in STEALTH}


def test_an_attack_can_be_added_to_a_history_from_elsewhere():
    """Give a bare log (likes only, seconds, no device or address) and keep its form."""
    base = simulate(World(days=2, accounts=500, items=80, merchants=20), seed=6).interactions
    likes = base.filter(pc.equal(base["kind"], "like"))
    for name in ("device_id", "ip", "session_id", "channel"):
        place = likes.schema.get_field_index(name)
        likes = likes.set_column(place, INTERACTION.field(name), pa.nulls(len(likes), pa.string()))
    seconds = pc.floor_temporal(likes["ts"], unit="second")
    likes = likes.set_column(1, INTERACTION.field("ts"), seconds)
    made = inject(likes, [order("emulator_farm", "crude", items=3)], seed=1)
    added = made.interactions.filter(made.labels["is_inauthentic"])
    assert len(made.interactions) - len(likes) == len(added) > 100
    assert made.interactions.schema.equals(INTERACTION)
    assert made.labels["event_id"].equals(made.interactions["event_id"])
    assert pc.unique(added["kind"]).to_pylist() == ["like"]
    assert added["device_id"].null_count == len(added)
    assert pc.all(pc.is_in(added["item_id"], value_set=pc.unique(likes["item_id"]))).as_py()
    assert (added["ts"].cast(pa.int64()).to_numpy() % 1_000_000 == 0).all()
