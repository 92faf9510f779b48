"""The earlier likers do little else than like.

Assumption: each worker looks harmless, the crowd does not: a real audience also views, keeps and
buys (S0-04, S1-11, S2-06).

Known false positives: an item that spreads among people who only browse and like.

Cost: one faded average per item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of single-purpose accounts among the item's earlier likers."""
    return known(likes["cohort_single_purpose"])


DETECTOR = Detector(
    code="TGT011",
    name="single_purpose_cohort",
    family=Family.TARGET,
    reads=("cohort_single_purpose",),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.18, 0.28, 0.4, 0.55, 0.7, 0.85),
    weight_max=2.2,
    clears_max=0.5,
    unit="share",
    reason="{value} of the accounts that liked this item before do little else than like",
    reason_zh="此前给该条目点赞的账号中 {value} 几乎只点赞",
)
