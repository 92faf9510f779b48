"""An account was registered together with many others.

Assumption: accounts made for sale are made in bulk, from one device or network, within the hour
(S0-04, S1-07).

Known false positives: a lecture hall that signs up for the same offer, a shop-floor tablet,
carrier addresses shared by a whole town; none is excluded on this alone (T18).

Cost: two counts at registration, one number kept per account.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts registered with this one, from the same device or block within 1 h."""
    return known(likes["registration_batch"])


DETECTOR = Detector(
    code="ACC004",
    name="registration_batch",
    family=Family.ACCOUNT,
    reads=("registration_batch",),
    measure=measure,
    edges=(2, 3, 5, 8, 13, 22, 40, 80),
    weight_max=2.5,
    clears_max=0.3,
    reason="{value} accounts registered with this one from its device or network within 1 h",
    reason_zh="同一设备或网络在 1 小时内连同该账号共注册了 {value} 个账号",
)
