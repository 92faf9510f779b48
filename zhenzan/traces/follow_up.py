"""What an account did after its like: on the item, on the shop, and at all.

The delayed outcome of S1-10 and S1-14. Only the settled answer may read it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.events.batch import Batch
from zhenzan.events.schema import Kind

_VIEW = int(Kind.VIEW)
_LIKE = int(Kind.LIKE)
_UNLIKE = int(Kind.UNLIKE)
_FAVORITE = int(Kind.FAVORITE)
_CART = int(Kind.CART)
_PURCHASE = int(Kind.PURCHASE)
_REFUND = int(Kind.REFUND)
_COMMENT = int(Kind.COMMENT)
_SHARE = int(Kind.SHARE)
_FOLLOW = int(Kind.FOLLOW)

WITHDRAWN = 1 << _UNLIKE
ENGAGED = (1 << _FAVORITE) | (1 << _CART) | (1 << _PURCHASE) | (1 << _COMMENT) | (1 << _SHARE)
FOLLOWED = 1 << _FOLLOW

_CHAIN_MAX = 256
_MOMENT_US = 2_000_000
_DEEPER = np.int32(ENGAGED | FOLLOWED)


class FollowUpTrace:
    """Link every like to what its account did within the follow-up window.

    Feed batches in time order with ``update``; it answers for the likes whose window has closed.
    ``close`` answers for the rest when the log ends. An interaction is linked to the newest 256
    likes of its account at most, so that one hyperactive account costs no more than linear
    time. Per like: ``outcomes`` (int32, bit k set when the account did kind k to the item, or
    follow to its merchant, after the like), ``together`` (int32, the same actions within 2 s of
    the like, before or after) and ``next_ms`` (int64, time to the account's next interaction, -1 if
    none).

    State: 36 bytes per like of the last window and 16 per active (account, item).
    """

    def __init__(self, window_us: int) -> None:
        self._window_us = window_us
        self._pending: dict[str, NDArray[np.generic]] = _no_likes()

    def update(self, batch: Batch) -> dict[str, NDArray[np.int64]]:
        """Take in a batch; return the answers that are fixed now, in the order of the likes."""
        likes = (batch.kind == _LIKE) & ~batch.late
        fresh = {
            "ts": batch.ts[likes],
            "account": batch.account[likes],
            "item": batch.item[likes],
            "merchant": batch.merchant[likes],
            "outcomes": np.zeros(likes.sum(), np.int32),
            "together": np.zeros(likes.sum(), np.int32),
            "next_ms": np.full(likes.sum(), -1, np.int64),
        }
        self._pending = {name: np.concatenate([self._pending[name], fresh[name]]) for name in fresh}
        pending = self._pending
        accounts = int(max(batch.account.max(initial=-1), pending["account"].max(initial=-1))) + 1
        _link(
            batch.ts, batch.kind, batch.account, batch.item, batch.merchant,
            pending["ts"], pending["account"], pending["item"], pending["merchant"],
            pending["outcomes"], pending["together"], pending["next_ms"],
            np.full(accounts, -1, np.int64), np.full(len(pending["ts"]), -1, np.int64),
            self._window_us,
        )  # fmt: skip
        closed = int(np.searchsorted(pending["ts"], batch.ts[-1] - self._window_us, side="left"))
        answers = self._take(closed if len(batch) else 0)
        return answers

    def close(self) -> dict[str, NDArray[np.int64]]:
        """Return the answers for the likes that still wait."""
        return self._take(len(self._pending["ts"]))

    def _take(self, count: int) -> dict[str, NDArray[np.int64]]:
        answers = {
            name: self._pending[name][:count].astype(np.int64)
            for name in ("outcomes", "together", "next_ms")
        }
        self._pending = {name: values[count:] for name, values in self._pending.items()}
        return answers


def _no_likes() -> dict[str, NDArray[np.generic]]:
    return {
        "ts": np.zeros(0, np.int64),
        "account": np.zeros(0, np.int32),
        "item": np.zeros(0, np.int32),
        "merchant": np.zeros(0, np.int32),
        "outcomes": np.zeros(0, np.int32),
        "together": np.zeros(0, np.int32),
        "next_ms": np.zeros(0, np.int64),
    }


@njit(cache=True, nogil=True)
def _link(
    ts, kind, account, item, merchant, like_ts, like_account, like_item, like_merchant,
    outcomes, together, next_ms, newest, older, window_us,
):  # fmt: skip
    # Chain the waiting likes of each account, newest first; the chains are short.
    for like in range(len(like_ts)):
        if like_account[like] >= 0:
            older[like] = newest[like_account[like]]
            newest[like_account[like]] = like
    for row in range(len(ts)):
        if account[row] < 0:
            continue
        like = newest[account[row]]
        steps = 0
        while like >= 0 and steps < _CHAIN_MAX and ts[row] - like_ts[like] <= window_us:
            steps += 1
            same_item = item[row] >= 0 and item[row] == like_item[like]
            same_shop = (
                kind[row] == _FOLLOW and merchant[row] >= 0 and merchant[row] == like_merchant[like]
            )
            action = np.int32(1) << kind[row] if same_item or same_shop else np.int32(0)
            if abs(ts[row] - like_ts[like]) <= _MOMENT_US:
                together[like] |= action & _DEEPER
            if ts[row] > like_ts[like]:
                if next_ms[like] < 0:
                    next_ms[like] = (ts[row] - like_ts[like]) // 1000
                outcomes[like] |= action
            like = older[like]


__all__ = ["ENGAGED", "FOLLOWED", "WITHDRAWN", "FollowUpTrace"]
