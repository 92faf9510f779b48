"""An account leaves at once after the like.

Assumption: whoever is paid for the like has no reason to stay; the session ends with it (S1-14).

Known false positives: the last like of any honest visit; people who like from a shared link and go
back to their chat.

Cost: one time per like, kept for the follow-up window.
"""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import F64, Detector, Family, Likes

_MS_PER_S = 1_000.0
_NONE_S = 86_400.0  # the follow-up window: nothing came before it closed


def measure(likes: Likes) -> F64:
    """Return seconds to the account's next interaction; a day where none follows."""
    next_s = np.asarray(likes["next_ms"], dtype=np.float64) / _MS_PER_S
    return np.where(next_s < 0, _NONE_S, next_s)


DETECTOR = Detector(
    code="BEH003",
    name="like_and_leave",
    family=Family.BEHAVIOUR,
    reads=("next_ms",),
    measure=measure,
    edges=(2, 8, 30, 120, 600, 1800, 7200, 28800, 86400),
    settled=True,
    weight_max=1.6,
    clears_max=0.8,
    unit="seconds",
    timed=True,
    reason="the account's next interaction came {value} after the like",
    reason_zh="点赞后 {value} 该账号才有下一次互动",
)
