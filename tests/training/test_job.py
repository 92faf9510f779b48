"""A history goes in, a model comes out; it strengthens answers and breaks no safety rule."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.errors import ModelError, SchemaError
from zhenzan.events.ingest import Ingest
from zhenzan.events.state import COUNT_STATES
from zhenzan.scoring.decide import SUPPORT_MIN
from zhenzan.scoring.job import score_log
from zhenzan.scoring.learned.model import load_model
from zhenzan.scoring.learned.store import explain_like
from zhenzan.settings import Settings
from zhenzan.testing.renamed import renamed
from zhenzan.training.history import History, split
from zhenzan.training.job import train_on
from zhenzan.training.measure import measure
from zhenzan.training.registry import history, listed, promote, rollback
from zhenzan.training.shadow import compare
from zhenzan.training.truth import BOUGHT, read_labels, read_outcomes

pytestmark = pytest.mark.slow


def only(models) -> str:
    return next((models / "versions").iterdir()).name


@pytest.fixture(scope="module")
def scored(platform, models, tmp_path_factory):
    model = load_model(models, only(models))
    out = tmp_path_factory.mktemp("scored")
    settings = Settings(holdout_share=0.05)
    score_log(Ingest(platform.log, settings), out, settings, model=model)
    return out


def test_parts_follow_time_with_an_embargo_between(platform, material):
    parts = list(material.split.parts.values())
    assert all(a[1] + material.split.embargo_us == b[0] for a, b in pairwise(parts))
    assert material.split.embargo_us < material.split.embargo_wanted_us


def test_a_short_history_is_refused(platform):
    table = platform.history.table
    first = pc.min(table["ts"]).cast(pa.int64()).as_py()
    short = table.filter(pc.less(table["ts"].cast(pa.int64()), first + 10**11))
    with pytest.raises(SchemaError, match="two days"):
        split(History(short))


def test_no_attack_reaches_over_the_end_of_its_part(material):
    for likes, played in material.rounds:
        where = pc.index_in(
            played.labels["event_id"], value_set=pa.array(likes.event_id.tolist())
        ).to_numpy()
        part = material.split.of(likes.ts[where.astype(int)])
        order = played.labels["order"].to_numpy()
        assert "" not in set(part.tolist())
        for number in np.unique(order):
            assert len(set(part[order == number].tolist())) == 1


def test_the_same_seed_gives_the_same_model(material, plan, models, tmp_path):
    train_on(material, tmp_path, plan)
    assert only(tmp_path) == only(models)


def test_the_trees_help_on_attacks_that_were_not_seen(models):
    facts = load_model(models, only(models)).facts
    test = facts["moments"]["settled"]["test"]
    assert test["model"]["average_precision"] > test["evidence"]["average_precision"]


def test_ids_and_order_move_no_score(platform, models):
    model = load_model(models, only(models))
    table = renamed(platform.history.table.sort_by([("ts", "descending")]))
    first = measure(History(platform.history.table))
    second = measure(History(table))
    place = pc.index_in(
        pa.array(first.event_id.tolist()), value_set=pa.array(second.event_id.tolist())
    ).to_numpy()
    for moment, part in model.parts.items():
        said = part.probability(first.score[moment], first.matrix[moment])
        again = part.probability(second.score[moment], second.matrix[moment])[place]
        assert np.array_equal(said, again), moment


def test_the_stronger_answer_stands_and_rests_on_two_families(platform, models, scored):
    likes = pq.read_table(scored / "likes.parquet")
    plain = measure(History(platform.history.table))
    place = pc.index_in(
        pa.array(plain.event_id.tolist()), value_set=likes["event_id"].combine_chunks()
    )
    score = likes["score"].to_numpy()[place.to_numpy()]
    assert (score >= plain.score["settled"].astype(np.float32)).all()
    held = pq.read_table(scored / "holdout.parquet")["event_id"]
    states = pc.index_in(likes["count_state"].cast(pa.string()), value_set=pa.array(COUNT_STATES))
    states = states.to_numpy()[place.to_numpy()]
    free = ~np.isin(plain.event_id, held.to_pylist())
    assert (states[free] >= plain.states[free]).all()
    excluded = likes.filter(pc.equal(likes["count_state"].cast(pa.string()), "excluded"))
    assert len(excluded) > 50
    for row in excluded["evidence"].to_pylist():
        assert sum(nats >= SUPPORT_MIN for nats in row.values()) >= 2


def test_what_is_held_out_counts_and_is_written_down(scored):
    likes = pq.read_table(scored / "likes.parquet")
    held = pq.read_table(scored / "holdout.parquet")
    chosen = likes.filter(pc.is_in(likes["event_id"], value_set=held["event_id"].combine_chunks()))
    assert set(chosen["count_state"].to_pylist()) == {"counted"}
    assert "excluded" in set(held["count_state"].to_pylist())
    summary = json.loads((scored / "summary.json").read_text())
    assert summary["held_out"] == {"share": 0.05, "likes": len(held)}


def test_stored_inputs_give_the_same_reasons_again(scored):
    kept = pq.read_table(scored / "inputs.parquet")
    mine = kept.filter(kept["by_model"])["event_id"].to_pylist()[:5]
    others = kept.filter(pc.invert(kept["by_model"]))["event_id"].to_pylist()[:3]
    assert mine
    for event_id in mine + others:
        found = explain_like(scored, event_id)
        assert found.same, event_id
        assert found.reasons
        assert all(reason["text"] and reason["text_zh"] for reason in found.reasons)


def test_a_file_that_was_changed_is_refused(models, tmp_path):
    import shutil

    folder = tmp_path / "changed"
    shutil.copytree(models / "versions" / only(models), folder)
    facts = json.loads((folder / "model.json").read_text())
    facts["moments"]["settled"]["slope"] = 2.0
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match="changed after training"):
        load_model(folder)


def test_promotion_needs_the_right_comparison_and_can_be_taken_back(material, models, tmp_path):
    import shutil

    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    version = only(models)
    with pytest.raises(ModelError, match="is promoted"):
        load_model(folder)
    plain = compare(material.clean, None, load_model(folder, version)).as_dict()
    assert sum(plain["changes"].values()) > 0
    assert plain["changes"]["excluded to counted"] == 0
    path = tmp_path / "comparison.json"
    path.write_text(json.dumps({**plain, "likes": 1}))
    with pytest.raises(ModelError, match="was changed"):
        promote(folder, version, path)
    path.write_text(json.dumps(plain))
    assert promote(folder, version, path) == version
    assert load_model(folder).version == version
    assert [row.promoted for row in listed(folder)] == [True]
    with pytest.raises(ModelError, match="the comparison is of"):
        promote(folder, version, path)
    assert rollback(folder) == "none"
    with pytest.raises(ModelError):
        load_model(folder)
    assert [act["act"] for act in history(folder)] == ["promote", "rollback"]


def test_verdicts_count_from_when_they_were_given(platform, material, tmp_path):
    ids = material.clean.event_id[:4].tolist()
    late = int(material.clean.ts.max()) + 1
    times = pa.array([1, 2, late, 3], pa.timestamp("us", tz="UTC"))
    words = ["inauthentic", "inauthentic", "inauthentic", "authentic"]
    table = pa.table({"event_id": [ids[0], ids[1], ids[2], ids[1]], "outcome": words,
                      "decided_at": times})  # fmt: skip
    pq.write_table(table, tmp_path / "outcomes.parquet")
    verdict = read_outcomes(tmp_path / "outcomes.parquet").of(material.clean, before_us=late)
    assert verdict[:4].tolist() == [BOUGHT, 0, -1, -1]
    pq.write_table(
        table.set_column(1, "outcome", pa.array(["perhaps"] * 4)), tmp_path / "x.parquet"
    )
    with pytest.raises(SchemaError, match="perhaps"):
        read_outcomes(tmp_path / "x.parquet")


def test_labels_leave_camouflage_out(tmp_path):
    table = pa.table(
        {"event_id": ["a", "b"], "is_inauthentic": [True, False], "role": ["attack", "camouflage"]}
    )
    pq.write_table(table, tmp_path / "labels.parquet")
    assert read_labels(tmp_path / "labels.parquet").event_id.to_pylist() == ["a"]
