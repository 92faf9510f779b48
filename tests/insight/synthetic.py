"""Builds small output folders after the output contract, for the tests of the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY0_US = 1_780_272_000_000_000
HOUR_US = 3_600_000_000
STAMP = pa.timestamp("us", tz="UTC")
REASON = pa.struct(
    [
        ("code", pa.string()),
        ("family", pa.string()),
        ("side", pa.string()),
        ("value", pa.float64()),
        ("usual_low", pa.float64()),
        ("usual_high", pa.float64()),
        ("weight", pa.float32()),
        ("text", pa.string()),
        ("text_zh", pa.string()),
    ]
)
STATES = np.array(["counted", "held", "excluded"])


def reason(code: str, family: str, value: float, usual: tuple[float, float], text: str, zh: str):  # type: ignore[no-untyped-def]
    return {
        "code": code,
        "family": family,
        "side": "for",
        "value": value,
        "usual_low": usual[0],
        "usual_high": usual[1],
        "weight": value / 100,
        "text": text.format(value),
        "text_zh": zh.format(value),
    }


def reasons_of(state: str, number: int) -> list[dict[str, object]]:
    if state == "counted":
        return []
    n = float(20 + number % 40)
    rows = [
        reason(
            "GRP001",
            "group",
            n,
            (0, 2),
            "{:.0f} accounts acted within 9 s here and on other items",
            "{:.0f} 个账号在此处及其他条目上 9 秒内先后行动",
        ),
        reason(
            "BEH004",
            "behaviour",
            n / 4,
            (900, 14_000),
            "looked at the item for {:.1f} ms before the like",
            "点赞前仅浏览 {:.1f} 毫秒",
        ),
        reason(
            "NET002",
            "network",
            n / 2,
            (1, 2),
            "{:.0f} accounts on this device in 1 h",
            "此设备 1 小时内有 {:.0f} 个账号",
        ),
        reason(
            "ACC003",
            "account",
            n * 3,
            (0, 4),
            "registered in one batch with {:.0f} others",
            "与另外 {:.0f} 个账号同批注册",
        ),
    ]
    return rows[: 3 if state == "held" else 4]


def write_outputs(
    folder: Path,
    *,
    items: int = 40,
    likes_each: int = 120,
    attacked: int = 6,
    hours: int = 72,
    names: str = "item-{}",
    seed: int = 3,
    rejects: int = 30,
) -> Path:
    """Write one output folder; ``items=0`` writes empty tables."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(seed))
    item, account, ts, state = _likes(rng, items, likes_each, attacked, hours)
    order = np.argsort(ts, kind="stable")
    item, account, ts, state = item[order], account[order], ts[order], state[order]
    count = len(item)
    item_names = np.array([names.format(i) for i in range(max(items, 1))], dtype=object)
    likes = {
        "event_id": pa.array([f"e{i:07d}" for i in range(count)], pa.string()),
        "ts": pa.array(ts, STAMP),
        "account_id": pa.array([f"account-{a}" for a in account], pa.string()),
        "item_id": pa.array(item_names[item] if count else [], pa.string()),
        "merchant_id": pa.array([f"merchant-{i % 7}" for i in item], pa.string()),
        "category": pa.array([f"category-{i % 3}" for i in item], pa.string()).dictionary_encode(),
        "channel": pa.array(["feed"] * count, pa.string()).dictionary_encode(),
        "score": pa.array(np.array([0.02, 0.6, 0.98])[state], pa.float32()),
        "count_state": pa.array(STATES[state], pa.string()).dictionary_encode(),
        "count_state_at_once": pa.array(STATES[state], pa.string()).dictionary_encode(),
        "campaign": pa.array(np.arange(count) % 97 == 0),
        "late": pa.array(np.zeros(count, bool)),
        "withdrawn": pa.array(np.arange(count) % 201 == 0),
        "reasons": pa.array(
            [reasons_of(str(STATES[s]), n) for n, s in enumerate(state)], pa.list_(REASON)
        ),
    }
    pq.write_table(pa.table(likes), folder / "likes.parquet")
    by_item = np.stack([np.bincount(item[state == s], minlength=max(items, 1)) for s in range(3)])
    _write_items(folder, item_names[:items], by_item[:, :items], rng, attacked, hours)
    _write_people(folder, account, item, state, rng)
    _write_timeline(folder, ts, state)
    _write_rest(folder, rejects)
    return folder


def _likes(rng, items, likes_each, attacked, hours):  # type: ignore[no-untyped-def]
    if not items:
        return tuple(np.zeros(0, np.int64) for _ in range(4))
    sizes = rng.poisson(likes_each, items)
    item = np.repeat(np.arange(items), sizes)
    day = rng.normal(14, 4, len(item)) % 24
    ts = DAY0_US + (rng.integers(0, max(1, hours // 24), len(item)) * 24 + day) * HOUR_US
    account = rng.integers(0, items * likes_each // 3 + 5, len(item))
    state = (rng.random(len(item)) < 0.01).astype(np.int64)
    parts = [(item, account, ts, state)]
    for target in range(min(attacked, items)):
        size = int(likes_each * max(0.5, 6 - target * 0.8))
        crew = 10_000_000 + rng.integers(0, 300, size)
        wave = np.sort(rng.choice([20, 26, 44.0], size)) + rng.exponential(0.15, size)
        bought = np.where(rng.random(size) < 0.85, 2, 1)
        parts.append((np.full(size, target), crew, DAY0_US + wave * HOUR_US, bought))
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2].astype(np.int64), joined[3]


def _write_items(folder, names, by_item, rng, attacked, hours):  # type: ignore[no-untyped-def]
    counted, held, excluded = (row.astype(np.int64) for row in by_item)
    claimed = counted + held + excluded
    views = (counted * rng.uniform(9, 14, len(claimed)) + held + excluded).astype(np.int64)
    n = len(claimed)
    columns: dict[str, object] = {
        "item_id": pa.array(names, pa.string()),
        "merchant_id": pa.array([f"merchant-{i % 7}" for i in range(n)], pa.string()),
        "category": pa.array([f"category-{i % 3}" for i in range(n)], pa.string()),
        "likes_claimed": claimed,
        "likes_counted": counted,
        "likes_held": held,
        "likes_excluded": excluded,
        "likes_campaign": np.zeros(n, np.int64),
        "likes_verified_buyer": counted // 20,
        "views": views,
        "favorites": counted // 4,
        "carts": counted // 8,
        "purchases": counted // 14,
        "comments": counted // 9,
        "shares": counted // 30,
        "refunds": counted // 300,
        "first_ts": pa.array(np.full(n, DAY0_US), STAMP),
        "last_ts": pa.array(np.full(n, DAY0_US + hours * HOUR_US), STAMP),
        "contamination": excluded / np.maximum(claimed, 1),
        "authentic_engagement": 60 - 30 * excluded / np.maximum(claimed, 1) + rng.normal(0, 4, n),
    }
    for part in ("dwell", "completion", "comment", "follow_up", "verified_buyer", "like"):
        columns[part] = rng.uniform(0.3, 0.7, n)
    columns["repurchase"] = pa.array([None] * n, pa.float64())
    pq.write_table(pa.table(columns), folder / "items.parquet")


def _write_people(folder, account, item, state, rng):  # type: ignore[no-untyped-def]
    ids, place = np.unique(account, return_inverse=True)
    counts = [np.bincount(place[state == s], minlength=len(ids)) for s in range(3)]
    likes = sum(counts) if len(ids) else np.zeros(0, np.int64)
    share = 1 - counts[2][: len(ids)] / np.maximum(likes, 1)
    parts = pa.StructArray.from_arrays(
        [pa.array(share, pa.float64()), pa.array(rng.uniform(0.4, 1, len(ids)))],
        names=["authentic_share", "variety"],
    )
    pq.write_table(
        pa.table(
            {
                "account_id": pa.array([f"account-{a}" for a in ids], pa.string()),
                "likes": likes,
                "likes_excluded": counts[2][: len(ids)],
                "likes_held": counts[1][: len(ids)],
                "first_ts": pa.array(np.full(len(ids), DAY0_US), STAMP),
                "last_ts": pa.array(np.full(len(ids), DAY0_US), STAMP),
                "health": 40 + 60 * share,
                "components": parts,
                "reasons": pa.array([[]] * len(ids), pa.list_(pa.string())),
            }
        ),
        folder / "accounts.parquet",
    )
    owner = item % 7
    shops = np.unique(owner)
    by_shop = [np.bincount(owner[state == s], minlength=7)[shops] for s in range(3)]
    pq.write_table(
        pa.table(
            {
                "merchant_id": pa.array([f"merchant-{m}" for m in shops], pa.string()),
                "items": np.full(len(shops), 6),
                "likes_claimed": sum(by_shop) if len(shops) else np.zeros(0, np.int64),
                "likes_counted": by_shop[0],
                "likes_held": by_shop[1],
                "likes_excluded": by_shop[2],
                "health": rng.uniform(80, 100, len(shops)),
                "contamination": by_shop[2] / np.maximum(sum(by_shop), 1),
                "funnel_consistency": rng.uniform(0.7, 1, len(shops)),
                "refunds": rng.uniform(0.9, 1, len(shops)),
            }
        ),
        folder / "merchants.parquet",
    )


def _write_timeline(folder, ts, state):  # type: ignore[no-untyped-def]
    hours, place = np.unique(ts // HOUR_US, return_inverse=True)
    by_hour = [np.bincount(place[state == s], minlength=len(hours))[: len(hours)] for s in range(3)]
    table = {
        "hour": pa.array(hours * HOUR_US, STAMP),
        "likes_claimed": sum(by_hour) if len(hours) else np.zeros(0, np.int64),
        "likes_counted": by_hour[0],
        "likes_held": by_hour[1],
        "likes_excluded": by_hour[2],
    }
    pq.write_table(pa.table(table), folder / "timeline.parquet")


def _write_rest(folder: Path, rejects: int) -> None:
    kinds = ["missing_required", "bad_time", "unknown_kind"]
    table = {
        "file": pa.array(["day.csv"] * rejects, pa.string()),
        "row": pa.array(range(1, rejects + 1), pa.int64()),
        "reason": pa.array([kinds[i % 3] for i in range(rejects)], pa.string()),
        "detail": pa.array(["column `ts` holds `yesterday`"] * rejects, pa.string()),
        "raw": pa.array(['{"ts": "yesterday", "kind": "like"}'] * rejects, pa.string()),
    }
    pq.write_table(pa.table(table), folder / "rejects.parquet")
    summary = {
        "version": "0.1.0",
        "counts": {"rows": 123_456, "interactions": 120_000, "duplicates": 17},
        "settings": {"lateness_s": 3_600, "excluded_score_min": 0.9137, "held_score_min": 0.5111},
        "feature_hash": "9f2c51",
        "files": ["day.csv"],
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
