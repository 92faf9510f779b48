"""An account likes outside everything else that it looks at.

Assumption: a like continues an interest: gamers rarely turn up in crowds for fresh food (S1-09,
S1-13).

Known false positives: new interests, gifts, seasonal needs; one such like is normal, hence the
middling weight.

Cost: two counts per account and (account, category), 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_EVENTS_MIN = 10  # a short history has no interests yet (T17)


def measure(likes: Likes) -> F64:
    """Return the share of the category in the account's other interactions of 7 d, from 10 on."""
    events = known(likes["account_events_7d"]) - 1.0
    same = np.maximum(known(likes["account_category_events_7d"]) - 1.0, 0.0)
    return np.where(events >= _EVENTS_MIN, same / np.maximum(events, 1.0), np.nan)


DETECTOR = Detector(
    code="CTX001",
    name="category_mismatch",
    family=Family.CONTEXT,
    reads=("account_events_7d", "account_category_events_7d"),
    measure=measure,
    edges=(0.005, 0.02, 0.05, 0.1, 0.17, 0.28, 0.42, 0.6, 0.8),
    suspicious="low",
    segment="category",
    weight_max=1.3,
    clears_max=0.8,
    unit="share",
    reason="{value} of this account's other interactions in 7 d are in this category",
    reason_zh="该账号 7 天内的其他互动中 {value} 属于该类目",
)
