"""Many accounts act from one device.

Assumption: a phone serves one person, sometimes a family; emulator farms and phone walls serve
dozens of accounts (S0-04, S2-12, S2-13).

Known false positives: family devices, shop-floor and library tablets, resold phones, a reused
device id after a factory reset. Network evidence alone never excludes (T18).

Cost: one distinct count per device, 24 h of interactions kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts seen on the like's device within 24 h."""
    return known(likes["device_accounts_24h"])


DETECTOR = Detector(
    code="NET001",
    name="device_fan_out",
    family=Family.NETWORK,
    reads=("device_accounts_24h",),
    measure=measure,
    edges=(2, 3, 4, 6, 9, 14, 22, 40),
    weight_max=3.5,
    clears_max=0.4,
    reason="{value} accounts on this device in 24 h",
    reason_zh="24 小时内同一设备上有 {value} 个账号",
)
