"""The live scorer counts for the silence alarm, and names what fell silent."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from zhenzan.alarm.gauges import CHANNELS_MAX
from zhenzan.live.scorer import LiveScorer
from zhenzan.settings import Settings
from zhenzan.testing.rows import canonical, client_rows


@pytest.fixture(scope="module")
def scorer() -> LiveScorer:
    """A scorer after three days of rows whose last twelve hours came without devices."""
    rows = client_rows(12_000, seed=3, days=3.0)
    channels = itertools.cycle(["feed", "search"])
    for place, row in enumerate(rows):
        if row["kind"] != "register":
            row["channel"] = next(channels)
        if place >= 10_000:
            row.pop("device_id", None)
    made = LiveScorer(Settings())
    table = canonical(rows)
    for low in range(0, table.num_rows, 1_000):
        made.answer(table.slice(low, 1_000), explain=False)
    return made


def test_a_lost_column_and_the_detectors_that_need_it_are_named(scorer):
    alarms = {(alarm.what, alarm.name): alarm for alarm in scorer.alarms()}
    lost = alarms["column_missing", "device_id"]
    assert lost.share == 0.0 < lost.share_usual
    assert "device_id" in lost.text and "device_id" in lost.text_zh
    assert any(what == "detector_silent" and name.startswith("NET") for what, name in alarms)
    assert not [alarm for alarm in alarms.values() if alarm.what in ("kind_gone", "channel_gone")]
    assert lost.alarm_id == f"column_missing:device_id:{lost.since_us}"


def test_shares_are_those_of_the_rows(scorer):
    bound = dict(zip(scorer.gauges.all, scorer.silence.bound, strict=True))
    usual = {(gauge.what, gauge.name): share for gauge, share in bound.items()}
    # Six in ten rows are likes, every comment and view has its columns, and channels take turns.
    assert 0.45 < usual["kind_gone", "like"] < 0.62
    assert usual["column_missing", "merchant_id"] == 0.95
    assert 0.4 < usual["channel_gone", "0"] <= 0.5
    assert np.isnan([usual["channel_gone", str(code)] for code in range(2, CHANNELS_MAX)]).all()
    assert np.isnan(usual["kind_gone", "refund"])


def test_a_checkpoint_holds_the_alarms(scorer):
    second = LiveScorer(Settings())
    second.restore(scorer.snapshot())
    assert second.alarms() == scorer.alarms() != ()
