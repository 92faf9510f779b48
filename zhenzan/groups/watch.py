"""Watches a stream and raises a group soon after it becomes significant.

The near-real-time form of `zhenzan.groups.find`. It stands on the ledgers that scoring keeps
anyway (pairs of accounts that meet again, items that share likers) and tests what they mark by
the same null. Time is cut into steps of event time; a step is judged when the first like after it
arrives, from what was known then, so that the cut of batches changes nothing.

A group that is raised opens a look. It has no kind yet, and no like is judged by it until the
settled answer or the audit has found it.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import HOUR_US, MINUTE_US
from zhenzan.groups.core import distinct, find_core, numbered
from zhenzan.groups.identity import linked
from zhenzan.groups.marks import Marks
from zhenzan.groups.null import chernoff_nats, log_choices
from zhenzan.groups.schema import Groups
from zhenzan.groups.traffic import Traffic
from zhenzan.traces import CoItemTrace, CoLikeTrace

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]
Signals = dict[str, F64]

COLUMNS = ("ts", "account", "item", "merchant", "category")

PARTNERS_MIN = 2
"""Accounts, or tied items, from which a like is marked for judgement."""

LED_MAX = 0.8
"""Above this share an account was nearly always first: followed, not a member (rule 10)."""

MEMBERS_MIN = 4
"""Smallest group that is raised: three that meet again may share a flat."""

SAME_MEMBERS_MIN = 0.5
"""Part of the smaller group's members that makes a new finding the same group, grown."""

RAISED = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("raised_us", pa.int64(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("items", pa.int64(), nullable=False),
        pa.field("likes", pa.int64(), nullable=False),
        pa.field("first_us", pa.int64(), nullable=False),
        pa.field("last_us", pa.int64(), nullable=False),
        pa.field("log10_p", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Limits of the watch.

    ``step_us`` is the time between judgements, ``reach_us`` how far back marked likes count, and
    ``marks_max`` how many of them are held at most: above it the reach shortens.
    ``false_raises_max`` bounds the expected number of groups raised by chance over the stream.
    """

    step_us: int = 5 * MINUTE_US
    reach_us: int = 12 * HOUR_US
    marks_max: int = 500_000
    false_raises_max: float = 0.01


@dataclass(frozen=True, slots=True)
class Raised:
    """A group with the time at which it was raised; codes as in the likes.

    ``likes`` are those of members on targets among each member's latest, ``first_us`` and
    ``last_us`` the times of the marked ones. ``log10_p`` bounds the chance that any set of as
    many accounts and items agrees as much.
    """

    group_id: str
    raised_us: int
    accounts: I32
    items: I32
    likes: int
    first_us: int
    last_us: int
    log10_p: float


class GroupWatch:
    """Feed the ledgers of a stream, and raise the groups that stand out in them.

    State beside the ledgers: 17 bytes a marked like of the last hours, 9 bytes an item, and the
    groups raised so far. With ``raises=False`` it feeds the ledgers and raises nothing.
    """

    def __init__(
        self,
        *,
        colikes: CoLikeTrace | None = None,
        co_items: CoItemTrace | None = None,
        options: WatchOptions | None = None,
        raises: bool = True,
    ) -> None:
        self.colikes = colikes or CoLikeTrace()
        self.co_items = co_items or CoItemTrace()
        self.options = options or WatchOptions()
        self.raised: list[Raised] = []
        self._raises = raises
        self._groups_of: dict[int, set[int]] = {}
        self._marks = Marks()
        self._traffic = Traffic()
        self._step = -1
        self._tests = 0

    def update(self, likes: Mapping[str, NDArray[Any]]) -> Signals:
        """Take in likes in time order; give the signals of both ledgers for each.

        Parameters
        ----------
        likes
            The columns of `COLUMNS`, of which no tick is split between two calls.
        """
        columns = tuple(likes[name] for name in COLUMNS)
        ts, account, item, merchant, _ = columns
        signals = self.colikes.update(ts, item, account, merchant)
        if not self._raises:
            return signals | self.co_items.update(*columns)
        told = (account >= 0) & (item >= 0)
        together = (signals["partners"] >= PARTNERS_MIN) & (signals["led_share"] <= LED_MAX)
        # The ledger of items is fed step by step: a step is judged by what it knew at its end.
        parts = [
            self._take(tuple(column[part] for column in columns), told[part], together[part])
            for part in self._steps(ts)
        ]
        return signals | {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def close(self) -> list[Raised]:
        """Judge the last step, which no later like has closed; give all groups raised."""
        if self._step >= 0:
            self._judge((self._step + 1) * self.options.step_us)
        return self.raised

    def table(self) -> pa.Table:
        """Give the groups raised so far, in the order in which they were, as `RAISED`."""
        rows = [
            {
                **{name: getattr(one, name) for name in RAISED.names if hasattr(one, name)},
                "size": len(one.accounts),
                "items": len(one.items),
            }
            for one in self.raised
        ]
        return pa.Table.from_pylist(rows, schema=RAISED)

    def _steps(self, ts: I64) -> list[slice]:
        # A late like belongs to the step in which it arrives.
        step = np.maximum(np.maximum.accumulate(ts) // self.options.step_us, self._step)
        bounds = [0, *(np.flatnonzero(np.diff(step)) + 1).tolist(), len(ts)]
        return [slice(low, high) for low, high in itertools.pairwise(bounds)]

    def _take(self, columns: tuple[NDArray[Any], ...], told: Bools, together: Bools) -> Signals:
        """Take in the likes of one step, and judge the step before it."""
        ts, account, item, _, _ = columns
        if len(ts):
            step = max(int(ts.max()) // self.options.step_us, self._step)
            if 0 <= self._step < step:
                self._judge((self._step + 1) * self.options.step_us)
            self._step = step
        signals = self.co_items.update(*columns)
        marked = told & (together | (signals["reappearing_items"] >= PARTNERS_MIN))
        self._traffic.add(self._step * self.options.step_us, item[told])
        self._marks.add(ts[marked], account[marked], item[marked])
        return signals

    def _judge(self, now_us: int) -> None:
        """Judge the cohorts of the items that were marked in the step that ends now."""
        since_us = now_us - self.options.reach_us
        self._traffic.forget(since_us)
        cohorts = self._marks.grown_cohorts(since_us, least=MEMBERS_MIN)
        # In an order that comes from content, since what is raised first takes in what follows.
        for item, ts, account in sorted(cohorts, key=lambda c: (int(c[1][0]), len(c[1]))):
            self._test(now_us, distinct(account), item, ts)
        self._marks.bound(since_us, self.options.marks_max)

    def _test(self, now_us: int, cohort: I32, item: int, ts: I64) -> None:
        """Raise the cohort of an item if chance does not explain what else it likes together.

        The null is that of `zhenzan.groups.null`: likes meet at random, each account with its
        number of likes and each item with its popularity, the present one where that is higher.
        Test number j spends 6 / (pi j)^2 of the bound on false raises, so that all tests together
        spend it once, however long the stream.
        """
        if len(cohort) < MEMBERS_MIN:
            return
        items, who, place = numbered(self.co_items.latest(cohort))
        degree = np.bincount(who, minlength=len(cohort))
        rate = self._rates(items, np.bincount(place))
        member, target = find_core(who, place, rate, degree)
        if member.sum() < MEMBERS_MIN or not target[np.searchsorted(items, item)]:
            return
        inside = member[who] & target[place]
        count = int(inside.sum())
        free = int(degree[member].sum()) - count + int(member.sum())
        expected = free * rate[target].sum()
        nats = float(chernoff_nats(np.asarray(float(count)), np.asarray(expected)))
        nats -= float(log_choices(self.co_items.accounts_count, np.asarray(float(member.sum()))))
        nats -= float(log_choices(self._traffic.items_count, np.asarray(float(target.sum()))))
        self._tests += 1
        share = 6.0 / (np.pi * self._tests) ** 2
        if nats >= -np.log(self.options.false_raises_max * share):
            # Rounded, so that the order in which floats are summed does not show.
            log10_p = round(-nats / float(np.log(10.0)), 6)
            self._raise(
                Raised(
                    _name(ts), now_us, cohort[member], items[target].astype(np.int32), count,
                    int(ts.min()), int(ts.max()), log10_p,
                )
            )  # fmt: skip

    def _rates(self, items: I32, own: I64) -> F64:
        """Give the chance that one like falls on each item, the likes of the cohort left out."""
        ever = (self.co_items.likers(items) - own + 0.5) / max(self.co_items.likes_count, 1)
        now = (self._traffic.likes(items) - own + 0.5) / max(self._traffic.total, 1)
        return np.asarray(np.maximum(np.maximum(ever, now), 0.5 / self.co_items.likes_count))

    def _raise(self, group: Raised) -> None:
        """Add a group, or let the latest one grow that shares half of the members and a target."""
        members = group.accounts.tolist()
        shared = Counter(place for one in members for place in self._groups_of.get(one, ()))
        for place in sorted(shared, reverse=True):
            known = self.raised[place]
            least = min(len(known.accounts), len(members))
            if shared[place] < SAME_MEMBERS_MIN * least:
                continue
            if np.isin(group.items, known.items).any():
                self.raised[place] = _grown(known, group)
                break
        else:
            place = len(self.raised)
            self.raised.append(group)
        for one in members:
            self._groups_of.setdefault(one, set()).add(place)


def raised_of(found: Groups, raised: Sequence[Raised]) -> dict[str, int]:
    """Give the groups that were found later the time at which the watch raised each, if it did.

    A found group was raised when the rule of `zhenzan.groups.identity` links the two; the
    earliest counts. Codes must mean the same in both.
    """
    names = [str(place) for place in range(len(raised))]
    before = tuple(
        pa.table(
            {
                "group_id": pa.array(
                    [name for name, part in zip(names, codes, strict=True) for _ in part],
                    pa.string(),
                ),
                key: pa.array(np.concatenate([np.zeros(0, np.int32), *codes]), pa.int32()),
            }
        )
        for key, codes in (
            ("account", [one.accounts for one in raised]), ("item", [one.items for one in raised]),
        )
    )  # fmt: skip
    times: dict[str, int] = {}
    for new, old in linked((before[0], before[1]), (found.members, found.targets)):
        times[new] = min(times.get(new, raised[int(old)].raised_us), raised[int(old)].raised_us)
    return times


def _grown(known: Raised, group: Raised) -> Raised:
    """Take a later finding into a group that was raised before."""
    return replace(
        known,
        accounts=np.union1d(known.accounts, group.accounts),
        items=np.union1d(known.items, group.items),
        likes=max(known.likes, group.likes),
        last_us=max(known.last_us, group.last_us),
        log10_p=min(known.log10_p, group.log10_p),
    )


def _name(ts: I64) -> str:
    """Make an id from the times of the likes: codes and row order do not show."""
    return hashlib.blake2b(np.sort(ts).tobytes(), digest_size=8).hexdigest()
