"""From score and evidence to count state: the safety rules in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.detectors.interface import Family
from zhenzan.events.state import CountState
from zhenzan.settings import Settings

SUPPORT_MIN = 0.7
"""Evidence for, in nats, from which a family counts as one that speaks (a factor of two)."""

STRONG_MIN = 2.0
"""Evidence of the network from which it is more than a shared place: 300 accounts of one dormitory
behind one address stay below it, machines that take turns on one device do not."""

DEEDS_MIN = 0.5
"""Evidence of what the account is and did, taken together: a thin session of an account with a full
life is the visit of somebody whom an advertisement or a friend's link brought."""

_DEEDS = [Family.ACCOUNT, Family.BEHAVIOUR]
_COMPANY = [Family.NETWORK, Family.GROUP]
_SCENE = [Family.TARGET, Family.CONTEXT]


def count_states(
    score: NDArray[np.float64], nats: NDArray[np.float32], settings: Settings
) -> NDArray[np.int8]:
    """Decide the count state of each like.

    A like is excluded only if its score says so *and* two families speak that do not say the
    same thing (rule 1): what the account is or did beside any other, or a group beside a network
    that is more than a shared place. A group in one place is a dormitory or a school class; a
    network with a burst is a dormitory in which something goes viral (T18); a group with a burst
    is a fan club or a page network (it always makes one); a burst from an odd channel is a hit
    carried by another platform (T19): these are held, not excluded.

    Parameters
    ----------
    nats
        Evidence by family of the like itself, shape (likes, families); what its company adds
        to the score is no family of its own.
    """
    speaks = nats >= SUPPORT_MIN
    deeds, company, scene = (speaks[:, family].sum(axis=1) for family in (_DEEDS, _COMPANY, _SCENE))
    on_balance = nats[:, _DEEDS].sum(axis=1) >= DEEDS_MIN
    machines = speaks[:, Family.GROUP] & (nats[:, Family.NETWORK] >= STRONG_MIN)
    enough = ((deeds >= 1) & on_balance & (deeds + company + scene >= 2)) | machines
    # Without its loudest family the evidence must not speak for the like.
    enough &= nats.sum(axis=1) >= nats.max(axis=1)
    states = np.full(len(score), CountState.COUNTED, np.int8)
    states[score >= settings.held_score_min] = CountState.HELD
    states[(score >= settings.excluded_score_min) & enough] = CountState.EXCLUDED
    return states
