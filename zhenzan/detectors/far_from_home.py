"""A like comes from a network that is new to its account.

Assumption: a stolen or rented account is used from elsewhere than where it lived (S2-23).

Known false positives: holidays, a new phone contract, mobile carriers with many blocks; common
enough that the weight is small (T18).

Cost: four blocks kept per account.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return 1 if the address block is none of the account's last four, else 0."""
    return known(likes["new_network"])


DETECTOR = Detector(
    code="NET007",
    name="far_from_home",
    family=Family.NETWORK,
    reads=("new_network",),
    measure=measure,
    edges=(0.5,),
    weight_max=1.0,
    clears_max=0.1,
    unit="flag",
    reason="the network is new to this account",
    reason_zh="该账号首次使用这个网络",
)
