"""What groups say is joined once, and excludes nobody where a fan club cannot be told apart."""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.interface import Family
from zhenzan.events.state import CountState
from zhenzan.scoring.joining import GROUP_NATS_MAX, join_groups, settled_states
from zhenzan.settings import Settings

HELD, EXCLUDED = CountState.HELD, CountState.EXCLUDED


def quiet(count=1):
    return np.full((count, len(Family)), -0.2, np.float32)


def test_joining_the_same_group_again_changes_nothing():
    first = join_groups(np.array([0.02]), quiet(), np.array([4.0]), np.array([False]))
    again = join_groups(*first, np.array([4.0]), np.array([False]))
    assert again[0] == first[0] > 0.02
    assert np.array_equal(again[1], first[1])


def test_a_benign_group_raises_nothing():
    score, nats = join_groups(np.array([0.02]), quiet(), np.array([9.0]), np.array([True]))
    assert score.tolist() == [0.02]
    assert np.array_equal(nats, quiet())


def test_what_a_group_says_is_bounded():
    score, nats = join_groups(np.array([0.001]), quiet(), np.array([500.0]), np.array([False]))
    assert nats[0, Family.GROUP] == GROUP_NATS_MAX
    assert score[0] < 0.5


def test_without_an_owner_a_group_holds_and_never_excludes():
    nats = quiet(2)
    nats[:, [Family.GROUP, Family.ACCOUNT]] = 3.0
    score, owned = np.array([0.99, 0.99]), np.array([False, True])
    assert settled_states(
        score, nats, owned, Settings(), is_new=np.zeros(2, np.bool_)
    ).tolist() == [HELD, EXCLUDED]


def test_without_an_owner_other_families_exclude_as_ever():
    nats = quiet()
    nats[:, [Family.BEHAVIOUR, Family.ACCOUNT]] = 3.0
    found = settled_states(
        np.array([0.99]), nats, np.array([False]), Settings(), is_new=np.array([False])
    )
    assert found.tolist() == [EXCLUDED]
