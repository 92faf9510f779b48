"""Nothing that happens after a part of a history moves what is learned from that part."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zhenzan.training.history import TRAIN, History
from zhenzan.training.measure import measure_parts

pytestmark = pytest.mark.slow


def test_what_comes_after_a_part_moves_nothing_in_it(platform, material):
    """Everything after the training part is played again by other accounts, on one item."""
    split = material.split
    start, end = split.parts[TRAIN]
    table = platform.history.table
    late = pc.greater_equal(table["ts"].cast(pa.int64()), end)
    strangers = pc.if_else(
        late, pc.binary_join_element_wise("late", table["account_id"], ""), table["account_id"]
    )
    one = pc.if_else(pc.and_(late, pc.is_valid(table["item_id"])), "one", table["item_id"])
    for name, column in (("account_id", strangers), ("item_id", one)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), column)
    other = measure_parts(History(table, platform.history.accounts), split)
    first, second = material.clean.within(start, end), other.within(start, end)
    assert len(first) > 1_000
    assert np.array_equal(first.event_id, second.event_id)
    for moment in first.score:
        assert np.array_equal(first.score[moment], second.score[moment]), moment
        assert np.array_equal(first.matrix[moment], second.matrix[moment], equal_nan=True), moment


def test_no_like_is_lost_between_the_parts(platform, material):
    likes = platform.history.table.filter(pc.equal(platform.history.table["kind"], "like"))
    assert set(material.clean.event_id.tolist()) == set(likes["event_id"].to_pylist())
    assert (np.diff(material.clean.ts) >= 0).all()
