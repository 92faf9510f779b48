"""What accounts and items carry along that no window expresses.

A trace is a small state per key, updated in event time, that answers one question about a like
as it arrives (``AccountTrace``, ``CohortTrace``, ``CoItemTrace``, ``CoLikeTrace``) or once the
follow-up window has closed (``FollowUpTrace``). Invariants: peers (equal ``ts``) get the same
answer whatever their order; codes carry no information; state is bounded by active keys.
"""

from zhenzan.traces.account import AccountTrace
from zhenzan.traces.co_item import CoItemTrace
from zhenzan.traces.cohort import CohortTrace
from zhenzan.traces.colike import CoLikeTrace
from zhenzan.traces.follow_up import FollowUpTrace

__all__ = ["AccountTrace", "CoItemTrace", "CoLikeTrace", "CohortTrace", "FollowUpTrace"]
