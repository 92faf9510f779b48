"""A session consists of likes.

Assumption: a visit made for a task shows the task: open, like, next (S0-05, S0-13).

Known false positives: people who only clear the likes they owe their friends; sessions cut short
by the client.

Cost: two counts per session, 1 h kept.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_EVENTS_MIN = 4  # shorter sessions have no shape


def measure(likes: Likes) -> F64:
    """Return the share of likes in the session within 1 h, from 4 interactions on."""
    events = known(likes["session_events_1h"])
    liked = known(likes["session_likes_1h"])
    return np.where(events >= _EVENTS_MIN, liked / np.maximum(events, 1.0), np.nan)


DETECTOR = Detector(
    code="BEH010",
    name="session_of_likes",
    family=Family.BEHAVIOUR,
    reads=("session_events_1h", "session_likes_1h"),
    measure=measure,
    edges=(0.05, 0.1, 0.2, 0.3, 0.4, 0.49, 0.6, 0.75, 0.9, 0.99),
    weight_max=2.2,
    clears_max=0.7,
    unit="share",
    reason="{value} of the interactions in this session in 1 h are likes",
    reason_zh="该会话 1 小时内的互动中 {value} 是点赞",
)
