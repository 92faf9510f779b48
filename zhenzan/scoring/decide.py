"""From score and evidence to count state: the safety rules in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
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

NEW_ACCOUNT_US = 3 * DAY_US
"""Age below which an account is new: it has no past yet that could speak for it."""

ALONE_MARGIN_NATS = 3.0
"""How much surer a like must be that neither a network nor a group speaks against: people whom one
star sends all come for a moment, in a burst (T19), and an eager account likes what others like."""

_DEEDS = [Family.ACCOUNT, Family.BEHAVIOUR]
_COMPANY = [Family.NETWORK, Family.GROUP]
_SCENE = [Family.TARGET, Family.CONTEXT]


def count_states(
    score: NDArray[np.float64],
    nats: NDArray[np.float32],
    settings: Settings,
    *,
    is_new: NDArray[np.bool_],
) -> NDArray[np.int8]:
    """Decide the count state of each like, at the scores that the settings name."""
    return states_at(
        score,
        nats,
        held_min=settings.held_score_min,
        excluded_min=settings.excluded_score_min,
        is_new=is_new,
    )


def states_at(
    score: NDArray[np.float64],
    nats: NDArray[np.float32],
    *,
    held_min: float | NDArray[np.float64],
    excluded_min: float | NDArray[np.float64],
    is_new: NDArray[np.bool_],
) -> NDArray[np.int8]:
    """Decide the count state of each like at the given scores.

    A like is excluded only if its score says so *and* two families speak that do not say the
    same thing (rule 1): what the account is or did beside any other, or a group beside a network
    that is more than a shared place, unless what the account is and did speaks for it. A group in
    one place is a dormitory or a school class; a network with a burst is a dormitory in which
    something goes viral (T18); a group with a burst is a fan club or a page network (it always
    makes one); a burst from an odd channel is a hit carried by another platform (T19): these are
    held, not excluded.

    A new account has done little yet, so what it did not do says nothing (rule 3): its like is
    excluded only if the account itself or the network speaks as well. People who come through one
    advertisement like the same few items in one order.

    Pupils of one class like what lies on every desk at the same hour, quickly: where a group and a
    shared place speak and the account does not, its behaviour must speak as loudly as machines do.

    Parameters
    ----------
    nats
        Evidence by family of the like itself, shape (likes, families); what its company adds
        to the score is no family of its own.
    held_min, excluded_min
        Lowest scores at which a like is held and excluded: one for all, or one per like.
    is_new
        True where the account is known to be younger than `NEW_ACCOUNT_US`.
    """
    speaks = nats >= SUPPORT_MIN
    deeds, company, scene = (speaks[:, family].sum(axis=1) for family in (_DEEDS, _COMPANY, _SCENE))
    did = nats[:, _DEEDS].sum(axis=1)
    on_balance = did >= DEEDS_MIN
    machines = (
        speaks[:, Family.GROUP] & (nats[:, Family.NETWORK] >= STRONG_MIN) & (did > -DEEDS_MIN)
    )
    enough = ((deeds >= 1) & on_balance & (deeds + company + scene >= 2)) | machines
    itself = speaks[:, [Family.ACCOUNT, Family.NETWORK]].any(axis=1)
    enough &= itself | ~is_new
    in_one_place = speaks[:, Family.GROUP] & speaks[:, Family.NETWORK] & ~machines
    quiet = ~speaks[:, Family.ACCOUNT] & (did < STRONG_MIN)
    enough &= ~(in_one_place & quiet)
    # Without its loudest family the evidence must not speak for the like.
    enough &= nats.sum(axis=1) >= nats.max(axis=1)
    states = np.full(len(score), CountState.COUNTED, np.int8)
    states[score >= held_min] = CountState.HELD
    least = np.where(company > 0, excluded_min, _surer(excluded_min))
    states[(score >= least) & enough] = CountState.EXCLUDED
    return states


def new_accounts(ts: NDArray[np.int64], registered_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say whose account was new at the time of the like; an unknown age, -1, is not new."""
    return (registered_us >= 0) & (ts - registered_us < NEW_ACCOUNT_US)


def _surer(least: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    # A threshold above 1 stays out of reach.
    kept = np.minimum(least, 1.0)
    surer = kept / (kept + (1.0 - kept) * np.exp(-ALONE_MARGIN_NATS))
    return np.asarray(np.maximum(surer, least))
