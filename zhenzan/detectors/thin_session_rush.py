"""A rush through one channel consists of visits that do nothing else.

Assumption: a link in a group or on a task site brings many at once, who like and go (S1-17, S3-01,
S3-11). A visit with other views is 0.

Known false positives: a link shared by a friend or a star: the visit is thin and the wish is real,
hence the small weight (T19).

Cost: one count per (item, channel), one per item, two per session.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_HOURS = 24.0
_EVENTS_MAX = 3  # open, look, like
_VIEWS_MAX = 1


def measure(likes: Likes) -> F64:
    """Return likes of 1 h through this channel over the hourly rate; 0 for a full visit."""
    usual = known(likes["item_likes_24h"]) / _HOURS + 1.0
    rush = known(likes["item_channel_likes_1h"]) / usual
    thin = (known(likes["session_events_1h"]) <= _EVENTS_MAX) & (
        known(likes["session_views_1h"]) <= _VIEWS_MAX
    )
    rush = np.where(thin, rush, 0.0 * rush)
    return np.where(known(likes["session_events_1h"]) > 0, rush, np.nan)


DETECTOR = Detector(
    code="CTX005",
    name="thin_session_rush",
    family=Family.CONTEXT,
    reads=("item_likes_24h", "item_channel_likes_1h", "session_events_1h", "session_views_1h"),
    measure=measure,
    edges=(0.3, 0.6, 1.2, 2, 3.5, 6, 10, 16),
    weight_max=1.0,
    clears_max=0.15,
    unit="ratio",
    timed=True,
    reason="a visit with nothing else, in a rush of {value} times the usual rate within 1 h",
    reason_zh="本次访问没有其他行为，且 1 小时内来自该渠道的点赞是平时的 {value} 倍",
)
