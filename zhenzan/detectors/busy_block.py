"""The accounts of an address block like far more than accounts do.

Assumption: behind a dormitory's address many people like a little; behind a farm's each account
likes a lot (S2-13, T18).

Known false positives: a block with one very active person; a community event on site.

Cost: one count and one distinct count per block, 1 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_ACCOUNTS_MIN = 3  # one or two accounts are a household


def measure(likes: Likes) -> F64:
    """Return likes per account on the address block within 1 h, from 3 accounts on."""
    accounts = known(likes["block_accounts_1h"])
    liked = known(likes["block_likes_1h"])
    return np.where(accounts >= _ACCOUNTS_MIN, liked / np.maximum(accounts, 1.0), np.nan)


DETECTOR = Detector(
    code="NET009",
    name="busy_block",
    family=Family.NETWORK,
    reads=("block_accounts_1h", "block_likes_1h"),
    measure=measure,
    edges=(0.3, 0.6, 1, 1.5, 2.5, 4, 7, 12, 20, 40),
    weight_max=1.2,
    clears_max=0.4,
    unit="ratio",
    reason="{value} likes per account from this network in 1 h",
    reason_zh="该网络 1 小时内平均每个账号点赞 {value} 次",
)
