"""The safety rules of the design, one test each."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.detectors.interface import Family
from zhenzan.events.state import CountState
from zhenzan.scoring.decide import count_states
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.settings import Settings

SURE = np.array([0.999])


def evidence(*families: Family) -> np.ndarray:
    nats = np.full((1, FAMILIES), -0.2, np.float32)
    nats[0, list(families)] = 6.0
    return nats


@pytest.mark.parametrize("family", Family)
def test_one_family_alone_never_excludes(family):
    assert count_states(SURE, evidence(family), Settings())[0] == CountState.HELD


@pytest.mark.parametrize("company", [Family.TARGET, Family.CONTEXT])
def test_network_with_a_burst_or_a_channel_never_excludes(company):
    # T18: a dormitory in which something goes viral is no farm.
    assert count_states(SURE, evidence(Family.NETWORK, company), Settings())[0] == CountState.HELD


def test_a_burst_from_an_odd_channel_never_excludes():
    # T19: a hit carried by another platform keeps its likes.
    nats = evidence(Family.TARGET, Family.CONTEXT)
    assert count_states(SURE, nats, Settings())[0] == CountState.HELD


@pytest.mark.parametrize("company", [Family.TARGET, Family.CONTEXT])
def test_a_group_with_a_burst_never_excludes(company):
    # A fan club or a page network makes a burst whenever it meets.
    assert count_states(SURE, evidence(Family.GROUP, company), Settings())[0] == CountState.HELD


def test_a_group_in_one_place_never_excludes():
    # T18: a school class likes the posts of its members from the school's own network.
    nats = evidence(Family.GROUP)
    nats[0, Family.NETWORK] = 1.5
    assert count_states(SURE, nats, Settings())[0] == CountState.HELD


@pytest.mark.parametrize("family", [Family.ACCOUNT, Family.BEHAVIOUR, Family.GROUP])
def test_two_families_that_do_not_say_the_same_exclude(family):
    nats = evidence(Family.NETWORK, family)
    assert count_states(SURE, nats, Settings())[0] == CountState.EXCLUDED


def test_a_thin_session_of_an_account_with_a_full_life_never_excludes():
    # T19: a wave from another platform brings real people who do not stay.
    nats = evidence(Family.BEHAVIOUR, Family.TARGET)
    nats[0, Family.BEHAVIOUR] = 1.0
    nats[0, Family.ACCOUNT] = -0.8
    assert count_states(SURE, nats, Settings())[0] == CountState.HELD


def test_a_family_that_the_others_contradict_never_excludes():
    nats = np.full((1, FAMILIES), -0.7, np.float32)
    nats[0, [Family.GROUP, Family.ACCOUNT]] = 8.0, 1.3
    assert count_states(SURE, nats, Settings())[0] == CountState.HELD


def test_a_low_score_counts_whatever_the_families_say():
    nats = evidence(*Family)
    assert count_states(np.array([0.1]), nats, Settings())[0] == CountState.COUNTED
