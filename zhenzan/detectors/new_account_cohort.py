"""The earlier likers were mostly new accounts.

Assumption: an order is filled with accounts made for it (S0-04, S2-06). Being new weighs nothing
for the account itself (T17); a crowd of them on one item does.

Known false positives: an item that brought people to the platform, a sign-up offer, a school class
that joins together.

Cost: one faded average per item.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return the share of new accounts among the item's earlier likers."""
    return known(likes["cohort_new"])


DETECTOR = Detector(
    code="TGT008",
    name="new_account_cohort",
    family=Family.TARGET,
    reads=("cohort_new",),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.18, 0.28, 0.4, 0.55, 0.7, 0.85),
    weight_max=2.0,
    clears_max=0.4,
    unit="share",
    reason="{value} of the accounts that liked this item before were new",
    reason_zh="此前给该条目点赞的账号中 {value} 是新账号",
)
