"""An account knows only a few kinds of interaction.

Assumption: using a platform takes many kinds of action over a week; a template plays back two or
three (S0-04, S3-12).

Known false positives: newcomers, readers who only watch and like, logs with few kinds.

Cost: one distinct count per account, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_EVENTS_MIN = 8  # a handful of interactions cannot show many kinds (T17)


def measure(likes: Likes) -> F64:
    """Count the kinds of interaction of the account within 7 d."""
    kinds = known(likes["account_kinds_7d"])
    return np.where(known(likes["account_events_7d"]) >= _EVENTS_MIN, kinds, np.nan)


DETECTOR = Detector(
    code="ACC003",
    name="few_kinds",
    family=Family.ACCOUNT,
    reads=("account_kinds_7d", "account_events_7d"),
    measure=measure,
    edges=(2, 3, 4, 5, 6, 7),
    suspicious="low",
    weight_max=1.5,
    clears_max=0.7,
    reason="{value} kinds of interaction by this account in 7 d",
    reason_zh="该账号 7 天内只有 {value} 种互动行为",
)
