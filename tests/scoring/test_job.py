"""A log goes in, answers come out; whatever carries no information changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.detectors.registry import all_detectors
from zhenzan.events.ingest import Ingest
from zhenzan.insight.outputs import Outputs
from zhenzan.insight.protection import families
from zhenzan.insight.report import write_report
from zhenzan.scoring.job import score_log
from zhenzan.scoring.outputs import LIKES
from zhenzan.settings import Settings
from zhenzan.sim.order import order
from zhenzan.sim.simulation import simulate
from zhenzan.sim.world import World

SETTINGS = Settings(batch_rows=8_192)


@pytest.fixture(scope="module")
def simulation():
    orders = [
        order("emulator_farm", "crude"),
        order("paid_crowd", "crude"),
        order("competitor_framing", "crude"),
        order("script_in_team", "crude"),
    ]
    world = World(days=2, accounts=4_000, items=600, merchants=90)
    return simulate(world, orders, ["viral_hit", "dormitory", "sanctioned_team"], seed=11)


def score(table: pa.Table, folder: Path, settings: Settings = SETTINGS) -> pa.Table:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "log.parquet")
    ingest = Ingest(folder / "log.parquet", settings, rejects_path=folder / "rejects.parquet")
    score_log(ingest, folder, settings)
    return pq.read_table(folder / "likes.parquet")


NAMED = ("event_id", "account_id", "item_id", "merchant_id", "device_id", "session_id")


def renamed(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """Give the ids of some columns other names, in another order."""
    rng = np.random.default_rng(1)
    for name in columns:
        words = table[name].combine_chunks().dictionary_encode()
        names = pa.array([f"{name}-{k}" for k in rng.permutation(len(words.dictionary))])
        column = pa.DictionaryArray.from_arrays(words.indices, names).cast(pa.string())
        table = table.set_column(table.column_names.index(name), name, column)
    return table


@pytest.fixture(scope="module")
def scored(simulation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    return folder, score(simulation.interactions, folder)


def test_every_like_gets_one_answer(simulation, scored):
    _, likes = scored
    wanted = simulation.interactions.filter(pc.equal(simulation.interactions["kind"], "like"))
    assert sorted(likes["event_id"].to_pylist()) == sorted(wanted["event_id"].to_pylist())
    assert likes.schema.equals(LIKES)
    for name in ("score", "score_at_once"):
        values = likes[name].to_numpy()
        assert ((values >= 0) & (values <= 1)).all()


def test_likes_name_the_group_they_are_judged_by(scored):
    folder, likes = scored
    groups = pq.read_table(folder / "groups.parquet")
    members = pq.read_table(folder / "group_members.parquet")
    named = likes.filter(pc.is_valid(likes["group_id"]))
    assert len(named) > 0
    assert set(named["group_id"].to_pylist()) <= set(groups["group_id"].to_pylist())
    belongs = set(zip(*(members[name].to_pylist() for name in ("group_id", "account_id")),
                      strict=True))  # fmt: skip
    told = set(zip(*(named[name].to_pylist() for name in ("group_id", "account_id")), strict=True))
    assert told <= belongs


def test_the_report_reads_likes_of_several_row_groups(scored, tmp_path):
    folder, likes = scored
    for file in folder.glob("*"):
        if file.suffix in (".parquet", ".json") and file.name != "log.parquet":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    before = families(Outputs(folder))
    pq.write_table(likes, tmp_path / "likes.parquet", row_group_size=1_000)
    assert families(Outputs(tmp_path)) == before != []
    assert write_report(tmp_path).stat().st_size > 10_000


def test_shuffling_the_rows_changes_no_byte(simulation, scored, tmp_path):
    # Safety rule 5; a backfill merge-sorts by time whatever the order of its rows.
    folder, _ = scored
    table = simulation.interactions
    score(table.take(np.random.default_rng(0).permutation(len(table))), tmp_path)
    for name in (
        "likes", "items", "accounts", "merchants", "timeline", "groups", "group_members",
    ):  # fmt: skip
        first = (folder / f"{name}.parquet").read_bytes()
        assert (tmp_path / f"{name}.parquet").read_bytes() == first, name


def test_renaming_everything_moves_no_score(simulation, scored, tmp_path):
    # Safety rule 5: ids carry no information.
    _, likes = scored
    again = score(renamed(simulation.interactions, NAMED), tmp_path)
    for name in ("score", "score_at_once"):
        np.testing.assert_array_equal(np.sort(likes[name]), np.sort(again[name]))


def by_second(table: pa.Table) -> pa.Table:
    """Round times down to the second, so that many rows share one."""
    ts = pc.floor_temporal(table["ts"], unit="second").cast(table.schema.field("ts").type)
    return table.set_column(table.column_names.index("ts"), "ts", ts)


def test_event_ids_move_nothing_where_many_rows_share_a_time(simulation, tmp_path):
    # Safety rule 5: peers have no order but that of what they say.
    table = by_second(simulation.interactions)
    answers = {}
    for name in ("as_it_is", "renamed"):
        if name == "renamed":
            old = table["event_id"]
            table = renamed(table, ("event_id",))
            called = dict(zip(table["event_id"].to_pylist(), old.to_pylist(), strict=True))
        likes = score(table, tmp_path / name)
        if name == "renamed":
            ids = pa.array([called[one] for one in likes["event_id"].to_pylist()])
            likes = likes.set_column(0, "event_id", ids)
        answers[name] = likes.drop_columns(["group_id"]).sort_by("event_id")
    for column in answers["as_it_is"].column_names:
        first, again = (answers[name][column].to_pylist() for name in ("as_it_is", "renamed"))
        assert first == again, column


def test_no_name_moves_an_answer_at_once_where_many_rows_share_a_time(simulation, tmp_path):
    # Safety rule 5.
    table = by_second(simulation.interactions)
    first = score(table, tmp_path / "as_it_is")
    again = score(renamed(table, NAMED), tmp_path / "renamed")
    np.testing.assert_array_equal(np.sort(first["score_at_once"]), np.sort(again["score_at_once"]))
    np.testing.assert_allclose(np.sort(first["score"]), np.sort(again["score"]), atol=2e-3)


def test_repeating_the_log_changes_no_score(simulation, scored, tmp_path):
    _, likes = scored
    twice = pa.concat_tables([simulation.interactions, simulation.interactions])
    again = score(twice, tmp_path)
    np.testing.assert_array_equal(likes["score"], again["score"])
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["counts"]["duplicates"] == len(simulation.interactions)


def joined(simulation, likes: pa.Table) -> pa.Table:
    return likes.select(["event_id", "score", "count_state", "item_id"]).join(
        simulation.labels, "event_id"
    )


def test_crude_attacks_are_excluded_and_honest_likes_kept(simulation, scored):
    both = joined(simulation, scored[1])
    excluded = pc.equal(both["count_state"], "excluded").to_numpy(zero_copy_only=False)
    bought = both["is_inauthentic"].to_numpy(zero_copy_only=False)
    honest = pc.equal(both["role"], "honest").to_numpy(zero_copy_only=False)
    assert excluded[honest].mean() < 0.003
    assert excluded[bought].mean() > 0.3
    assert both["score"].to_numpy()[bought].mean() > 10 * both["score"].to_numpy()[honest].mean()


@pytest.mark.parametrize("twin", ["viral_hit", "dormitory", "sanctioned_team"])
def test_honest_twins_keep_their_likes(simulation, scored, twin):
    # T18, T19: a dormitory and a viral hit are no farm.
    both = joined(simulation, scored[1])
    states = both.filter(pc.equal(both["twin"], twin))["count_state"].to_pylist()
    assert len(states) > 20
    assert states.count("excluded") <= 0.01 * len(states)


def test_reasons_name_value_and_usual_in_both_languages(scored):
    _, likes = scored
    excluded = likes.filter(pc.equal(likes["count_state"], "excluded"))
    for reasons in excluded["reasons"].to_pylist()[:200]:
        accusing = [reason for reason in reasons if reason["side"] == "for"]
        assert len({reason["family"] for reason in accusing}) >= 1
        for reason in reasons:
            assert reason["text"] and reason["text_zh"]
            assert (reason["weight"] > 0) == (reason["side"] == "for")


def test_counts_of_items_follow_the_likes_exactly(scored):
    folder, likes = scored
    items = pq.read_table(folder / "items.parquet")
    for state in ("counted", "held", "excluded"):
        inside = pc.and_(pc.equal(likes["count_state"], state), pc.invert(likes["campaign"]))
        assert pc.sum(items[f"likes_{state}"]).as_py() == pc.sum(inside).as_py()
    assert pc.sum(items["likes_claimed"]).as_py() == len(likes)


def test_the_timeline_spans_the_likes_and_no_more(scored):
    folder, likes = scored
    timeline = pq.read_table(folder / "timeline.parquet")
    span_h = (pc.max(likes["ts"]).as_py() - pc.min(likes["ts"]).as_py()).total_seconds() / 3600
    assert len(timeline) <= span_h + 2
    assert pc.sum(timeline["likes_claimed"]).as_py() == len(likes)


def test_campaign_likes_are_counted_apart(scored):
    # Safety rule 7.
    folder, likes = scored
    items = pq.read_table(folder / "items.parquet")
    assert pc.sum(items["likes_campaign"]).as_py() == pc.sum(likes["campaign"]).as_py() > 0


def test_a_framed_shop_keeps_its_health(simulation, scored):
    # Safety rule 4: excluding likes never blames the shop.
    folder, likes = scored
    merchants = pq.read_table(folder / "merchants.parquet").to_pylist()
    framed = joined(simulation, likes).filter(pc.field("attack") == "competitor_framing")
    items = set(framed["item_id"].to_pylist())
    chosen = likes.filter(pc.is_in(likes["item_id"], pa.array(sorted(items))))
    owners = set(chosen["merchant_id"].to_pylist())
    health = [row["health"] for row in merchants if row["merchant_id"] in owners]
    others = [row["health"] for row in merchants if row["merchant_id"] not in owners]
    assert owners
    assert np.nanmedian(np.array(health, float)) >= np.nanmedian(np.array(others, float)) - 5


def test_a_log_of_nothing_but_likes_is_scored(simulation, tmp_path):
    likes = simulation.interactions.filter(pc.equal(simulation.interactions["kind"], "like"))
    thin = likes.select(["event_id", "ts", "kind", "account_id", "item_id"])
    answers = score(thin, tmp_path)
    assert len(answers) == len(thin)
    both = joined(simulation, answers)
    honest = both.filter(pc.and_(pc.equal(both["role"], "honest"), pc.is_null(both["twin"])))
    assert honest["count_state"].to_pylist().count("excluded") < 0.003 * len(honest)


def test_a_log_without_likes_gives_empty_answers(simulation, tmp_path):
    views = simulation.interactions.filter(pc.equal(simulation.interactions["kind"], "view"))
    answers = score(views.slice(0, 500), tmp_path)
    assert len(answers) == 0
    assert len(pq.read_table(tmp_path / "items.parquet")) > 0


def test_a_log_without_time_holds_nobody_for_being_busy(tmp_path):
    # Every row has the same time: who likes much is not fast, and two fans do not act at once.
    random = np.random.default_rng(3)
    likes = np.concatenate([np.full(200 if one < 20 else 5, one) for one in range(1_000)])
    item = np.concatenate(
        [random.choice(400, size, replace=False) for size in np.bincount(likes).tolist()]
    )
    log = pa.table(
        {
            "event_id": [f"e{row}" for row in range(len(likes))],
            "ts": pa.array(np.full(len(likes), 1_700_000_000_000_000), pa.timestamp("us", "UTC")),
            "kind": pa.repeat("like", len(likes)),
            "account_id": [f"a{account}" for account in likes],
            "item_id": [f"i{number}" for number in item],
        }
    )
    answers = score(log, tmp_path)
    assert set(answers["count_state"].to_pylist()) == {"counted"}
    told = {
        reason["code"] for reasons in answers["reasons"].to_pylist() for reason in reasons or ()
    }
    assert not told & {detector.code for detector in all_detectors() if detector.timed}


def test_the_size_of_a_step_does_not_change_the_settled_states_much(simulation, scored, tmp_path):
    # The at-once baseline is renewed per step, so only settled answers are compared.
    _, likes = scored
    again = score(simulation.interactions, tmp_path, replace(SETTINGS, batch_rows=65_536))
    same = pc.equal(likes["count_state"].cast(pa.string()), again["count_state"].cast(pa.string()))
    assert pc.mean(same.cast(pa.float64())).as_py() > 0.99


def test_accounts_and_merchants_say_which_reasons_recur(scored):
    folder, _ = scored
    for name, key in (("accounts", "likes"), ("merchants", "likes_claimed")):
        table = pq.read_table(folder / f"{name}.parquet").to_pylist()
        rejected = [row for row in table if row["likes_excluded"] >= 3]
        assert rejected
        for row in rejected:
            assert row["reasons"], row
            assert len(row["reasons"]) <= 3
            for reason in row["reasons"]:
                held = row["likes_held"] if name == "accounts" else row[key]
                assert reason["likes_excluded"] <= reason["likes"]
                assert reason["likes"] <= row["likes_excluded"] + held
                assert reason["text"] and reason["text_zh"]
        clean = [row for row in table if not row["likes_excluded"] and not row["likes_held"]]
        assert clean and (name == "merchants" or all(not row["reasons"] for row in clean))


def test_a_ring_is_named_where_the_items_table_says_who_made_an_item(tmp_path):
    # The simulated platform's friends, who like each other's posts as well, are no ring.
    world = World(days=4, accounts=2_500, items=600, merchants=90)
    played = simulate(world, [order("mutual_ring", "medium")], ["mutual_friends"], seed=12)
    pq.write_table(played.interactions, tmp_path / "log.parquet")
    pq.write_table(played.items, tmp_path / "items.parquet")
    ingest = Ingest(tmp_path / "log.parquet", SETTINGS, items=tmp_path / "items.parquet")
    score_log(ingest, tmp_path / "out", SETTINGS)
    groups = pq.read_table(tmp_path / "out" / "groups.parquet")
    rings = groups.filter(pc.equal(groups["kind"], "mutual_help_ring"))
    members = pq.read_table(tmp_path / "out" / "group_members.parquet")
    inside = members.filter(pc.is_in(members["group_id"], rings["group_id"].combine_chunks()))
    labels = played.labels
    ordered = labels.filter(pc.equal(labels["role"], "attack"))["account_id"].unique()
    assert len(inside) > 20
    assert pc.all(pc.is_in(inside["account_id"], ordered)).as_py()
