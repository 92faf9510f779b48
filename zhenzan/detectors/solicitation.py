"""An account asks for likes or offers them.

Assumption: whoever trades in likes says so somewhere: mutual likes, likes for a red packet, likes
for sale (S3-01, S3-11, S0-05). The words are in ``events/lexicon/solicitation.txt``.

Known false positives: people who quote such words to complain, or who ask about an advertisement.

Cost: three times per account.
"""

from __future__ import annotations

from zhenzan.detectors.interface import F64, Detector, Family, Likes, known


def measure(likes: Likes) -> F64:
    """Return 1 if a text of the account in 7 d asks for likes, 0 if none does, NaN without."""
    return known(likes["solicited"])


DETECTOR = Detector(
    code="CTX009",
    name="solicitation",
    family=Family.CONTEXT,
    reads=("solicited",),
    measure=measure,
    edges=(0.5,),
    weight_max=2.0,
    clears_max=0.1,
    unit="flag",
    reason="this account asked for likes or offered them in a text within 7 d",
    reason_zh="该账号 7 天内曾发文求赞或提供点赞",
)
