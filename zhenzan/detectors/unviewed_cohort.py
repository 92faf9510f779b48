"""The earlier likers had not viewed the item.

Assumption: an audience looks first; a delivery does not (S2-14, S0-13).

Known false positives: items liked from feed cards that log no view.

Cost: one faded average per item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the item's earlier likers without a view of it."""
    return known(likes["cohort_unviewed"])


DETECTOR = Detector(
    code="TGT009",
    name="unviewed_cohort",
    family=Family.TARGET,
    reads=("cohort_unviewed",),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.2, 0.32, 0.45, 0.6, 0.75, 0.9),
    segment="category",
    weight_max=2.2,
    clears_max=0.5,
    unit="share",
    reason="{value} of the accounts that liked this item before had not viewed it",
    reason_zh="此前给该条目点赞的账号中 {value} 没有浏览过它",
)
