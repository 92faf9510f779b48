"""An account changes devices and networks within a day.

Assumption: workers are told to switch device and network between tasks (S4-29, T2); people use two
or three places.

Known false positives: travellers, phones that hop between carrier blocks, couriers, testers.

Cost: two distinct counts per account, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's devices and address blocks within 24 h; a missing one counts nothing."""
    devices = known(likes["account_devices_24h"])
    blocks = known(likes["account_blocks_24h"])
    total = np.nan_to_num(devices) + np.nan_to_num(blocks)
    return np.where(np.isnan(devices) & np.isnan(blocks), np.nan, total)


DETECTOR = Detector(
    code="NET006",
    name="network_rotation",
    family=Family.NETWORK,
    reads=("account_devices_24h", "account_blocks_24h"),
    measure=measure,
    edges=(3, 4, 5, 6, 8, 11, 16, 25),
    weight_max=2.2,
    clears_max=0.3,
    reason="{value} devices and networks used by this account in 24 h",
    reason_zh="该账号 24 小时内使用了 {value} 个设备和网络",
)
