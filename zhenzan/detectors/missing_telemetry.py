"""A like comes without device, address or session.

Assumption: likes written through an interface carry less than the app sends (S3-13). Missing is
not guilty, so the weight is small and only what is unusual in this log counts (T17).

Known false positives: privacy settings, old clients, server-side imports, partners that forward
likes.

Cost: none beyond the like itself.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count which of device, address and session the like lacks."""
    return known(likes["missing_fields"])


DETECTOR = Detector(
    code="BEH006",
    name="missing_telemetry",
    family=Family.BEHAVIOUR,
    reads=("missing_fields",),
    measure=measure,
    edges=(1, 2, 3),
    weight_max=1.5,
    clears_max=0.2,
    reason="{value} of device, address and session are missing on this like",
    reason_zh="该点赞缺少设备、地址、会话信息中的 {value} 项",
)
