"""Many accounts were registered on the device.

Assumption: emulators and phone walls make accounts in series (S0-04).

Known false positives: a shop tablet that signs up customers, a phone resold or shared, a test
device.

Cost: one count per device, 24 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count registrations on the like's device within 24 h."""
    return known(likes["device_registers_24h"])


DETECTOR = Detector(
    code="NET008",
    name="device_registrations",
    family=Family.NETWORK,
    reads=("device_registers_24h",),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 13, 22, 40),
    weight_max=2.8,
    clears_max=0.1,
    reason="{value} accounts registered on this device in 24 h",
    reason_zh="24 小时内该设备注册了 {value} 个账号",
)
