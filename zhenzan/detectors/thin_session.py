"""A like ends a session in which hardly anything else has happened.

Assumption: people look around before they like, within the same visit; a task is open, look,
like (S0-05, S0-13, S1-17). Unlike ``session_of_likes`` it speaks about visits too short to have
a shape.

Known false positives: a visit from a shared link or a notification, session ids that change too
often, the first like of an honest visit.

Cost: one count per session, 1 h kept.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the interactions of the session within 1 h, the like included."""
    return known(likes["session_events_1h"])


DETECTOR = Detector(
    code="BEH015",
    name="thin_session",
    family=Family.BEHAVIOUR,
    reads=("session_events_1h",),
    measure=measure,
    edges=(2, 3, 4, 5, 7, 10, 15, 25, 45),
    suspicious="low",
    weight_max=1.5,
    clears_max=0.8,
    reason="{value} interactions in this session in 1 h up to the like",
    reason_zh="点赞前 1 小时内该会话共有 {value} 次互动（含点赞）",
)
