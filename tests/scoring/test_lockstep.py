"""Groups say something about their members' likes on their targets, and about nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhenzan.clock import DAY_US, HOUR_US, MINUTE_US
from zhenzan.scoring.lockstep import find_lockstep
from zhenzan.scoring.spill import KEYS, LikeSpill

T0 = 1_700_000_000_000_000
MEMBERS = range(900, 930)
TARGETS = range(180, 188)


def likes(*, campaign=False):
    """Likes without a pattern, and thirty accounts that like eight items within minutes each."""
    rng = np.random.default_rng(4)
    rows = [
        (
            T0 + int(rng.integers(6 * DAY_US)),
            int(rng.integers(900)),
            int(180 * rng.random() ** 2),
            0,
        )
        for _ in range(9_000)
    ]
    for order, target in enumerate(TARGETS):
        start = T0 + DAY_US + order * 9 * HOUR_US
        rows += [(start + int(rng.integers(4 * MINUTE_US)), who, target, 1) for who in MEMBERS]
    rows.sort()
    ts, account, item, ordered = (np.array(column) for column in zip(*rows, strict=True))
    keys = {name: np.full(len(ts), -1, np.int32) for name in KEYS}
    keys |= {"ts": ts, "account": account.astype(np.int32), "item": item.astype(np.int32)}
    keys |= {"merchant": (item % 40).astype(np.int32), "category": (item % 4).astype(np.int32)}
    keys["campaign"] = (ordered == 1) & campaign
    keys["registered_us"] = np.full(len(ts), -1, np.int64)
    return keys, ordered == 1


def lockstep(tmp_path, keys):
    with LikeSpill(tmp_path) as spill:
        ids = pa.array([str(row) for row in range(len(keys["ts"]))])
        wide = {name: np.zeros((len(ids), 1), np.int8) for name in ("values", "bins")}
        spill.append(ids, keys, wide)
        return find_lockstep(spill)


def test_members_likes_on_targets_carry_the_group(tmp_path):
    keys, ordered = likes()
    found = lockstep(tmp_path, keys)
    assert (found.nats[ordered] > 0).mean() > 0.95
    assert not found.nats[~ordered].any()
    assert (np.array(found.group_id.is_valid()) == (found.nats > 0)).all()


def test_the_likeliest_likes_of_candidates_are_those_of_the_group(tmp_path):
    keys, ordered = likes()
    found = lockstep(tmp_path, keys)
    assert found.likely[ordered].min() > np.quantile(found.likely[~ordered], 0.999)


def test_likes_inside_a_campaign_are_explained_by_it(tmp_path):
    # Safety rule 7 and T1: a sanctioned team meets because its tasks say so.
    keys, ordered = likes(campaign=True)
    found = lockstep(tmp_path, keys)
    assert found.benign[ordered].all()
    assert not found.nats.any()
