"""Several accounts like the same item from one device.

Assumption: one phone has one taste to express; switching accounts to like again is a trade (S2-12,
S2-13).

Known false positives: a family tablet, a device id shared by a model line, a phone handed round at
a party.

Cost: one distinct count per (item, device), 24 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts on the like's device that liked the item within 24 h."""
    return known(likes["item_device_accounts_24h"])


DETECTOR = Detector(
    code="NET003",
    name="same_device_same_item",
    family=Family.NETWORK,
    reads=("item_device_accounts_24h",),
    measure=measure,
    edges=(2, 3, 4, 6, 9, 14, 22, 40),
    weight_max=3.5,
    clears_max=0.2,
    reason="{value} accounts on the same device liked this item in 24 h",
    reason_zh="24 小时内同一设备有 {value} 个账号给该条目点赞",
)
