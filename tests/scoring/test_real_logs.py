"""Real logs as they are: public data whose likes were never made for this program."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from zhenzan.events.ingest import Ingest
from zhenzan.insight.report import write_report
from zhenzan.scoring.job import score_log
from zhenzan.settings import Settings

LOGS = {
    "starscout": "starscout-fake-stars/star_events_low_activity.parquet",
    "vk_comments": "vk-media-comments/comments.parquet",
    "german_elections": "german-elections-2021/posts.parquet",
    "yelpchi": "yelpchi/reviews.parquet",
}


@pytest.mark.parametrize("mapping", LOGS)
def test_a_foreign_log_is_scored_to_its_last_row(data: Path, tmp_path: Path, mapping: str):
    ingest = Ingest(data / LOGS[mapping], Settings(), mapping)
    summary = score_log(ingest, tmp_path, Settings())
    likes = pq.read_table(tmp_path / "likes.parquet")
    counts = summary["counts"]
    assert counts["rejected_rows"] == 0
    assert len(likes) == counts["likes"] == counts["interactions"] > 30_000
    states = Counter(likes["count_state"].to_pylist())
    # These logs carry nobody's views, devices or addresses: little may be excluded on so little.
    # The election posts hold real page networks in lockstep, which are held, never excluded.
    assert states["excluded"] < 0.01 * len(likes)
    assert pc.max(likes["score"]).as_py() <= 1.0
    assert write_report(tmp_path).stat().st_size > 10_000
