"""Places the nodes of a small graph in the plane, the same way every time.

Springs pull what is tied together and everything pushes everything else away (Fruchterman and
Reingold's force model, 1991); the screen that shows the graph computes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhenzan.clock import generator

ROUNDS = 240
"""Steps of the simulation; beyond them a graph of some hundred nodes hardly moves."""

_GRAVITY = 0.06
"""Pull to the middle, so that parts without a tie to the rest stay on the page."""

_FIRST_STEP = 0.12
_FIELD_MIN = 1e-9


def layout(
    count: int,
    ends: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Place nodes so that tied ones are near and no two lie on each other.

    The cost of a step grows with the square of ``count``: it is meant for the core of a group,
    some hundred nodes.

    Parameters
    ----------
    count
        Number of nodes.
    ends
        Shape (ties, 2): the two nodes of each tie, 0 to ``count`` - 1.
    weight
        Shape (ties,): how strongly each tie pulls; 1 each by default.
    seed
        Where the nodes start; the same seed and graph give the same places.

    Returns
    -------
    ndarray
        Shape (count, 2): x and y, each 0 to 1, the longer side of the graph along x.
    """
    if count == 0:
        return np.zeros((0, 2))
    place = generator(seed).standard_normal((count, 2))
    ties = np.asarray(ends, np.int64).reshape(-1, 2)
    pull = np.ones(len(ties)) if weight is None else np.asarray(weight, np.float64)
    rest = 1.0 / np.sqrt(count)
    place *= rest
    for turn in range(ROUNDS):
        step = _FIRST_STEP * (1.0 - turn / ROUNDS)
        force = _forces(place, ties, pull, rest)
        length = np.maximum(np.hypot(force[:, 0], force[:, 1]), _FIELD_MIN)
        place += force * (np.minimum(length, step) / length)[:, None]
    return _framed(place)


def _forces(
    place: NDArray[np.float64], ties: NDArray[np.int64], pull: NDArray[np.float64], rest: float
) -> NDArray[np.float64]:
    # One table per direction, with a column for each node: arrays of short rows are slow.
    x, y = (column[None, :] - column[:, None] for column in place.T)
    push = rest**2 / np.maximum(x**2 + y**2, (0.01 * rest) ** 2)
    force = np.stack([(x * push).sum(axis=0), (y * push).sum(axis=0)], axis=1)
    # A node with many ties would collapse onto its neighbours: each end shares its pull.
    degree = np.maximum(np.bincount(ties.ravel(), minlength=len(place)), 1)
    shared = pull / np.sqrt(degree[ties[:, 0]] * degree[ties[:, 1]])
    span = place[ties[:, 1]] - place[ties[:, 0]]
    drawn = span * (np.hypot(span[:, 0], span[:, 1]) / rest * shared)[:, None]
    np.add.at(force, ties[:, 0], drawn)
    np.add.at(force, ties[:, 1], -drawn)
    return np.asarray(force - _GRAVITY * place, np.float64)


def _framed(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the longer axis along x and stretch each side to 0..1."""
    place = place - place.mean(axis=0)
    xx, yy = (place**2).sum(axis=0)
    angle = 0.5 * np.arctan2(2.0 * (place[:, 0] * place[:, 1]).sum(), xx - yy)
    along = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    place = place @ along
    low, high = place.min(axis=0), place.max(axis=0)
    side = high - low
    inside = np.where(side > _FIELD_MIN, (place - low) / np.maximum(side, _FIELD_MIN), 0.5)
    return np.asarray(inside, np.float64)
