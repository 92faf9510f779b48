"""The earlier likers belong to other categories.

Assumption: one stray like is chance, a crowd of strays on one item is an order (S1-09, S1-13).

Known false positives: an item that goes viral outside its category, a cross-category promotion.

Cost: one faded average per item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of the item's earlier likers without interest in its category."""
    return known(likes["cohort_mismatched"])


DETECTOR = Detector(
    code="CTX002",
    name="mismatched_cohort",
    family=Family.CONTEXT,
    reads=("cohort_mismatched",),
    measure=measure,
    edges=(0.05, 0.1, 0.2, 0.3, 0.42, 0.55, 0.7, 0.82, 0.93),
    segment="category",
    weight_max=2.0,
    clears_max=0.6,
    unit="share",
    reason="{value} of the accounts that liked this item before show no interest in its category",
    reason_zh="此前给该条目点赞的账号中 {value} 对该类目没有兴趣",
)
