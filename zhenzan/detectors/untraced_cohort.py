"""The earlier likers came without device, address or session.

Assumption: likes written through an interface gather on the item that was ordered (S3-13). One
like without them is not guilty; what counts is an item's crowd against the rest of the log.

Known false positives: a partner that forwards likes for its own items, a client version with a
bug.

Cost: one faded average per item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the item's earlier likers whose likes lack device, address or session."""
    return known(likes["cohort_untraced"])


DETECTOR = Detector(
    code="TGT012",
    name="untraced_cohort",
    family=Family.TARGET,
    reads=("cohort_untraced",),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9),
    weight_max=1.5,
    clears_max=0.2,
    unit="share",
    reason="{value} of the earlier likes of this item lack device, address or session",
    reason_zh="该条目此前的点赞中 {value} 缺少设备、地址或会话信息",
)
