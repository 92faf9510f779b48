"""Gathers, for the likes of a batch, every array that detectors may read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.detectors.registry import all_detectors
from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.events.batch import Forgotten, LogBatch
from zhenzan.events.encode import IDLE_US
from zhenzan.events.schema import Kind
from zhenzan.features.library import FEATURES
from zhenzan.groups.watch import GroupWatch
from zhenzan.scoring.decide import NEW_ACCOUNT_US
from zhenzan.scoring.repeats import READ, Repeats
from zhenzan.traces import AccountTrace, CohortTrace, CoLikeTrace

_THREADS_MAX = 4
_HISTORY_EVENTS_MIN = 10
_MISMATCH_SHARE = 0.1
_COHORTS = (
    "cohort_new",
    "cohort_unviewed",
    "cohort_mismatched",
    "cohort_untraced",
    "cohort_single_purpose",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A batch with the windows and traces of its likes, and the rows of returning buyers."""

    batch: LogBatch
    likes: dict[str, NDArray[Any]]
    repurchase: NDArray[np.bool_]


class SignalSource:
    """Window features, traces and columns of each like, as the log is read.

    Parameters
    ----------
    also
        Window features to measure beside those that the detectors read.
    settles
        False where no settled answer will be asked for: nothing is kept for a later review, and
        no group is raised.
    threads
        How many groups of features are worked on at a time; None for as many as the machine has.
    """

    def __init__(
        self,
        also: frozenset[str] = frozenset(),
        *,
        settles: bool = True,
        threads: int | None = None,
    ) -> None:
        wanted = {name for detector in all_detectors() for name in detector.reads}
        wanted |= _SELF_READ | READ | also
        self.features = tuple(f for f in FEATURES if f.name in wanted)
        threads = threads or min(os.cpu_count() or 1, _THREADS_MAX)
        self.engine = EmbeddedEngine(self.features, threads=threads)
        assert self.engine.plan.window_max_us < IDLE_US, "a window must not outlast the codes"
        self.watch = GroupWatch(colikes=CoLikeTrace(reviews=settles), raises=settles)
        self._accounts = AccountTrace()
        self._repeats = Repeats()
        self._cohorts = CohortTrace(len(_COHORTS))

    def update(
        self, batch: LogBatch, *, created_us: NDArray[np.int64]
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """Take in a batch; return the arrays of its likes and the purchases of returning buyers.

        Parameters
        ----------
        created_us
            For each account code, when the account was created; -1 where no table says.
        """
        step = self.measure(batch)
        return self.complete(step, created_us=created_us), step.repurchase

    def measure(self, batch: LogBatch) -> Step:
        """Take a batch into the windows and into what accounts leave behind.

        The first half of ``update``: the next batch may be measured while ``complete`` is at work
        on this one, since they share no state.
        """
        if batch.forgotten is not None:
            self.forget(batch.forgotten)
        is_like = batch.kind == Kind.LIKE
        emitted = is_like | (batch.kind == Kind.REGISTER) | (batch.kind == Kind.PURCHASE)
        features = self.engine.compute(batch, emit=emitted)
        answered = np.flatnonzero(is_like[emitted])
        likes: dict[str, NDArray[Any]] = {
            name: column.take(answered) for name, column in features.items()
        }
        together = np.zeros(len(batch))
        together[emitted] = np.maximum(
            features["block_registers_1h"], features["device_registers_24h"]
        )
        likes.update(self._accounts.update(batch, registered_together=together, emit=is_like))
        again = np.zeros(len(batch), np.bool_)
        again[emitted] = features["account_merchant_purchases"] >= 2
        return Step(batch, likes, again & (batch.kind == Kind.PURCHASE))

    def complete(self, step: Step, *, created_us: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Add to a batch that was measured what likes say of each other; see ``update``."""
        batch, likes = step.batch, dict(step.likes)
        is_like = batch.kind == Kind.LIKE
        liked = np.flatnonzero(is_like)
        for name in ("ts", "account", "item", "merchant", "category", "channel", "device", "block"):
            likes[name] = getattr(batch, name).take(liked)
        likes["campaign"] = batch.campaign.take(liked) >= 0
        likes.update(self.watch.update(likes))
        likes["network_class"] = batch.network_class.take(liked)
        missing = [getattr(batch, name).take(liked) < 0 for name in ("device", "ip", "session")]
        likes["missing_fields"] = np.sum(missing, axis=0)
        likes["account_age_days"] = _age_days(likes, created_us)
        likes["registered_us"] = _registered_us(likes)
        likes.update(self._repeats.update(batch, likes, is_like=is_like))
        cohorts = self._cohorts.update(likes["ts"], likes["item"], _traits(likes))
        likes.update({name: cohorts[:, column] for column, name in enumerate(_COHORTS)})
        return likes

    def forget(self, forgotten: Forgotten) -> None:
        """Forget the codes that were given back, and pairs that no window sees any more."""
        freed = self.engine.expire(forgotten.before_us, columns=forgotten.codes)
        for column, codes in freed.items():
            assert np.array_equal(codes, forgotten.codes[column]), "one rule says what is idle"


_SELF_READ = {
    "block_registers_1h",
    "device_registers_24h",
    "account_since_register",
    "account_item_views_24h",
    "account_category_events_7d",
    "account_events_7d",
    "account_likes_7d",
    "account_merchant_purchases",
}


def _age_days(likes: dict[str, NDArray[Any]], created_us: NDArray[np.int64]) -> NDArray[Any]:
    since = likes["account_since_register"].astype(np.float64)
    created = created_us[likes["account"]] if len(created_us) else np.full(len(since), -1)
    from_table = np.where(created > 0, likes["ts"] - created, -1)
    age = np.where(since >= 0, since, from_table)
    return np.where(age >= 0, age / DAY_US, np.nan)


def _registered_us(likes: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Say when the account of each like was made; -1 unknown."""
    age = likes["account_age_days"]
    known = ~np.isnan(age)
    made = likes["ts"] - (np.where(known, age, 0.0) * DAY_US).astype(np.int64)
    return np.where(known, made, -1)


def _traits(likes: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """What the cohort of an item's likers is averaged over; 0 or 1, NaN where unknown."""
    age = likes["account_age_days"]
    events = likes["account_events_7d"]
    in_category = likes["account_category_events_7d"] / np.maximum(events, 1)
    mismatch = np.where(
        (events >= _HISTORY_EVENTS_MIN) & (likes["category"] >= 0),
        in_category < _MISMATCH_SHARE,
        np.nan,
    )
    return np.stack(
        [
            np.where(np.isnan(age), np.nan, age < NEW_ACCOUNT_US / DAY_US),
            (likes["account_item_views_24h"] <= 0).astype(np.float64),
            mismatch,
            (likes["missing_fields"] >= 2).astype(np.float64),
            (likes["account_likes_7d"] >= events).astype(np.float64),
        ],
        axis=1,
    )
