"""An account does little else than like.

Assumption: people look, search, keep and buy as well; an account made for liking shows the one
action it is paid for (S0-04, S1-11, S1-12).

Known false positives: people who browse signed out and sign in only to like; logs that carry few
other kinds, where everybody looks alike and scoring finds nothing unusual.

Cost: one ratio of two counts per account, 7 d kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_EVENTS_MIN = 5  # below this one like moves the share by more than a fifth


def measure(likes: Likes) -> F64:
    """Return the share of likes among the account's interactions within 7 d."""
    share = np.asarray(likes["account_like_share_7d"], dtype=np.float64)
    return np.where(known(likes["account_events_7d"]) >= _EVENTS_MIN, share, np.nan)


DETECTOR = Detector(
    code="ACC002",
    name="single_purpose",
    family=Family.ACCOUNT,
    reads=("account_like_share_7d", "account_events_7d"),
    measure=measure,
    edges=(0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 0.99),
    weight_max=2.5,
    clears_max=0.8,
    unit="share",
    reason="{value} of this account's interactions in 7 d are likes",
    reason_zh="该账号 7 天内的互动中 {value} 是点赞",
)
