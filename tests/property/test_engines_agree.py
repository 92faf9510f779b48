"""Three engines, one definition: random streams give the same numbers everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhenzan.engine.checkpoint import restore, save
from zhenzan.engine.duck import DuckEngine
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.engine.interface import Columns
from zhenzan.engine.oracle import OracleEngine
from zhenzan.events.batch import KEYS, Batch
from zhenzan.events.schema import Kind
from zhenzan.features.library import FEATURES
from zhenzan.testing.streams import START_US, STEPS_US, make_batch, random_batch, select, split

_FRACTION_ERROR_MAX = 1e-9  # entropy is summed in steps of 2**-32
_EXAMPLES = settings(max_examples=12, deadline=None)

_row = st.tuples(
    st.sampled_from((0, 0, *STEPS_US)),
    st.sampled_from((Kind.LIKE, Kind.VIEW, Kind.REGISTER, Kind.PURCHASE, Kind.COMMENT)),
    *(st.integers(-1, 2) for _ in KEYS),
    st.integers(-1, 3),
)


def _stream(rows: list[tuple[int, ...]]) -> Batch:
    columns = list(zip(*rows, strict=True))
    keys = dict(zip(KEYS, columns[2:-1], strict=True))
    return make_batch(
        START_US + np.cumsum(columns[0]), kind=columns[1], dwell_ms=columns[-1], **keys
    )


streams = st.lists(_row, min_size=1, max_size=40).map(_stream)


def assert_same(found: Columns, expected: Columns) -> None:
    assert list(found) == list(expected)
    for name, values in found.items():
        if values.dtype == np.int64:
            np.testing.assert_array_equal(values, expected[name], err_msg=name)
        else:
            np.testing.assert_allclose(
                values, expected[name], rtol=0, atol=_FRACTION_ERROR_MAX, err_msg=name
            )


def joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@_EXAMPLES
@given(streams)
def test_all_engines_give_what_the_oracle_gives(stream: Batch) -> None:
    expected = OracleEngine(FEATURES).compute(stream)
    assert_same(EmbeddedEngine(FEATURES).compute(stream), expected)
    assert_same(DuckEngine(FEATURES, threads=1).compute(stream), expected)


@_EXAMPLES
@given(streams, st.lists(st.integers(0, 39), max_size=4), st.integers(0, 2**32))
def test_how_a_stream_is_cut_into_batches_changes_nothing(
    stream: Batch, cuts: list[int], seed: int
) -> None:
    emit = np.random.default_rng(seed).random(len(stream)) < 0.5
    whole = EmbeddedEngine(FEATURES).compute(stream)
    engine, at, parts = EmbeddedEngine(FEATURES), 0, []
    for part in split(stream, cuts):
        parts.append(engine.compute(part, emit[at : at + len(part)]))
        at += len(part)
    expected = {name: values[emit] for name, values in whole.items()}
    for name, values in joined(parts).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


@_EXAMPLES
@given(streams, st.integers(0, 2**32))
def test_codes_carry_no_information(stream: Batch, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {name: getattr(stream, name) for name in ("kind", "dwell_ms")}
    for key in KEYS:
        renamed = np.append(random.permutation(50), -1)
        columns[key] = renamed[getattr(stream, key)]
    other = make_batch(stream.ts, **columns)
    assert_same(EmbeddedEngine(FEATURES).compute(other), EmbeddedEngine(FEATURES).compute(stream))


@_EXAMPLES
@given(streams, streams, streams)
def test_late_rows_are_answered_from_what_is_retained_and_change_nothing(
    first: Batch, late: Batch, second: Batch
) -> None:
    engine, oracle = EmbeddedEngine(FEATURES), OracleEngine(FEATURES)
    undisturbed = EmbeddedEngine(FEATURES)
    assert_same(engine.compute(first), oracle.compute(first))
    late.late[:] = True
    assert_same(engine.compute(late), oracle.compute(late))
    second.ts[:] += first.ts[-1] - START_US + 1
    undisturbed.compute(first)
    assert_same(engine.compute(second), undisturbed.compute(second))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32), st.integers(0, 150))
def test_a_restored_engine_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, seed: int, cut: int
) -> None:
    stream = random_batch(np.random.default_rng(seed), 150)
    whole = EmbeddedEngine(FEATURES).compute(stream)
    engine, parts = EmbeddedEngine(FEATURES), []
    for part in split(stream, [cut]):
        parts.append(engine.compute(part))
        save(engine, tmp_path / "engine.zz")
        engine = restore(FEATURES, tmp_path / "engine.zz")
    for name, values in joined(parts).items():
        np.testing.assert_array_equal(values, whole[name], err_msg=name)


@pytest.mark.parametrize(("codes", "rows"), [(2, 1_500), (60, 3_000), (2_000, 3_000)])
def test_hot_keys_and_many_values_agree_with_duckdb(codes: int, rows: int) -> None:
    """Long rings leave the search for the table of values; the oracle is too slow for them."""
    random = np.random.default_rng(codes)
    stream = random_batch(random, rows, codes=codes)
    hot = random.random(rows) < 0.5
    stream.item[hot], stream.device[hot] = 0, 0
    stream.ts[:] = START_US + np.sort(random.integers(0, 9 * 86_400, rows)) * 1_000_000
    expected = DuckEngine(FEATURES).compute(stream)
    engine = EmbeddedEngine(FEATURES)
    parts = [engine.compute(part) for part in split(stream, [rows // 3, rows // 2])]
    assert_same(joined(parts), expected)


def test_idle_keys_are_freed_and_windows_do_not_notice() -> None:
    """Codes that were freed are given to other keys while old rows still lie in rings."""
    windowed = [f for f in FEATURES if f.window is not None and f.agg != "ratio"]
    random = np.random.default_rng(7)
    engine, twin = EmbeddedEngine(windowed), EmbeddedEngine(windowed)
    day = 86_400_000_000
    for step in range(12):
        part = random_batch(random, 300, codes=40)
        part.ts[:] = START_US + step * 3 * day + np.sort(random.integers(0, 3 * day, 300))
        other = select(part, slice(None))
        for key in KEYS:  # every three days everybody is somebody new, under recycled codes
            codes = getattr(part, key).copy()
            codes[codes >= 0] += 40 * (step % 4)
            getattr(part, key)[:] = codes
            fresh = codes.copy()
            fresh[fresh >= 0] += 160 * (step // 4)
            object.__setattr__(other, key, fresh)
        assert_same(engine.compute(part), twin.compute(other))
        engine.expire(int(part.ts[-1]))
