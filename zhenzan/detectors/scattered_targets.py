"""An account touches a different shop each time.

Assumption: interest comes back to the same shops; indiscriminate liking has no such structure
(S1-11).

Known false positives: people who follow a mixed feed of strangers; the first days of an account.

Cost: one distinct count and one count per account, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_EVENTS_MIN = 10  # fewer interactions are scattered by chance


def measure(likes: Likes) -> F64:
    """Return different shops per interaction of the account within 7 d, from 10 interactions on."""
    events = known(likes["account_events_7d"])
    shops = known(likes["account_merchants_7d"])
    return np.where(events >= _EVENTS_MIN, shops / np.maximum(events, 1.0), np.nan)


DETECTOR = Detector(
    code="BEH009",
    name="scattered_targets",
    family=Family.BEHAVIOUR,
    reads=("account_events_7d", "account_merchants_7d"),
    measure=measure,
    edges=(0.05, 0.1, 0.17, 0.25, 0.35, 0.45, 0.55, 0.7, 0.85, 0.95),
    weight_max=1.5,
    clears_max=0.5,
    unit="ratio",
    reason="{value} different shops per interaction of this account in 7 d",
    reason_zh="该账号 7 天内平均每次互动涉及 {value} 家不同店铺",
)
