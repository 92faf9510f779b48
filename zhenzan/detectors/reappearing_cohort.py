"""The same likers turn up on the items of unrelated shops.

Assumption: a vendor re-uses its accounts for all its customers (S2-03, S2-22); audiences of
unrelated shops overlap as much as their sizes explain.

Known false positives: a niche with few people and many shops, a feed that shows the same items to
the same people.

Cost: one pass over the log's like graph.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes


def measure(likes: Likes) -> F64:
    """Return the surprise at the likers shared by this item and the account's others."""
    return np.asarray(likes["cohort_lift"], dtype=np.float64)


DETECTOR = Detector(
    code="GRP003",
    name="reappearing_cohort",
    family=Family.GROUP,
    reads=("cohort_lift",),
    measure=measure,
    edges=(0.3, 0.7, 1.2, 2, 3, 4.5, 6.5, 9, 13),
    settled=True,
    weight_max=4.0,
    clears_max=0.4,
    unit="nats",
    reason="this item's likers reappear on the account's other liked items, surprise {value}",
    reason_zh="该内容的点赞者在该账号点赞的其他内容中反复出现，意外程度为 {value}",
)
