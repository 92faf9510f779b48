"""Three engines, one answer: the slow definition, DuckDB over history, and the one that scores."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pytest

from zhenzan.engine.duck import DuckEngine
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.engine.oracle import OracleEngine
from zhenzan.events.batch import KEYS, Batch
from zhenzan.features.library import FEATURES

T0 = 1_700_000_000_000_000
GRIDS_S = (1, 60, 600, 3_600)
"""Coarse grids make ties, and rows exactly a window apart."""


def stream(seed: int, rows: int = 240) -> Batch:
    rng = np.random.default_rng(seed)
    grid = GRIDS_S[seed % len(GRIDS_S)]
    ts = T0 + np.sort(rng.integers(0, 3 * 86_400 // grid, rows)) * grid * 1_000_000

    def codes(size: int, missing: float = 0.15) -> np.ndarray:
        drawn = rng.integers(0, size, rows)
        return np.where(rng.random(rows) < missing, -1, drawn).astype(np.int32)

    sizes = {"account": 6, "item": 8, "merchant": 3, "category": 3, "device": 5, "ip": 9,
             "block": 4, "session": 12, "channel": 3, "campaign": 2, "task": 2}  # fmt: skip
    keys = {name: codes(sizes[name], 0.0 if name == "account" else 0.15) for name in KEYS}
    return Batch(
        event_id=pa.array([str(row) for row in range(rows)]),
        ts=ts,
        kind=rng.integers(0, 13, rows).astype(np.int8),
        **keys,
        dwell_ms=codes(100_000),
        completion_permille=codes(1_000).astype(np.int16),
        amount_cents=np.maximum(codes(500), 0).astype(np.int64),
        text_hash=codes(5).astype(np.int64),
        text_chars=codes(40),
        late=np.zeros(rows, np.bool_),
    )


def part(batch: Batch, start: int, end: int) -> Batch:
    columns = {f.name: getattr(batch, f.name)[start:end] for f in dataclasses.fields(Batch)}
    return Batch(**columns)


def assert_same(found, wanted) -> None:
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        if values.dtype.kind == "i":
            np.testing.assert_array_equal(found[name], values, err_msg=name)
        else:
            np.testing.assert_allclose(found[name], values, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", range(8))
def test_three_engines_give_the_same_numbers(seed):
    batch = stream(seed)
    wanted = OracleEngine(FEATURES).compute(batch)
    assert_same(EmbeddedEngine(FEATURES).compute(batch), wanted)
    assert_same(DuckEngine(FEATURES).compute(batch), wanted)


@pytest.mark.parametrize("seed", range(4))
def test_cutting_between_ticks_changes_nothing(seed):
    batch = stream(seed, rows=900)
    whole = EmbeddedEngine(FEATURES).compute(batch)
    engine = EmbeddedEngine(FEATURES)
    cuts = np.unique([0, *np.searchsorted(batch.ts, batch.ts[[90, 300, 301, 750]]), len(batch)])
    parts = [engine.compute(part(batch, start, end)) for start, end in itertools.pairwise(cuts)]
    assert_same({name: np.concatenate([p[name] for p in parts]) for name in whole}, whole)


@pytest.mark.parametrize("seed", range(4))
def test_codes_carry_no_information(seed):
    batch = stream(seed, rows=900)
    rng = np.random.default_rng(seed)
    renamed = {}
    for name in KEYS:
        codes = getattr(batch, name)
        fresh = rng.permutation(64).astype(np.int32)
        renamed[name] = np.where(codes >= 0, fresh[codes], -1).astype(np.int32)
    found = EmbeddedEngine(FEATURES).compute(dataclasses.replace(batch, **renamed))
    assert_same(found, EmbeddedEngine(FEATURES).compute(batch))


def test_emitting_some_rows_changes_no_number():
    batch = stream(3, rows=900)
    emit = np.random.default_rng(0).random(900) < 0.3
    whole = EmbeddedEngine(FEATURES).compute(batch)
    some = EmbeddedEngine(FEATURES).compute(batch, emit)
    assert_same(some, {name: values[emit] for name, values in whole.items()})


def test_freeing_idle_keys_changes_no_windowed_number():
    batch = stream(0, rows=900)
    windowed = [feature for feature in FEATURES if feature.window is not None]
    plain, frugal = EmbeddedEngine(windowed), EmbeddedEngine(windowed)
    cuts = np.unique([*np.searchsorted(batch.ts, batch.ts[::60]), len(batch)])
    for start, end in itertools.pairwise(cuts):
        rows = part(batch, start, end)
        assert_same(frugal.compute(rows), plain.compute(rows))
        frugal.expire(int(rows.ts[-1]))
