"""Measures the search for groups on a folder of likes: CPU seconds, memory and, with labels, AUPRC.

``python -m bench.groups FOLDER`` or ``python -m bench.groups --scale 1000000``

``--scale`` makes so many likes itself: a tenth as many accounts, a fiftieth as many items, popular
and rare, and one planted group of 60 accounts and 15 items per 100,000 likes. Each size runs in a
process of its own, so that its peak is its own.

The folder holds ``events.parquet`` (event_id, ts, account_id, item_id, merchant_id and, when known,
category), and for accuracy ``accounts_labels.parquet`` (account_id, is_fake, tier). CPU seconds
are those of the search alone; the peak is that of the whole process, input included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.peak import peak_mib
from zhenzan.clock import DAY_US, HOUR_US, generator
from zhenzan.groups.find import GroupOptions, find_groups
from zhenzan.groups.schema import Groups
from zhenzan.scoring.evaluation import average_precision, recall_at_harm

GROUP_ACCOUNTS, GROUP_ITEMS = 60, 15
KEYS = ("account", "item", "merchant", "category")


def read_likes(folder: Path) -> tuple[pa.Table, pa.Array]:
    """Read the likes as codes; return them and the account ids by code."""
    log = pq.read_table(folder / "events.parquet")
    columns = {"row": pa.array(np.arange(len(log))), "ts": log["ts"].cast(pa.int64())}
    ids = pa.array([], pa.string())
    for key in KEYS:
        name = key if key == "category" else f"{key}_id"
        if name not in log.column_names:
            continue
        coded = log[name].combine_chunks().dictionary_encode()
        columns[key] = pc.fill_null(coded.indices, -1).cast(pa.int32())
        if key == "account":
            ids = coded.dictionary
    return pa.table(columns), ids


def accuracy(groups: Groups, ids: pa.Array, folder: Path) -> dict[str, Any]:
    """Rank all accounts by their evidence and compare with the labels, overall and by tier."""
    labels = pq.read_table(folder / "accounts_labels.parquet")
    place = pc.index_in(ids, value_set=labels["account_id"].combine_chunks())
    fake = np.asarray(labels["is_fake"].take(place)).astype(bool)
    tier = np.array(labels["tier"].take(place).to_pylist(), object)
    nats = np.zeros(len(ids))
    nats[np.asarray(groups.accounts["account"])] = np.asarray(groups.accounts["nats"])
    found: dict[str, Any] = {"auprc": round(average_precision(nats, fake), 5)}
    for name in sorted({name for name in tier[fake] if name}):
        seen = ~fake | (tier == name)
        found[f"ap_{name}"] = round(average_precision(nats[seen], fake[seen]), 5)
    for share in (0.001, 0.01):
        recall = recall_at_harm(nats[~fake], nats[fake], harm=share)
        found[f"recall_at_{share:g}_honest"] = round(recall, 4)
    return found


def measure(folder: Path, options: GroupOptions) -> dict[str, Any]:
    """Search a folder once; return its figures."""
    likes, ids = read_likes(folder)
    started = time.process_time()
    groups = find_groups(likes, options=options)
    facts: dict[str, Any] = {
        "likes": len(likes),
        "cpu_s": round(time.process_time() - started, 2),
        "peak_mib": peak_mib(),
        "groups": len(groups.groups),
        "benign": int(np.asarray(groups.groups["benign"]).sum()),
    }
    if (folder / "accounts_labels.parquet").exists():
        facts |= accuracy(groups, ids, folder)
    return facts


def make_likes(count: int, *, seed: int = 1) -> pa.Table:
    """Make likes over 14 days with planted groups that act within two hours on each target."""
    random = generator(seed)
    accounts, items, groups = (
        max(count // 10, 1_000),
        max(count // 50, 200),
        max(count // 100_000, 1),
    )
    ordinary = count - groups * GROUP_ACCOUNTS * GROUP_ITEMS
    activity = np.exp(random.random(ordinary) * np.log(accounts)).astype(np.int32) - 1
    popular = np.exp(random.random(ordinary) * np.log(items)).astype(np.int32) - 1
    spread = random.random(ordinary) < 0.7
    activity[spread] = random.integers(0, accounts, int(spread.sum()))
    order = np.arange(groups * GROUP_ACCOUNTS * GROUP_ITEMS)
    group = (order // (GROUP_ACCOUNTS * GROUP_ITEMS)).astype(np.int32)
    target = (order // GROUP_ACCOUNTS).astype(np.int32)
    start = random.integers(0, 14 * DAY_US - 2 * HOUR_US, groups * GROUP_ITEMS)
    account = np.concatenate(
        [activity, accounts + group * GROUP_ACCOUNTS + (order % GROUP_ACCOUNTS).astype(np.int32)]
    )
    item = np.concatenate([random.permutation(items).astype(np.int32)[popular], items + target])
    ts = np.concatenate(
        [
            random.integers(0, 14 * DAY_US, ordinary),
            start[target] + random.integers(0, 2 * HOUR_US, len(order)),
        ]
    )
    merchant = (item % max(items // 20, 1)).astype(np.int32)
    return pa.table(
        {"row": np.arange(count), "ts": ts, "account": account, "item": item, "merchant": merchant}
    )


def measure_size(count: int, options: GroupOptions) -> dict[str, Any]:
    """Search likes made for the purpose; return their figures."""
    likes = make_likes(count)
    planted = max(count // 100_000, 1)
    started = time.process_time()
    groups = find_groups(likes, options=options)
    return {
        "likes": count,
        "cpu_s": round(time.process_time() - started, 2),
        "peak_mib": peak_mib(),
        "groups_planted": planted,
        "groups_found": len(groups.groups),
    }


def measure_scale(sizes: Sequence[int]) -> dict[str, Any]:
    """Search each size in a process of its own; give the figures and the exponent of growth."""
    rows = []
    for size in sizes:
        command = [sys.executable, "-m", "bench.groups", "--scale", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
    first, last = rows[0], rows[-1]
    growth = np.log(last["cpu_s"] / first["cpu_s"]) / np.log(last["likes"] / first["likes"])
    return {"sizes": rows, "exponent": round(float(growth), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = GroupOptions()
    parser.add_argument("folder", type=Path, nargs="*")
    parser.add_argument("--scale", type=int, nargs="*", default=[], help="likes to make")
    parser.add_argument("--memory-limit", default=usual.memory_limit)
    parser.add_argument("--threads", type=int, default=usual.threads)
    chosen = parser.parse_args()
    options = GroupOptions(memory_limit=chosen.memory_limit, threads=chosen.threads)
    for size in chosen.scale:
        print(json.dumps(measure_size(size, options)))
    for folder in chosen.folder:
        print(json.dumps({"folder": folder.name, **measure(folder, options)}))


if __name__ == "__main__":
    main()
