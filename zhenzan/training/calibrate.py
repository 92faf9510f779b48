"""Chooses calibration maps by measurement, and bands from a cost or a budget of honest harm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhenzan.errors import SettingError
from zhenzan.scoring.context import sigmoid
from zhenzan.scoring.learned.calibration import Calibration
from zhenzan.scoring.learned.inputs import PATTERNS
from zhenzan.scoring.learned.model import Bands

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 10
HELD_HARM = 10.0
"""Honest likes that may be held for each that may be excluded: what is held comes back."""

THIN = 1_000.0
"""Honest likes below which a pattern of evidence says too little for a band of its own."""

NEVER = 1.01
"""A threshold that no probability reaches."""

_KNOTS = 40
_STEPS = 200


@dataclass(frozen=True, slots=True)
class Aim:
    """What thresholds are chosen for.

    ``harm_max`` is the share of honest likes that may be excluded. With ``cost``, what a wrongly
    excluded like costs in likes missed, a like is excluded from cost / (1 + cost) on, if the budget
    allows it.
    """

    harm_max: float = 0.001
    cost: float | None = None

    def __post_init__(self) -> None:
        """Refuse aims that cannot be met.

        Raises
        ------
        SettingError
            A budget outside 0 to 0.1, or a cost that is not positive.
        """
        if not 0.0 < self.harm_max <= 0.1:
            raise SettingError(f"harm_max is {self.harm_max}", hint="a share from 0 to 0.1")
        if self.cost is not None and self.cost <= 0:
            raise SettingError(f"cost is {self.cost}", hint="it must be positive")


def expected_calibration_error(probability: F64, bought: Bools, weight: F64) -> float:
    """Tell the mean gap between probability and truth over ten bins of equal width, by weight."""
    total = float(weight.sum())
    if total <= 0:
        return float("nan")
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    said = np.bincount(place, weights=weight * probability, minlength=BINS)
    was = np.bincount(place, weights=weight * bought, minlength=BINS)
    return float(np.abs(said - was).sum() / total)


def choose_calibration(
    margin: F64, bought: Bools, weight: F64, *, held_out: Bools
) -> tuple[Calibration, dict[str, float]]:
    """Fit each kind of map on one half and keep the one with the least log loss on the other.

    The chosen kind is then fitted on both halves. Also return the log loss of each kind.
    """
    losses: dict[str, float] = {}
    for kind in _FITS:
        early = _FITS[kind](margin[~held_out], bought[~held_out], weight[~held_out])
        losses[kind] = _log_loss(early(margin[held_out]), bought[held_out], weight[held_out])
    best = min(losses, key=lambda kind: (losses[kind], kind))
    return _FITS[best](margin, bought, weight), losses


def _log_loss(probability: F64, bought: Bools, weight: F64) -> float:
    sure = np.clip(probability, 1e-6, 1 - 1e-6)
    loss = np.where(bought, -np.log(sure), -np.log(1 - sure))
    return float((weight * loss).sum() / max(weight.sum(), 1e-12))


def platt(margin: F64, bought: Bools, weight: F64) -> Calibration:
    """Fit a slope, never negative, and an offset."""
    slope, offset = _logistic(margin[:, None], bought, weight)
    return Calibration("platt", (float(slope), float(offset)))


def beta(margin: F64, bought: Bools, weight: F64) -> Calibration:
    """Fit beta calibration; both slopes never negative."""
    parts = np.stack([-np.logaddexp(0, -margin), np.logaddexp(0, margin)], axis=1)
    a, b, c = _logistic(parts, bought, weight)
    return Calibration("beta", (float(a), float(b), float(c)))


def isotonic(margin: F64, bought: Bools, weight: F64) -> Calibration:
    """Fit a rising map by pooling neighbours that fall (Ayer and others, 1955), at few knots.

    Each knot hears one like of the average weight and share beside its own, so none is certain.
    """
    order = np.argsort(margin, kind="stable")
    place = np.searchsorted(
        np.cumsum(weight[order]), np.linspace(0, weight.sum(), _KNOTS * 5)[1:-1]
    )
    group = np.zeros(len(order), np.int64)
    np.add.at(group, place.clip(0, len(order) - 1), 1)
    group = np.cumsum(group)
    mass = np.bincount(group, weights=weight[order]).astype(np.float64)
    used = mass > 0
    one = float(weight.mean())
    share = float((weight * bought).sum() / weight.sum())
    caught = np.bincount(group, weights=(weight * bought)[order])[used]
    level = (caught + one * share) / (mass[used] + one)
    where = np.bincount(group, weights=(weight * margin)[order])[used] / mass[used]
    level, where, _ = _pooled(level, where, mass[used])
    keep = np.unique(np.append(np.flatnonzero(np.diff(where, prepend=-np.inf) > 1e-9), 0))
    level, where = level[keep], where[keep]
    if len(where) == 1:
        where, level = np.append(where, where + 1.0), np.append(level, level)
    return Calibration("isotonic", tuple(where.tolist()) + tuple(level.tolist()))


def _pooled(level: F64, where: F64, mass: F64) -> tuple[F64, F64, F64]:
    stack: list[list[float]] = []
    for value, at, size in zip(level.tolist(), where.tolist(), mass.tolist(), strict=True):
        stack.append([value, at, size])
        while len(stack) > 1 and stack[-2][0] >= stack[-1][0]:
            last, before = stack.pop(), stack.pop()
            total = last[2] + before[2]
            mixed = [(last[k] * last[2] + before[k] * before[2]) / total for k in (0, 1)]
            stack.append([*mixed, total])
    parts = np.array(stack)
    return parts[:, 0], parts[:, 1], parts[:, 2]


_FITS = {"platt": platt, "beta": beta, "isotonic": isotonic}


def _logistic(x: F64, bought: Bools, weight: F64) -> F64:
    """Fit slopes, never negative, and an offset, by damped Newton steps."""
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    share = weight / max(weight.sum(), 1e-12)
    at = np.zeros(design.shape[1])
    at[0] = 1.0
    loss = np.inf
    damping = 1e-3
    for _ in range(_STEPS):
        p = sigmoid(design @ at)
        slope = design.T @ (share * (p - bought)) + 1e-6 * at
        bend = (design * (share * p * (1 - p))[:, None]).T @ design
        bend += np.diag(np.diag(bend) * damping + 1e-9)
        new = at - np.linalg.solve(bend, slope)
        new[:-1] = np.maximum(new[:-1], 0.0)
        found = _log_loss(sigmoid(design @ new), bought, weight)
        if found > loss:
            damping *= 10
            if damping > 1e6:
                break
            continue
        done = loss - found < 1e-10
        at, loss, damping = new, found, max(damping / 5, 1e-9)
        if done:
            break
    return np.asarray(at)


def choose_bands(probability: F64, honest: F64, pattern: NDArray[np.int8], aim: Aim) -> Bands:
    """Choose thresholds that honest likes reach no more often than the budget allows.

    The safety rules only spare more, so the budget holds whatever they decide. A pattern of
    evidence with enough honest likes has a band of its own, never laxer than the one for all;
    under a thinner one a like may be held, and is not excluded by the model.

    Parameters
    ----------
    probability
        Of unjudged and honest likes.
    honest
        Their probability of being honest, as a weight.
    pattern
        The evidence they come with.
    """
    least = 0.0 if aim.cost is None else aim.cost / (1.0 + aim.cost)
    excluded = max(threshold(probability, honest, aim.harm_max), least)
    held = min(threshold(probability, honest, aim.harm_max * HELD_HARM), excluded)
    helds, excludeds = np.full(len(PATTERNS), held), np.full(len(PATTERNS), NEVER)
    for code in range(len(PATTERNS)):
        chosen = pattern == code
        if honest[chosen].sum() < THIN:
            continue
        own = threshold(probability[chosen], honest[chosen], aim.harm_max)
        waits = threshold(probability[chosen], honest[chosen], aim.harm_max * HELD_HARM)
        excludeds[code] = max(own, excluded)
        helds[code] = min(max(waits, held), excludeds[code])
    return Bands(helds, excludeds)


def threshold(probability: F64, honest: F64, harm_max: float) -> float:
    """Find the lowest threshold that at most a share of honest likes reaches."""
    total = float(honest.sum())
    if total <= 0:
        return NEVER
    values, where = np.unique(probability, return_inverse=True)
    mass = np.bincount(where, weights=honest)
    reached = np.cumsum(mass[::-1])[::-1] / total
    allowed = np.flatnonzero(reached <= harm_max)
    if not len(allowed):
        return NEVER
    first = int(allowed[0])
    # Between the last like that may not reach it and the first that may.
    below = values[first - 1] if first else values[first]
    return float((below + values[first]) / 2) if below < values[first] else float(values[first])
