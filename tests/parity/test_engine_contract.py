"""What every engine promises, asked of each; abilities that are declared are tested."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.engine.duck import DuckEngine
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.engine.interface import Engine
from zhenzan.engine.oracle import OracleEngine
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature
from zhenzan.testing.streams import random_batch, split

ENGINES = (OracleEngine, DuckEngine, EmbeddedEngine)
every_engine = pytest.mark.parametrize("make", ENGINES, ids=lambda make: make.name)
streaming_engine = pytest.mark.parametrize(
    "make", [make for make in ENGINES if make.streams], ids=lambda make: make.name
)


@every_engine
def test_columns_come_in_order_with_declared_types(make: type[Engine]) -> None:
    batch = random_batch(np.random.default_rng(4), 60)
    emit = np.arange(60) % 3 == 0
    columns = make(FEATURES).compute(batch, emit)  # type: ignore[call-arg]
    assert list(columns) == [feature.name for feature in FEATURES]
    for feature in FEATURES:
        assert columns[feature.name].dtype == (np.float64 if feature.is_float else np.int64)
        assert len(columns[feature.name]) == 20


@every_engine
def test_emitting_fewer_rows_changes_no_answer(make: type[Engine]) -> None:
    batch = random_batch(np.random.default_rng(5), 60)
    emit = batch.kind == 3
    some = make(FEATURES).compute(batch, emit)  # type: ignore[call-arg]
    every = make(FEATURES).compute(batch)  # type: ignore[call-arg]
    for name, values in some.items():
        np.testing.assert_array_equal(values, every[name][emit], err_msg=name)


@every_engine
def test_a_condition_on_a_code_narrows_what_is_measured(make: type[Engine]) -> None:
    narrow = Feature("n", ("item",), "count", window="1h", where=("channel", 1))
    batch = random_batch(np.random.default_rng(6), 80)
    found = make([narrow]).compute(batch)["n"]  # type: ignore[call-arg]
    np.testing.assert_array_equal(found, OracleEngine([narrow]).compute(batch)["n"])


@every_engine
def test_an_engine_that_refuses_late_rows_says_so(make: type[Engine]) -> None:
    batch = random_batch(np.random.default_rng(8), 20, late=True)
    engine = make(FEATURES)  # type: ignore[call-arg]
    if engine.takes_late:
        assert len(engine.compute(batch)["item_likes_1h"]) == 20
    else:
        with pytest.raises(AssertionError, match="late"):
            engine.compute(batch)


@streaming_engine
def test_an_engine_that_streams_remembers(make: type[Engine]) -> None:
    batch = random_batch(np.random.default_rng(9), 80)
    engine = make(FEATURES)  # type: ignore[call-arg]
    whole = make(FEATURES).compute(batch)["account_likes_7d"]  # type: ignore[call-arg]
    parts = [engine.compute(part)["account_likes_7d"] for part in split(batch, [40])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
