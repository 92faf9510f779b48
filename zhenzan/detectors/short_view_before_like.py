"""An account looks at the item for a moment only before it likes.

Assumption: a task needs the page open, not read: browse depth is what bought traffic lacks
(S0-13).

Known false positives: people who know the item already, images understood at a glance, clients
that report dwell in steps.

Cost: two numbers per (account, item), 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_MS_PER_S = 1_000.0


def measure(likes: Likes) -> F64:
    """Return seconds that the account dwelt on the item within 24 h; NaN where not known."""
    dwell_ms = known(likes["account_item_dwell_24h"])
    viewed = known(likes["account_item_views_24h"]) > 0
    # A sum of 0 is what a missing dwell time leaves; missing is not guilty (T17).
    return np.where(viewed & (dwell_ms > 0), dwell_ms / _MS_PER_S, np.nan)


DETECTOR = Detector(
    code="BEH002",
    name="short_view_before_like",
    family=Family.BEHAVIOUR,
    reads=("account_item_dwell_24h", "account_item_views_24h"),
    measure=measure,
    edges=(0.5, 1, 2, 3, 4.5, 7, 11, 18, 30, 60, 120),
    suspicious="low",
    segment="category",
    weight_max=2.0,
    clears_max=1.0,
    unit="seconds",
    reason="viewed the item for {value} in the 24 h before the like",
    reason_zh="点赞前 24 小时内浏览该条目的时长为 {value}",
)
