"""The exposure model tells what likes bring, with and without a filter, and draws nothing."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.cli.sim import sim
from zhenzan.errors import SchemaError, SettingError, SourceError
from zhenzan.sim import World, order, simulate
from zhenzan.sim.exposure import Ranking, counted_by, exposure

ORDERS = [
    order("emulator_farm", "crude", items=6, likes_per_item=85),
    order("reseller_pool", "medium", accounts=400, items=8, likes_per_item=80),
]


@pytest.fixture(scope="module")
def played():
    world = World(days=4, accounts=2_500, items=500, merchants=80)
    return simulate(world, ORDERS, ["viral_hit"], seed=9)


def likes_of(played):
    return pc.equal(played.interactions["kind"], "like")


def truth(played):
    return played.labels.filter(likes_of(played))


def honest(played):
    return pc.equal(truth(played)["role"], "honest").to_numpy(zero_copy_only=False)


def test_ranking_by_every_like_takes_exposure_from_honest_items(played):
    result = exposure(played)
    assert result.displaced["claimed"] > 0.05
    assert result.inflated_share["claimed"] > 1.3 * result.inflated_share["honest"]
    assert result.top_share["claimed"] < result.top_share["honest"]


def test_a_perfect_filter_gives_the_exposure_back_and_makes_every_attack_worthless(played):
    result = exposure(played, honest(played))
    assert result.displaced["counted"] == 0.0
    assert result.table["views_counted"].equals(result.table["views_honest"])
    for row in result.payoffs:
        assert row.views_gained["counted"] == 0.0 and row.repeats["counted"] == 0
        assert row.payoff_yuan["counted"] == -row.cost_yuan < 0.0
        assert row.views_gained["claimed"] > 0.0


def test_cheap_likes_pay_without_a_defence_and_are_ordered_again(played):
    """Crude likes cost a cent; the loop feeds itself until ordering is no longer worth it."""
    crude = exposure(played).payoffs[0]
    assert (crude.attack, crude.stealth) == ("emulator_farm", "crude")
    assert crude.payoff_yuan["claimed"] > 0.0 and crude.repeats["claimed"] > 0


def test_half_a_filter_gives_back_a_part(played):
    half = honest(played) | (np.arange(len(honest(played))) % 2 == 0)
    lost = exposure(played, half).displaced
    assert 0.0 < lost["counted"] < lost["claimed"]


def test_where_likes_do_not_rank_nothing_is_gained_or_lost(played):
    result = exposure(played, ranking=Ranking(weight=0.0, explore=1.0))
    assert result.displaced["claimed"] == pytest.approx(0.0, abs=1e-9)
    assert all(row.views_gained["claimed"] == pytest.approx(0.0) for row in result.payoffs)


def test_exposure_is_the_same_each_time_and_adds_up_to_the_views_there_are(played):
    first, again = exposure(played), exposure(played)
    assert first.table.equals(again.table) and first.summary() == again.summary()
    sums = [pc.sum(first.table[f"views_{name}"]).as_py() for name in ("honest", "claimed")]
    assert sums[0] == pytest.approx(sums[1], rel=1e-4)
    assert len(first.table) == len(played.items)


def test_counted_likes_come_from_a_likes_table_of_the_same_log(played):
    ids = played.interactions.filter(likes_of(played))["event_id"].combine_chunks()
    state = np.where(honest(played), "counted", "excluded")
    campaign = np.zeros(len(ids), dtype=bool)
    campaign[0] = True
    answers = pa.table({"event_id": ids, "count_state": state, "campaign": campaign})
    counted = counted_by(played, answers.take(np.arange(len(ids))[::-1]))
    assert not counted[0]  # rule 7: a like made in a campaign weighs nothing
    assert (counted[1:] == honest(played)[1:]).all()
    with pytest.raises(SchemaError, match="are not among"):
        counted_by(played, answers.slice(5))
    with pytest.raises(SchemaError, match="campaign"):
        counted_by(played, answers.drop_columns(["campaign"]))
    with pytest.raises(SchemaError, match="answers for 3"):
        exposure(played, np.ones(3, dtype=bool))


def test_a_ranking_nobody_could_run_is_refused():
    with pytest.raises(SettingError, match="rounds"):
        Ranking(rounds=0)
    with pytest.raises(SettingError, match="keep"):
        Ranking(keep=1.2)


def test_the_verb_writes_exposure_with_and_without_counted_likes(tmp_path, capsys):
    small = {"scenario": "standard", "seed": 2, "days": 1, "accounts": 700, "json": True}
    sim(tmp_path, **small, shape="shop", rank_by="claimed")
    facts = json.loads(capsys.readouterr().out)
    assert set(facts["displaced"]) == {"claimed"}
    rows = pq.read_table(tmp_path / "interactions.parquet")
    likes = rows.filter(pc.equal(rows["kind"], "like"))["event_id"]
    answers = pa.table(
        {
            "event_id": likes,
            "count_state": ["counted"] * len(likes),
            "campaign": [False] * len(likes),
        }
    )
    pq.write_table(answers, tmp_path / "likes.parquet")
    sim(tmp_path, **small, shape="shop", rank_by=str(tmp_path / "likes.parquet"))
    facts = json.loads(capsys.readouterr().out)
    assert facts["displaced"]["counted"] == facts["displaced"]["claimed"]
    summary = json.loads((tmp_path / "exposure.json").read_text("utf-8"))
    assert summary["displaced"] == facts["displaced"] and summary["payoffs"]
    assert "views_counted" in pq.read_table(tmp_path / "exposure.parquet").column_names
    with pytest.raises(SourceError, match="nowhere"):
        sim(tmp_path, **small, rank_by=str(tmp_path / "nowhere.parquet"))
