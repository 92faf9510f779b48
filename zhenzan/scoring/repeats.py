"""What a like repeats of others: their routine, their walk, their dates, their words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import DAY_US
from zhenzan.events.batch import LogBatch
from zhenzan.traces.company import CompanyTrace
from zhenzan.traces.habit import HabitTrace
from zhenzan.traces.likeness import LikenessTrace
from zhenzan.traces.texts import TextTrace
from zhenzan.traces.walk import WalkTrace

READ = frozenset({"account_item_dwell_24h", "account_events_7d", "account_age_seen"})
"""The features that are read here."""

_MEASURES = ("dwell_likeness", "delay_likeness", "activity_likeness")
_OLD_DAYS = 3.0
_SEEN_DAYS = 1.0
_DELAY_FLOOR_S = 0.05

Arrays = dict[str, NDArray[Any]]


class Repeats:
    """Gather the signals about likes that resemble other likes, as the log is read."""

    def __init__(self) -> None:
        self._habits = HabitTrace()
        self._likeness = LikenessTrace(len(_MEASURES))
        self._walks = WalkTrace()
        self._company = CompanyTrace()
        self._texts = TextTrace()

    def update(self, batch: LogBatch, likes: Arrays, *, is_like: NDArray[np.bool_]) -> Arrays:
        """Take in a batch; return one array per signal, aligned with the likes.

        Parameters
        ----------
        likes
            Features and columns of the likes of the batch, ``account_age_days`` among them.
        """
        found: Arrays = dict(self._habits.update(batch, emit=is_like))
        measures = _measures(likes, found["view_to_like_s"])
        distances = self._likeness.update(likes["ts"], likes["item"], measures)
        found.update({name: distances[:, column] for column, name in enumerate(_MEASURES)})
        found["shared_walk"] = self._walks.update(batch, emit=is_like)
        age_us = likes["account_age_days"] * DAY_US
        born_us = np.where(np.isnan(age_us), -1, likes["ts"] - np.nan_to_num(age_us))
        found.update(
            self._company.update(
                likes["ts"],
                likes["item"],
                likes["account"],
                born_us=born_us.astype(np.int64),
                region=batch.region[is_like],
            )
        )
        found.update(self._texts.update(batch, solicits=batch.solicits, emit=is_like))
        return found


def _measures(likes: Arrays, delay_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the logarithms in which likes of one item are compared; NaN where unknown.

    An account that is new has done little, and newcomers are alike in that without a fault of
    theirs (T17): they are not compared in how active they are.
    """
    dwell_ms = np.maximum(likes["account_item_dwell_24h"].astype(np.float64), 0.0)
    events = np.maximum(likes["account_events_7d"].astype(np.float64), 0.0)
    age = likes["account_age_days"]
    seen_days = likes["account_age_seen"] / DAY_US
    is_old = np.where(np.isnan(age), seen_days >= _SEEN_DAYS, age >= _OLD_DAYS)
    return np.stack(
        [
            np.where(dwell_ms > 0, np.log(np.maximum(dwell_ms, 1.0)), np.nan),
            np.log(delay_s + _DELAY_FLOOR_S),
            np.where(is_old, np.log1p(events), np.nan),
        ],
        axis=1,
    )
