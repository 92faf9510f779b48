"""The answer at the moment a like arrives: what was known then, nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zhenzan.detectors.interface import Detector, Family, Likes
from zhenzan.scoring.baseline import Baseline
from zhenzan.scoring.context import POOLED_LIKES, RunningContext, grained, logit, shift, sigmoid
from zhenzan.scoring.evidence import FAMILIES, Evidence, join
from zhenzan.scoring.learned.windows import windows_of
from zhenzan.scoring.neighbours import NEAR, Pooled, RunningNeighbours
from zhenzan.scoring.weights import POOLS, load

PRIOR = 0.03
"""Share of inauthentic likes assumed before anything is known; between the 1 % that quiet
platforms report and the 5 to 10 % of studies of sold engagement (methods.md, section 2)."""

PRIOR_LIKES = 1_000.0
PRIOR_MIN = 0.003
PRIOR_MAX = 0.15

TRUST_LIKES = 3_000.0
"""Likes after which half of the evidence is believed: what is usual must be known before
anything can be unusual, and on the first hours of a log every account looks new."""

_FIRST_STEP = 256

RENEWAL_LIKES_MAX = 16_384
"""Likes after which the evidence is renewed at the latest where likes decide when."""

Renewal = Literal["call", "likes"]
"""When what is usual is looked at anew: at every call, or once so many likes have come."""

_READ = ("ts", "item", "account", "device", "category", "campaign")

POOL_FAMILY = {"item": Family.TARGET, "account": Family.ACCOUNT, "device": Family.NETWORK}


@dataclass(frozen=True, slots=True)
class Answers:
    """Scores and what they rest on, one row per like.

    ``near`` holds the measures of `neighbours.NEAR` and then the windows of `learned.windows`; it
    has no columns where nobody asked.
    """

    values: NDArray[np.float32]
    bins: NDArray[np.int8]
    nats: NDArray[np.float32]
    score: NDArray[np.float64]
    near: NDArray[np.float32]


class AtOnceScorer:
    """Score likes in time order against the baseline learned from the likes before them.

    Parameters
    ----------
    renewal
        ``call``: the evidence is renewed at every call, so calls must follow the cuts of the
        sorted stream (``Batch``), which are a function of the data alone. ``likes``: it is renewed
        at like 0, 256, 512, 1,024 and so on, doubling up to every ``RENEWAL_LIKES_MAX`` likes, so
        that an answer depends on the likes before it and on no cut, and small calls are cheap.
    near
        Measures what is known of a like's neighbours, for a learned model; None: not measured.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        *,
        renewal: Renewal = "call",
        near: RunningNeighbours | None = None,
    ) -> None:
        self.detectors = tuple(d for d in detectors if not d.settled)
        self.baseline = Baseline(self.detectors)
        self._by_likes = renewal == "likes"
        self._due = 0
        self._weights = load(self.detectors, "at_once")
        widest = max(len(d.edges) for d in self.detectors)
        self._edges = np.full((len(self.detectors), widest), np.nan)
        for row, detector in enumerate(self.detectors):
            self._edges[row, : len(detector.edges)] = detector.edges
        self._families = np.array([d.family for d in self.detectors], np.int8)
        self._pools = {name: RunningContext() for name in POOLS}
        self._suspected = 0.0
        self._likes = 0.0
        self._near = near
        # Before the first like nothing is believed.
        nothing = np.zeros(len(self.detectors))
        self._evidence = Evidence.of(self.baseline, nothing, usual=self._by_likes)
        self._prior = PRIOR

    @property
    def room(self) -> int:
        """Count the likes that the present evidence may still judge, renewing it if it is due."""
        assert self._by_likes, "only where likes decide when the evidence is renewed"
        if self._likes >= self._due:
            self._renew()
        return self._due - int(self._likes)

    @property
    def evidence(self) -> Evidence:
        """What likes are judged by until the next renewal."""
        return self._evidence

    def score(self, likes: Likes) -> Answers:
        """Measure and score likes, in steps that double while the baseline is young.

        Parameters
        ----------
        likes
            Features, traces, and the columns ``ts``, ``item``, ``account``, ``device``,
            ``category`` and ``campaign``; also ``block`` where neighbours are measured.
        """
        count = len(likes["ts"])
        measured = np.empty((len(self.detectors), count))
        for row, detector in enumerate(self.detectors):
            measured[row] = detector.measure(likes)
        values = np.ascontiguousarray(measured.T, np.float32)
        bins = np.empty((count, len(self.detectors)), np.int8)
        _bin(measured, self._edges, bins)
        nats = np.empty((count, FAMILIES), np.float32)
        score = np.empty(count)
        near = np.empty((count, len(NEAR) if self._near else 0), np.float32)
        start = 0
        while start < count:
            if not self._by_likes or self._likes >= self._due:
                self._renew()
            end = self._step_end(likes["ts"], start)
            part = {name: likes[name][start:end] for name in self._read()}
            nats[start:end], score[start:end] = self._judge(part, bins[start:end], near[start:end])
            start = end
        if self._near:
            near = np.concatenate([near, windows_of(likes)], axis=1)
        return Answers(values, bins, nats, score, near)

    def forget(self, device: NDArray[np.int32]) -> None:
        """Forget devices whose codes were given back."""
        self._pools["device"].forget(device)
        if self._near:
            self._near.forget(device)

    def _read(self) -> tuple[str, ...]:
        return (*_READ, "block") if self._near else _READ

    def _step_end(self, ts: NDArray[np.int64], start: int) -> int:
        """Cut a step at a tick, a function of the sorted stream alone."""
        if self._by_likes:
            return min(len(ts), start + self._due - int(self._likes))
        end = start + max(_FIRST_STEP, int(self._likes))
        if end >= len(ts):
            return len(ts)
        return int(np.searchsorted(ts, ts[end - 1], side="right"))

    def _renew(self) -> None:
        """Look anew at what is usual, and how much of it is believed."""
        trust = self._likes / (self._likes + TRUST_LIKES)
        weights = trust * self._weights.signals
        self._evidence = Evidence.of(self.baseline, weights, usual=self._by_likes)
        pooled = (self._suspected + PRIOR_LIKES * PRIOR) / (self._likes + PRIOR_LIKES)
        self._prior = float(np.clip(pooled, PRIOR_MIN, PRIOR_MAX))
        self._due = int(self._likes + np.clip(self._likes, _FIRST_STEP, RENEWAL_LIKES_MAX))

    def _judge(
        self, likes: Likes, bins: NDArray[np.int8], near: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        segments = self.baseline.segments(likes["category"], likes["campaign"])
        table = self._evidence.table
        nats = join(bins, segments, table, self._families, self._weights.louder)
        prior = self._prior
        signals = nats.sum(axis=1, dtype=np.float64)
        own = logit(prior) + self._weights.intercept + signals
        moved = np.zeros((len(bins), len(POOLS)))
        company: dict[str, Pooled] = {}
        for place, name in enumerate(POOLS):
            cavity = own - nats[:, POOL_FAMILY[name]]
            pool = self._pools[name]
            pooled = pool.update_with_most(likes["ts"], likes[name], grained(sigmoid(cavity)))
            company[name] = pooled
            change = shift(*pooled[:2], prior=prior, weight=POOLED_LIKES[name])
            moved[:, place] = self._weights.pools[place] * change
        total = own + (self._weights.own - 1.0) * signals
        score = grained(sigmoid(total + moved.sum(axis=1)))
        if self._near:
            apart = grained(sigmoid(own - nats[:, Family.NETWORK]))
            near[:] = self._near.update(likes, company, apart, prior=prior)
        self.baseline.learn(bins, segments, score)
        self._suspected += float(score.sum())
        self._likes += len(bins)
        return nats, score


@njit(cache=True, nogil=True)
def _bin(measured: NDArray[np.float64], edges: NDArray[np.float64], bins: NDArray[np.int8]) -> None:
    """Sort values into bins as ``Detector.bin`` does, all detectors at once."""
    for row in range(measured.shape[0]):
        for like in range(measured.shape[1]):
            value = measured[row, like]
            place = 0
            if value == value:
                place = 1
                while place <= edges.shape[1] and edges[row, place - 1] <= value:
                    place += 1
            bins[like, row] = place
