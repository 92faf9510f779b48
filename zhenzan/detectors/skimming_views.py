"""An account leaves every page at once.

Assumption: nurtured accounts view to look human, but do not read; the time on page is what costs
them (S0-13, S3-12).

Known false positives: fast scrollers, image boards, screen readers that open pages in advance.

Cost: one mean and one count per account, 24 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_MS_PER_S = 1_000.0
_VIEWS_MIN = 5  # the mean of a few views is noise


def measure(likes: Likes) -> F64:
    """Return the mean dwell in seconds of the account's views within 24 h, from 5 views on."""
    dwell_ms = known(likes["account_view_dwell_mean_24h"])
    enough = (known(likes["account_views_24h"]) >= _VIEWS_MIN) & (dwell_ms > 0)
    return np.where(enough, dwell_ms / _MS_PER_S, np.nan)


DETECTOR = Detector(
    code="BEH012",
    name="skimming_views",
    family=Family.BEHAVIOUR,
    reads=("account_view_dwell_mean_24h", "account_views_24h"),
    measure=measure,
    edges=(0.5, 1, 2, 3, 5, 8, 13, 22, 40, 80),
    suspicious="low",
    weight_max=1.8,
    clears_max=0.5,
    unit="seconds",
    reason="this account's views in 24 h last {value} on average",
    reason_zh="该账号 24 小时内平均每次浏览 {value}",
)
