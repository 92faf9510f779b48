"""Many accounts of one address block like one item.

Assumption: the likers of an item are strangers to each other and come from many networks (S0-15,
S2-13, S4-28).

Known false positives: dormitories, offices, carrier addresses, an event on site; network evidence
alone never excludes (T18).

Cost: one distinct count per (item, block), 24 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts of the like's address block that liked the item within 24 h."""
    return known(likes["item_block_accounts_24h"])


DETECTOR = Detector(
    code="NET002",
    name="block_crowd",
    family=Family.NETWORK,
    reads=("item_block_accounts_24h",),
    measure=measure,
    edges=(2, 3, 4, 6, 9, 14, 22, 40, 80),
    weight_max=2.5,
    clears_max=0.4,
    reason="{value} accounts from the same network liked this item in 24 h",
    reason_zh="24 小时内同一网络有 {value} 个账号给该条目点赞",
)
