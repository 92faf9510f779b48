"""Rules over a whole log: tried in shadow, live, and taken back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.errors import RuleError, SourceError
from zhenzan.events.ingest import Ingest
from zhenzan.rules.backtest import Backtest, backtest
from zhenzan.rules.batch import RECORDS, BatchRules
from zhenzan.rules.load import load_texts
from zhenzan.rules.ruleset import CompiledRule, Mode, RuleSet, compile_rule
from zhenzan.rules.undo import undo_outputs
from zhenzan.scoring.job import score_log
from zhenzan.scoring.outputs import LIKES
from zhenzan.settings import Settings
from zhenzan.sim.order import order
from zhenzan.sim.simulation import simulate
from zhenzan.sim.world import World

SETTINGS = Settings(batch_rows=8_192)

TEXT = """
rule {name}
  version 1
  owner "tests"
  family {family}
  valid_from 2020-01-01
  valid_until 2030-01-01
  reason "the reason of {name}"
  reason_zh "理由"
  when {when}
  then {then}
  fires "f" {fires}
  spares "s" {spares}
"""

NOT_SEEN = {
    "name": "not_seen",
    "family": "behaviour",
    "when": "account_item_views_24h = 0 and item_views_24h > 0",
    "then": "for 3 nats",
    "fires": "account_item_views_24h = 0 item_views_24h = 9",
    "spares": "account_item_views_24h = 2 item_views_24h = 9",
}
WAITING = {
    "name": "waiting",
    "family": "account",
    "when": "account_likes_7d >= 3",
    "then": "hold",
    "fires": "account_likes_7d = 3",
    "spares": "account_likes_7d = 2",
}
IN_HINDSIGHT = {
    "name": "in_hindsight",
    "family": "group",
    "when": 'likely_member >= 1 nats and account_item_views_24h = 0 and channel != "x"',
    "then": "against 2 nats",
    "fires": 'likely_member = 2 nats account_item_views_24h = 0 channel = "y"',
    "spares": "likely_member = 2 nats account_item_views_24h = 3",
}


def a_rule(fields: dict[str, str], mode: Mode) -> CompiledRule:
    loaded = load_texts({"x": TEXT.format(**fields)})
    return compile_rule(loaded.rules[fields["name"]], loaded.lists, mode)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    orders = [order("emulator_farm", "crude"), order("api_replay", "crude")]
    size = World(days=1, accounts=1_500, items=200, merchants=30)
    simulation = simulate(size, orders, ["viral_hit"], seed=5)
    pq.write_table(simulation.interactions, folder / "log.parquet")
    pq.write_table(simulation.labels, folder / "labels.parquet")
    return folder


def score(world: Path, out: Path, *rules: CompiledRule) -> pa.Table:
    out.mkdir()
    ingest = Ingest(world / "log.parquet", SETTINGS, rejects_path=out / "rejects.parquet")
    score_log(ingest, out, SETTINGS, rules=BatchRules(RuleSet(rules)) if rules else None)
    return pq.read_table(out / "likes.parquet")


@pytest.fixture(scope="module")
def plain(world, tmp_path_factory) -> pa.Table:
    return score(world, tmp_path_factory.mktemp("plain") / "out")


@pytest.fixture(scope="module")
def ruled(world, tmp_path_factory) -> tuple[Path, pa.Table]:
    out = tmp_path_factory.mktemp("ruled") / "out"
    rules = [a_rule(fields, Mode.LIVE) for fields in (NOT_SEEN, WAITING, IN_HINDSIGHT)]
    return out, score(world, out, *rules)


def test_shadow_rules_change_no_answer_of_a_log_and_are_on_record(world, plain, tmp_path):
    rules = [a_rule(fields, Mode.SHADOW) for fields in (NOT_SEEN, WAITING, IN_HINDSIGHT)]
    likes = score(world, tmp_path / "out", *rules)
    assert likes.equals(plain)
    records = pq.read_table(tmp_path / "out" / "rules.parquet")
    assert records.schema.equals(RECORDS)
    assert set(records["mode"].to_pylist()) == {"shadow"}
    assert set(records["rule"].to_pylist()) == {"not_seen", "in_hindsight", "waiting"}
    assert records["state"].equals(records["state_without"])
    assert not records["state"].equals(records["state_with_shadow"])


def test_live_rules_add_their_evidence_and_their_reason(plain, ruled):
    out, likes = ruled
    assert likes.schema.equals(LIKES)
    raised = likes["score"].to_numpy() > plain["score"].to_numpy()
    assert raised.any()
    records = pq.read_table(out / "rules.parquet")
    for_rules = records.filter(pc.equal(records["rule"], "not_seen"))
    fired = pc.is_in(likes["event_id"], for_rules["event_id"].combine_chunks()).to_numpy()
    told = [{r["code"] for r in row} for row in likes["reasons"].to_pylist()]
    named = np.array(["not_seen@1" in codes for codes in told])
    assert named.any()
    assert (named <= fired).all()
    evidence = [row["behaviour"] for row in likes["evidence"].to_pylist()]
    assert (np.array(evidence)[fired] >= 3.0 - 1.5).all()
    text = next(r for row in likes["reasons"].to_pylist() for r in row if r["code"] == "not_seen@1")
    assert text["text"] == "the reason of not_seen (rule not_seen@1)"
    assert text["text_zh"] == "理由（规则 not_seen@1）"
    assert text["side"] == "for"


@pytest.mark.slow
def test_a_hold_is_over_once_a_like_settles(world, plain, tmp_path):
    likes = score(world, tmp_path / "out", a_rule(WAITING, Mode.LIVE))
    assert likes["count_state"].equals(plain["count_state"])
    held = pc.equal(likes["count_state_at_once"].cast(pa.string()), "held")
    before = pc.equal(plain["count_state_at_once"].cast(pa.string()), "held")
    assert pc.sum(held).as_py() > pc.sum(before).as_py()


@pytest.mark.slow
def test_a_rule_of_hindsight_changes_no_answer_at_once(world, plain, tmp_path):
    likes = score(world, tmp_path / "out", a_rule(IN_HINDSIGHT, Mode.LIVE))
    assert likes["score_at_once"].equals(plain["score_at_once"])
    assert not likes["score"].equals(plain["score"])


def test_an_undo_gives_what_the_log_would_have_got_without_the_rule(world, ruled, tmp_path):
    out, likes = ruled
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in out.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    revisions = undo_outputs(copy, "not_seen", 1, SETTINGS)
    others = [a_rule(fields, Mode.LIVE) for fields in (WAITING, IN_HINDSIGHT)]
    without = score(world, tmp_path / "without", *others)
    undone = pq.read_table(copy / "likes.parquet")
    assert undone["count_state"].cast(pa.string()).equals(without["count_state"].cast(pa.string()))
    assert np.allclose(undone["score"].to_numpy(), without["score"].to_numpy(), atol=1e-6)
    assert undone["evidence"].equals(without["evidence"])
    codes = [r["code"] for row in undone["reasons"].to_pylist() for r in row]
    assert "not_seen@1" not in codes
    assert "in_hindsight@1" in codes
    for name in ("items", "accounts", "merchants"):
        a, b = (pq.read_table(f / f"{name}.parquet") for f in (copy, tmp_path / "without"))
        names = [column for column in a.column_names if column.startswith("likes")]
        assert len(names) >= 3
        assert a.select(names).equals(b.select(names)), name
    changed = pc.not_equal(
        undone["count_state"].cast(pa.string()), likes["count_state"].cast(pa.string())
    )
    moved = pc.not_equal(revisions["from_state"], revisions["to_state"])
    assert pc.sum(changed).as_py() == pc.sum(moved).as_py() > 0
    # Taken back once, it says nothing any more.
    assert len(undo_outputs(copy, "not_seen", 1, SETTINGS)) == 0
    events = pq.read_table(copy / "rule_revisions.parquet")
    assert events.equals(revisions)


def test_what_never_fired_cannot_be_undone(ruled, tmp_path):
    out, _ = ruled
    with pytest.raises(RuleError, match="did you mean `not_seen@1`"):
        undo_outputs(out, "not_seen", 2, SETTINGS)
    with pytest.raises(SourceError):
        undo_outputs(tmp_path, "not_seen", 1, SETTINGS)


@pytest.fixture(scope="module")
def report(world) -> Backtest:
    ingest = Ingest(world / "log.parquet", SETTINGS)
    candidate = a_rule(NOT_SEEN, Mode.LIVE)
    return backtest(ingest, candidate, SETTINGS, outcomes=world / "labels.parquet")


def test_a_backtest_tells_who_would_change_and_how_they_turned_out(report, plain, ruled, world):
    likes = len(plain)
    assert report.likes == likes
    assert 0 < report.fired < likes
    assert report.changes["settled"]
    for moment, changes in report.changes.items():
        for change, number in changes.items():
            assert sum(report.outcomes[moment][change].values()) == number
    total = sum(report.changes["settled"].values())
    for segment, values in report.segments.items():
        assert sum(value["changed"] for value in values.values()) == total, segment
    assert set(report.segments) == {"account age", "category", "merchant", "channel"}
    labels = pq.read_table(world / "labels.parquet")
    ids = set(labels["event_id"].to_pylist())
    for examples in report.examples.values():
        assert examples
        assert {example["event_id"] for example in examples} <= ids


@pytest.mark.slow
def test_a_backtest_foretells_what_the_rule_then_does(report, world, plain, tmp_path):
    likes = score(world, tmp_path / "out", a_rule(NOT_SEEN, Mode.LIVE))
    for moment, column in (("settled", "count_state"), ("at_once", "count_state_at_once")):
        before = plain[column].cast(pa.string()).to_pylist()
        after = likes[column].cast(pa.string()).to_pylist()
        found: dict[str, int] = {}
        for one, other in zip(before, after, strict=True):
            if one != other:
                found[f"{one} to {other}"] = found.get(f"{one} to {other}", 0) + 1
        assert found == report.changes[moment]


def test_a_report_is_written_for_people_and_for_publishing(report):
    text = report.text()
    assert "Settled:" in text
    assert "By account age, settled:" in text
    assert "honest" in text
    assert json.loads(report.as_json())["content"] == report.content


@pytest.mark.slow
def test_where_all_likes_share_one_time_no_rule_speaks(world, tmp_path):
    table = pq.read_table(world / "log.parquet")
    at = table.schema.get_field_index("ts")
    same = pa.array([table["ts"][0].as_py()] * len(table), table["ts"].type)
    pq.write_table(table.set_column(at, table.schema.field("ts"), same), tmp_path / "log.parquet")
    score(tmp_path, tmp_path / "out", a_rule(NOT_SEEN, Mode.LIVE))
    assert len(pq.read_table(tmp_path / "out" / "rules.parquet")) == 0
