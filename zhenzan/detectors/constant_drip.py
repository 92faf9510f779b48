"""An item's likes drip in at a constant rate.

Assumption: attention comes in waves and follows the day; a delivery spread out to stay unseen is
even (S2-22).

Known false positives: by chance in short series; an item fed by one steady external source.

Cost: the item's like times within the follow-up window, read once.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the spread of the item's like gaps against a Poisson stream; near 0 is constant."""
    return known(likes["drip_spread"])


DETECTOR = Detector(
    code="TGT005",
    name="constant_drip",
    family=Family.TARGET,
    reads=("drip_spread",),
    measure=measure,
    edges=(0.1, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85, 1, 1.3, 2),
    suspicious="low",
    settled=True,
    weight_max=2.0,
    clears_max=0.3,
    unit="ratio",
    timed=True,
    reason="the gaps between this item's likes vary {value} times as much as by chance",
    reason_zh="该条目点赞间隔的波动是随机情形的 {value} 倍",
)
