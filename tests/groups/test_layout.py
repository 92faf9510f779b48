"""A graph is placed the same way every time, and what is tied lies near."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from zhenzan.groups.layout import layout


def cliques(sizes: list[int]) -> np.ndarray:
    ties, start = [], 0
    for size in sizes:
        ties += list(itertools.combinations(range(start, start + size), 2))
        start += size
    return np.array(ties, np.int64).reshape(-1, 2)


def distances(place: np.ndarray) -> np.ndarray:
    return np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1))


def test_the_same_graph_is_placed_the_same_way() -> None:
    ties = cliques([9, 6])
    np.testing.assert_array_equal(layout(15, ties), layout(15, ties))
    assert not np.array_equal(layout(15, ties), layout(15, ties, seed=1))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40])
def test_places_lie_in_the_frame_even_without_ties(count: int) -> None:
    place = layout(count, np.zeros((0, 2), np.int64))
    assert place.shape == (count, 2)
    assert np.isfinite(place).all()
    assert ((place >= 0) & (place <= 1)).all()


def test_two_cliques_lie_apart_and_fill_the_frame() -> None:
    place = layout(16, cliques([8, 8]))
    near = distances(place)
    inside = (near[:8, :8].sum() + near[8:, 8:].sum()) / (2 * 8 * 7)
    across = near[:8, 8:].mean()
    assert across > 2 * inside
    np.testing.assert_allclose(np.ptp(place, axis=0), 1.0)


def test_no_two_nodes_lie_on_each_other() -> None:
    members, targets = 40, 12
    ties = np.array([(m, members + t) for m in range(members) for t in range(targets)])
    near = distances(layout(members + targets, ties))
    np.fill_diagonal(near, 1.0)
    assert near.min() > 0.01


def test_a_stronger_tie_pulls_nearer() -> None:
    ties = np.array([[0, 1], [1, 2]])
    near = distances(layout(3, ties, np.array([20.0, 0.2])))
    assert near[0, 1] < near[1, 2]
