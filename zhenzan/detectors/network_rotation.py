"""An account changes devices and networks together within a day.

Assumption: workers are told to switch device and network between tasks (S4-29, T2). Networks
alone change with every bus ride, devices alone with every desk; both together, again and again,
are a routine.

Known false positives: couriers and testers with many phones, travellers who borrow devices,
clients that renew their device id.

Cost: two distinct counts per account, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the account's devices or address blocks within 24 h, whichever are fewer."""
    return np.minimum(known(likes["account_devices_24h"]), known(likes["account_blocks_24h"]))


DETECTOR = Detector(
    code="NET006",
    name="network_rotation",
    family=Family.NETWORK,
    reads=("account_devices_24h", "account_blocks_24h"),
    measure=measure,
    edges=(2, 3, 4, 5, 7, 10, 16),
    weight_max=2.2,
    clears_max=0.2,
    reason="at least {value} devices and as many networks used by this account in 24 h",
    reason_zh="该账号 24 小时内至少使用了 {value} 个设备和同样多的网络",
)
