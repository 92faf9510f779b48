"""A like comes as soon as the session begins.

Assumption: people arrive, look around and then like; a task starts with its target (S0-05, S0-13,
S1-17).

Known false positives: visits that start from a shared link or a notification; session ids that
change too often.

Cost: one time kept per session.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known

_US_PER_S = 1e6


def measure(likes: Likes) -> F64:
    """Return seconds from the session's first interaction to the like."""
    return known(likes["session_age_seen"]) / _US_PER_S


DETECTOR = Detector(
    code="BEH014",
    name="instant_like",
    family=Family.BEHAVIOUR,
    reads=("session_age_seen",),
    measure=measure,
    edges=(0.5, 2, 5, 12, 30, 75, 180, 600, 1800),
    suspicious="low",
    weight_max=1.5,
    clears_max=0.6,
    unit="seconds",
    timed=True,
    reason="the like came {value} after the session began",
    reason_zh="会话开始 {value} 后即点赞",
)
