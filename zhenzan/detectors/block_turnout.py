"""Most accounts of an address block like the same item.

Assumption: of those who share a network a few share a taste; a farm turns out as a whole, which
tells it from a dormitory (S2-13, T18).

Known false positives: a class that votes together, staff of the shop on the shop's network.

Cost: one distinct count per (item, block) and one per block, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_ACCOUNTS_MIN = 5  # in smaller blocks a couple is already a large share


def measure(likes: Likes) -> F64:
    """Return the share of the block's accounts that liked the item within 24 h, from 5 on."""
    accounts = known(likes["block_accounts_24h"])
    likers = known(likes["item_block_accounts_24h"])
    return np.where(accounts >= _ACCOUNTS_MIN, likers / np.maximum(accounts, 1.0), np.nan)


DETECTOR = Detector(
    code="NET010",
    name="block_turnout",
    family=Family.NETWORK,
    reads=("block_accounts_24h", "item_block_accounts_24h"),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.17, 0.25, 0.35, 0.5, 0.7, 0.9),
    weight_max=2.8,
    clears_max=0.7,
    unit="share",
    reason="{value} of the accounts on this network liked this item in 24 h",
    reason_zh="24 小时内该网络有 {value} 的账号给该条目点赞",
)
