"""Measures windowed features: the embedded engine, DuckDB, and bare memory touches, in one run.

``python bench/features.py [--rows 1000000] [--duck-rows 1000000] [--out FILE]``

Times are CPU time of the process, so that neighbours on the machine and the number of threads
change little; the ratios are what to compare. Every row is answered.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit

from zhenzan.clock import DAY_US, generator
from zhenzan.engine.duck import DuckEngine
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.engine.layout import NUNIQUE
from zhenzan.engine.store import SLAB_TOP
from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind
from zhenzan.features.library import FEATURES

NAMES = tuple(  # as a text, since it is read by people
    """
account_likes_1m account_likes_10m account_likes_1h account_likes_24h account_likes_7d
account_views_1h account_views_24h account_views_7d account_events_24h account_events_7d
account_devices_24h account_blocks_24h account_categories_7d account_merchants_24h
account_merchants_7d account_kinds_7d account_dwell_24h
device_accounts_1h device_accounts_24h device_accounts_7d device_likes_1h device_likes_24h
block_accounts_1h block_accounts_24h block_devices_24h block_likes_1h block_likes_24h
item_likes_10m item_likes_1h item_likes_24h item_likes_7d item_views_1h item_views_24h
item_like_accounts_24h merchant_likes_24h merchant_views_24h merchant_like_items_24h
account_item_views_1h account_item_views_24h account_item_events_24h
""".split()  # noqa: SIM905
)
"""40 features on 6 keys, 13 of them distinct counts."""

_SHARES = {Kind.VIEW: 0.70, Kind.LIKE: 0.14, Kind.CART: 0.04, Kind.FAVORITE: 0.04,
           Kind.COMMENT: 0.03, Kind.PURCHASE: 0.03, Kind.SHARE: 0.02}  # fmt: skip
_BATCH_ROWS = 65_536  # the default of the setting batch_rows


def zipf(random: np.random.Generator, count: int, values: int) -> np.ndarray:
    """Draw codes whose frequency falls as one over the rank; ranks are shuffled."""
    ranks = np.exp(random.random(count) * np.log(values)).astype(np.int64) - 1
    return random.permutation(values)[ranks].astype(np.int32)


def make_log(rows: int, *, seed: int = 1, days: int = 8) -> Batch:
    """Make a log of Zipf-distributed interactions."""
    random = generator(seed)
    ts = 1_700_000_000_000_000 + np.sort(random.integers(0, days * DAY_US, rows))
    account = zipf(random, rows, max(100, rows // 5))
    item = zipf(random, rows, max(100, rows // 25))
    device = np.where(random.random(rows) < 0.8, account, account + random.integers(1, 3, rows))
    block = (device // 40).astype(np.int32)
    kinds = np.array([int(kind) for kind in _SHARES], np.int8)
    kind = random.choice(kinds, rows, p=np.array(list(_SHARES.values())))
    nothing = np.full(rows, -1, np.int32)
    return Batch(
        event_id=pa.nulls(rows, pa.string()),
        ts=ts,
        kind=kind,
        account=account,
        item=item,
        merchant=(item // 20).astype(np.int32),
        category=(item % 50).astype(np.int32),
        device=device.astype(np.int32),
        ip=block,
        block=block,
        session=account,
        channel=random.integers(0, 6, rows).astype(np.int32),
        campaign=nothing,
        task=nothing,
        dwell_ms=random.integers(0, 60_000, rows).astype(np.int32),
        completion_permille=random.integers(0, 1001, rows).astype(np.int16),
        amount_cents=np.zeros(rows, np.int64),
        text_hash=np.zeros(rows, np.int64),
        text_chars=nothing,
        late=np.zeros(rows, np.bool_),
    )


def cut(log: Batch, start: int, stop: int) -> Batch:
    """Cut rows out of a log."""
    return Batch(**{field.name: getattr(log, field.name)[start:stop] for field in fields(Batch)})


def batches(log: Batch, size: int = _BATCH_ROWS) -> list[Batch]:
    """Cut a log into batches, never inside a tick."""
    cuts = [0]
    while cuts[-1] < len(log):
        stop = min(len(log), cuts[-1] + size)
        while stop < len(log) and log.ts[stop] == log.ts[stop - 1]:
            stop += 1
        cuts.append(stop)
    return [cut(log, start, stop) for start, stop in itertools.pairwise(cuts)]


@njit(cache=True)
def touch(codes: np.ndarray, words: int, lines: int, room: np.ndarray, random: bool) -> None:
    """Raise ``lines`` words per row, anywhere or at places that follow from its code."""
    mask = np.uint64(room.size - 1)
    seed = np.uint64(88172645463325252)
    for i in range(codes.size):
        place = seed if random else np.uint64(codes[i] * words)
        for line in range(lines):
            room[place & mask] += 1
            place = place * np.uint64(0x9E3779B97F4A7C15) + np.uint64(line) + np.uint64(i & 3)
            place ^= place >> np.uint64(29)
        if random:
            seed = place


def bare_touches(engine: EmbeddedEngine, log: Batch, *, random: bool) -> tuple[float, float]:
    """Touch as much memory, as often, as the engine has to; give seconds and touches a row.

    Per group and row: the state row, and the slot of a pair; per row taken in, its ring entry,
    one look at the oldest entry of each window, and one earlier entry or table slot per distinct
    column. Not counted, though the engine has to: reading the batch and writing the answers. A
    touch waits for none before it, where the engine often does. ``random`` spreads the touches
    over all of the memory; otherwise popular keys stay popular.
    """
    seconds, touches = 0.0, 0
    for keyed in engine._keyed:
        group, layout = keyed.group, keyed.layout
        codes, once = getattr(log, group.key[0]), 1
        if len(group.key) == 2:
            codes = (codes * 31 + getattr(log, group.key[1])) % len(engine._pairs[group.key])
            once = 2
        taken = codes[np.isin(log.kind, group.kinds)] if group.kinds else codes
        distinct = len(set(layout.item_column[layout.item_op == NUNIQUE].tolist()))
        state = np.ones(1 << int(len(keyed.store.state) - 1).bit_length(), np.int64)
        rings = int(keyed.store.counters[SLAB_TOP]) + len(keyed.store.table)
        room = np.ones(1 << max(10, int(rings - 1).bit_length()), np.int64)
        lines = 1 + len(layout.windows) + distinct
        start = time.process_time()
        touch(codes, layout.row_words, once, state, random)
        touch(taken, 8, lines, room, random)
        seconds += time.process_time() - start
        touches += once * len(codes) + lines * len(taken)
    return seconds, touches / len(log)


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Run it once; give CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(rows: int, duck_rows: int, *, repeats: int = 3) -> dict[str, object]:
    """Measure all three on the same log; the best of ``repeats`` for what is short."""
    features = [feature for feature in FEATURES if feature.name in NAMES]
    assert len(features) == len(NAMES) == 40
    log = make_log(rows)
    parts = batches(log)

    def stream(parts: list[Batch]) -> EmbeddedEngine:
        engine = EmbeddedEngine(features)
        for part in parts:
            engine.compute(part)
        return engine

    warm = EmbeddedEngine(features)
    warm.compute(cut(log, 0, 2_000))
    touch(log.account[:10], 8, 2, np.zeros(16, np.int64), True)
    embedded = min(timed(lambda: stream(parts)) for _ in range(repeats))
    engine = stream(parts)
    bare, touches = min(bare_touches(engine, log, random=True) for _ in range(repeats))
    popular, _ = min(bare_touches(engine, log, random=False) for _ in range(repeats))
    facts: dict[str, object] = {
        "rows": rows,
        "features": len(features),
        "machine": f"{platform.machine()} {platform.python_version()}",
        "embedded_cpu_s": round(embedded[0], 3),
        "embedded_rows_per_cpu_s": round(rows / embedded[0]),
        "state_mb": round(engine.state_bytes / 1e6, 1),
        "touches_per_row": round(touches, 1),
        "bare_rows_per_cpu_s": round(rows / bare),
        "share_of_bare": round(bare / embedded[0], 3),
        "share_of_bare_popular_keys": round(popular / embedded[0], 3),
    }
    likes = [part.kind == Kind.LIKE for part in parts]

    def stream_likes() -> None:
        own = EmbeddedEngine(features)
        for part, emit in zip(parts, likes, strict=True):
            own.compute(part, emit)

    only = min(timed(stream_likes) for _ in range(repeats))
    facts["embedded_rows_per_cpu_s_answering_likes"] = round(rows / only[0])
    if duck_rows:
        part = cut(log, 0, duck_rows)
        duck = timed(lambda: DuckEngine(features).compute(part))
        pieces = batches(part)
        ours = min(timed(lambda: stream(pieces)) for _ in range(repeats))
        facts |= {
            "duckdb_rows": len(part),
            "duckdb_cpu_s": round(duck[0], 2),
            "duckdb_wall_s": round(duck[1], 2),
            "times_duckdb": round(duck[0] / ours[0], 1),
        }
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--duck-rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure(options.rows, options.duck_rows), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
