"""A like comes from a hosting or VPN range.

Assumption: shoppers sit behind access networks; scripts and rented proxies sit in data centres
(S2-23). Where an address lies is never the reason, only what kind of network it is.

Known false positives: people who use a VPN for privacy, company gateways, cloud phones, outdated
range lists (T18).

Cost: one look-up per address.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_HOSTING = 1  # network_class: 0 ordinary, 1 hosting, 2 vpn


def measure(likes: Likes) -> F64:
    """Return 1 if the address lies in a hosting or VPN range, 0 if not, NaN if unknown."""
    kind = known(likes["network_class"])
    return np.where(np.isnan(kind), np.nan, np.where(kind >= _HOSTING, 1.0, 0.0))


DETECTOR = Detector(
    code="NET005",
    name="hosting_network",
    family=Family.NETWORK,
    reads=("network_class",),
    measure=measure,
    edges=(0.5,),
    weight_max=1.8,
    clears_max=0.1,
    unit="flag",
    reason="the address belongs to a hosting or VPN network",
    reason_zh="该地址属于机房或 VPN 网络",
)
