"""An account leaves texts that many accounts have left before.

Assumption: people word a comment or a share anew; a farm pastes what it was given, and a shared
link comes with the call to like it (S3-01). Texts under 8 characters are left out: everybody
writes "nice". Who wrote first is not meant (design.md, rule 10).

Known false positives: a share text that the app itself fills in, slogans, chains that fans pass
on.

Cost: the texts of 7 d with up to 24 accounts each.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Count the accounts that had left the same text before within 7 d; NaN without texts."""
    return known(likes["shared_texts"])


DETECTOR = Detector(
    code="CTX008",
    name="identical_texts",
    family=Family.CONTEXT,
    reads=("shared_texts",),
    measure=measure,
    edges=(1, 2, 3, 5, 8, 12, 18, 24),
    weight_max=2.0,
    clears_max=0.3,
    reason="{value} other accounts left the same text before this account did, in 7 d",
    reason_zh="7 天内在该账号之前已有 {value} 个其他账号发布过相同文字",
)
