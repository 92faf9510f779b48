"""Turns measured histories into weighted examples; the background is unlabelled, not honest.

What nobody has judged is a negative example with the weight of its probability of being honest by
the evidence of the clean history, and takes no part at all beyond `DOUBTED`. On two platforms
written by others, taking the background for honest took average precision from 0.75 to 0.51 and
from 0.78 to 0.49.
The spy technique was not taken: stealthy spies would drag the hardest honest likes out of the
negatives, and with them the protection of honest people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.errors import SettingError, nearest
from zhenzan.scoring.weights import Moment
from zhenzan.sim.order import Order
from zhenzan.training.history import Split
from zhenzan.training.injection import BOUGHT_SHARE, Played
from zhenzan.training.measure import Likes, index_of
from zhenzan.training.truth import BOUGHT, HONEST, UNKNOWN, Verdicts

DOUBTED = 0.2
"""Probability of being inauthentic from which an unjudged like teaches nothing."""

CRUDE_SAY = 0.3
"""Say of a covert attack beside a crude one: what hides so well that no signal sees it teaches that
signals are worth little (docs/scoring.md, "What did not help")."""

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Source:
    """How much each source of truth weighs, beside one unjudged like of weight one."""

    injection: float = 1.0
    outcomes: float = 3.0
    labels: float = 3.0


@dataclass(frozen=True, slots=True)
class Examples:
    """Weighted examples of one moment and one part of the history.

    ``segments`` holds words by name: category, region, age of the account.
    """

    matrix: F32
    score: F64
    bought: NDArray[np.bool_]
    weight: F64
    segments: dict[str, NDArray[np.object_]]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything to learn from: the clean history, and rounds with attacks in it."""

    split: Split
    clean: Likes
    rounds: Sequence[tuple[Likes, Played]]
    verdicts: Sequence[Verdicts]

    def judged(self, likes: Likes, part: str) -> NDArray[np.int8]:
        """Give the verdict on each like as far as it was known when the next part began."""
        end = self.split.parts[part][1] + self.split.embargo_us
        verdict = np.full(len(likes), UNKNOWN, np.int8)
        for source in self.verdicts:
            said = source.of(likes, before_us=end)
            verdict[said != UNKNOWN] = said[said != UNKNOWN]
        return verdict

    def honest_weight(self, likes: Likes, part: str) -> F64:
        """Weigh each like by its probability of being honest; 0 outside the part."""
        place = index_of(self.clean.event_id, pa.array(likes.event_id.tolist()))
        doubt = np.where(place >= 0, self.clean.score["settled"][np.maximum(place, 0)], 1.0)
        verdict = self.judged(likes, part)
        weight = np.where(doubt <= DOUBTED, 1.0 - doubt, 0.0)
        weight[verdict == HONEST] = 1.0
        weight[verdict == BOUGHT] = 0.0
        weight[self.split.of(likes.ts) != part] = 0.0
        return weight

    def judged_bought(self, part: str) -> int:
        """Count the likes of a part that people have called inauthentic."""
        chosen = self.split.of(self.clean.ts) == part
        return int(((self.judged(self.clean, part) == BOUGHT) & chosen).sum())

    def injected(self, moment: Moment, part: str) -> Examples:
        """Gather the injected likes of a part beside its background."""
        sets = [self._injected(moment, part, likes, played) for likes, played in self.rounds]
        return joined(sets)

    def _injected(self, moment: Moment, part: str, likes: Likes, played: Played) -> Examples:
        order, camouflage = _roles(likes, played)
        weight = self.honest_weight(likes, part)
        weight[(order >= 0) | camouflage] = 0.0
        inside = self.split.of(likes.ts) == part
        bought = (order >= 0) & ~camouflage & inside
        weight[bought] = _say(order[bought], played.orders)
        weight[bought] *= BOUGHT_SHARE * weight[~bought].sum() / max(weight[bought].sum(), 1e-9)
        return _taken(likes, moment, bought, weight)

    def told(self, moment: Moment, part: str) -> Examples:
        """Gather the likes of a part that people have judged, beside its background."""
        verdict = self.judged(self.clean, part)
        inside = self.split.of(self.clean.ts) == part
        weight = self.honest_weight(self.clean, part)
        if (verdict[inside] != UNKNOWN).mean() > 0.5:
            # Where most likes are judged, those that nobody judged say nothing.
            weight[verdict == UNKNOWN] = 0.0
        bought = (verdict == BOUGHT) & inside
        weight[bought] = 1.0
        return _taken(self.clean, moment, bought, weight)


def _roles(likes: Likes, played: Played) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give the order of each like, -1 for the background, and which likes are camouflage."""
    order = np.full(len(likes), -1, np.int64)
    camouflage = np.zeros(len(likes), np.bool_)
    place = index_of(likes.event_id, played.labels["event_id"].combine_chunks())
    known = place >= 0
    order[place[known]] = played.labels["order"].to_numpy()[known]
    cover = np.array(played.labels["role"].to_pylist(), dtype=object) == "camouflage"
    camouflage[place[known]] = cover[known]
    return order, camouflage


def _say(order: NDArray[np.int64], orders: Sequence[Order]) -> F64:
    """Let each order have a say of the root of its size, covert ones less."""
    size = np.bincount(order, minlength=len(orders))[order]
    crude = np.array([placed.stealth == "crude" for placed in orders], np.bool_)[order]
    return np.where(crude, 1.0, CRUDE_SAY) / np.sqrt(np.maximum(size, 1))


def _taken(likes: Likes, moment: Moment, bought: NDArray[np.bool_], weight: F64) -> Examples:
    kept = weight > 0
    return Examples(
        likes.matrix[moment][kept],
        likes.score[moment][kept],
        bought[kept],
        weight[kept],
        {name: words[kept] for name, words in likes.segments.items()},
    )


def joined(sets: Sequence[Examples]) -> Examples:
    """Put sets of examples behind each other."""
    return Examples(
        np.concatenate([one.matrix for one in sets]),
        np.concatenate([one.score for one in sets]),
        np.concatenate([one.bought for one in sets]),
        np.concatenate([one.weight for one in sets]),
        {name: np.concatenate([one.segments[name] for one in sets]) for name in sets[0].segments},
    )


def weighed(examples: Examples, factor: float) -> Examples:
    """Multiply all weights."""
    return replace(examples, weight=examples.weight * factor)


def source_of(text: str) -> Source:
    """Read weights such as ``injection=1,labels=3``; what is not named keeps its default.

    Raises
    ------
    SettingError
        A name or a number is wrong.

    Examples
    --------
    >>> source_of("labels=5").labels
    5.0
    """
    known = Source()
    values = {name: getattr(known, name) for name in Source.__slots__}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        if name not in values:
            raise SettingError(f"no source is named `{name}`", hint=nearest(name, values))
        try:
            values[name] = float(number)
        except ValueError:
            raise SettingError(f"`{part}` must be a name and a number") from None
    return Source(**values)
