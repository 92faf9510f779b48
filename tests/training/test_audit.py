"""An audit lets a model strengthen answers, each once, as the likes were known by then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.audit.job import Source, audit_log
from zhenzan.audit.options import AuditOptions
from zhenzan.clock import DAY_US
from zhenzan.errors import CheckpointError, SettingError
from zhenzan.events.ingest import Ingest
from zhenzan.events.state import COUNT_STATES
from zhenzan.groups.find import find_groups
from zhenzan.scoring.decide import SUPPORT_MIN
from zhenzan.scoring.job import score_log
from zhenzan.scoring.learned.model import load_model
from zhenzan.settings import Settings

pytestmark = pytest.mark.slow

OPTIONS = AuditOptions(every_us=DAY_US, window_us=3 * DAY_US)
SETTINGS = Settings(follow_up_s=6 * 3_600)
WRITTEN = ("revisions.parquet", "likes.parquet", "items.parquet", "summary.json")


@pytest.fixture(scope="module")
def model(models):
    return load_model(models, next((models / "versions").iterdir()).name)


@pytest.fixture(scope="module")
def source(platform, tmp_path_factory) -> Source:
    out = tmp_path_factory.mktemp("scored")
    score_log(Ingest(platform.log, SETTINGS), out, SETTINGS)
    return Source(str(platform.log), likes=out / "likes.parquet")


@pytest.fixture(scope="module")
def plain(source, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    audit_log(source, out, OPTIONS, SETTINGS)
    return out


@pytest.fixture(scope="module")
def audited(source, model, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("audited")
    audit_log(source, out, OPTIONS, SETTINGS, model=model)
    return out


def states(likes: pa.Table) -> np.ndarray:
    return pc.index_in(likes["count_state"].cast(pa.string()), pa.array(COUNT_STATES)).to_numpy()


def test_a_model_strengthens_what_it_names_and_nothing_else(plain, audited):
    before, after = (pq.read_table(out / "likes.parquet") for out in (plain, audited))
    assert before["event_id"].equals(after["event_id"])
    events = pq.read_table(audited / "revisions.parquet")
    named = events.filter(pc.equal(events["code"], "REV006"))["event_id"].combine_chunks()
    assert len(named) > 20
    chosen = pc.is_in(after["event_id"], value_set=named).to_numpy()
    assert (states(after) >= states(before)).all()
    assert (after["score"].to_numpy() >= before["score"].to_numpy()).all()
    assert (states(after) > states(before)).any()
    for name in ("score", "count_state", "group_id"):
        rest = pa.array(~chosen)
        assert after[name].filter(rest).equals(before[name].filter(rest)), name
    assert len(events["revision_id"].unique()) == len(events)


def test_a_model_never_excludes_on_one_family(plain, audited):
    before, after = (pq.read_table(out / "likes.parquet") for out in (plain, audited))
    gone = (states(after) == 2) & (states(before) != 2)
    for row in after.filter(pa.array(gone))["evidence"].to_pylist():
        assert sum(nats >= SUPPORT_MIN for nats in row.values()) >= 2


def test_an_audit_with_a_model_that_was_stopped_gives_the_same_bytes(
    source, model, audited, tmp_path
):
    asked = []

    def stops(likes, options):
        asked.append(len(likes))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return find_groups(likes, options=options.groups)

    with pytest.raises(KeyboardInterrupt):
        audit_log(source, tmp_path, OPTIONS, SETTINGS, model=model, find=stops)
    assert not (tmp_path / "summary.json").exists()
    audit_log(source, tmp_path, OPTIONS, SETTINGS, model=model)
    for name in WRITTEN:
        assert (tmp_path / name).read_bytes() == (audited / name).read_bytes(), name


def test_a_window_is_judged_by_what_was_known_at_its_end(source, model, audited, tmp_path):
    table = pq.read_table(source.log)
    first = json.loads((audited / ".audit/windows/000000/window.json").read_text())
    known = pc.less(table["ts"].cast(pa.int64()), first["end_us"] + 3_600_000_000)
    pq.write_table(table.filter(known), tmp_path / "log.parquet")
    short = Source(str(tmp_path / "log.parquet"), likes=source.likes)
    audit_log(short, tmp_path / "out", OPTIONS, SETTINGS, model=model)
    name = ".audit/windows/000000/judged.parquet"
    told = pq.read_table(audited / name)
    assert len(told)
    assert pq.read_table(tmp_path / "out" / name).equals(told)


def test_another_model_or_none_is_refused(source, audited):
    with pytest.raises(CheckpointError, match="with model"):
        audit_log(source, audited, OPTIONS, SETTINGS)


def test_a_model_without_likes_is_refused(platform, model, tmp_path):
    with pytest.raises(SettingError, match="revises likes"):
        audit_log(Source(str(platform.log)), tmp_path, OPTIONS, SETTINGS, model=model)
