"""The safety rules of the design, one test each."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.detectors.interface import Family
from zhenzan.events.state import CountState
from zhenzan.scoring.decide import count_states, new_accounts
from zhenzan.scoring.evidence import FAMILIES
from zhenzan.settings import Settings

SURE = np.array([0.999])


def decided(score: np.ndarray, nats: np.ndarray, *, new: bool = False) -> int:
    return int(count_states(score, nats, Settings(), is_new=np.array([new]))[0])


def evidence(*families: Family) -> np.ndarray:
    nats = np.full((1, FAMILIES), -0.2, np.float32)
    nats[0, list(families)] = 6.0
    return nats


@pytest.mark.parametrize("family", Family)
def test_one_family_alone_never_excludes(family):
    assert decided(SURE, evidence(family)) == CountState.HELD


@pytest.mark.parametrize("company", [Family.TARGET, Family.CONTEXT])
def test_network_with_a_burst_or_a_channel_never_excludes(company):
    # T18: a dormitory in which something goes viral is no farm.
    assert decided(SURE, evidence(Family.NETWORK, company)) == CountState.HELD


def test_a_burst_from_an_odd_channel_never_excludes():
    # T19: a hit carried by another platform keeps its likes.
    nats = evidence(Family.TARGET, Family.CONTEXT)
    assert decided(SURE, nats) == CountState.HELD


@pytest.mark.parametrize("company", [Family.TARGET, Family.CONTEXT])
def test_a_group_with_a_burst_never_excludes(company):
    # A fan club or a page network makes a burst whenever it meets.
    assert decided(SURE, evidence(Family.GROUP, company)) == CountState.HELD


def test_a_group_in_one_place_never_excludes():
    # T18: a school class likes the posts of its members from the school's own network.
    nats = evidence(Family.GROUP)
    nats[0, Family.NETWORK] = 1.5
    assert decided(SURE, nats) == CountState.HELD


def test_a_class_on_the_network_of_its_school_never_excludes_for_liking_quickly():
    # T18: a group in one place, each of whom likes within a lesson's break.
    nats = evidence(Family.GROUP)
    nats[0, [Family.NETWORK, Family.BEHAVIOUR]] = 1.5, 1.2
    assert decided(SURE, nats) == CountState.HELD
    nats[0, Family.BEHAVIOUR] = 2.5
    assert decided(SURE, nats) == CountState.EXCLUDED


def test_a_full_life_speaks_for_a_group_on_one_network():
    # T18: all of a school's accounts like it, from the school, and each has a life elsewhere.
    nats = evidence(Family.GROUP, Family.NETWORK)
    nats[0, [Family.ACCOUNT, Family.BEHAVIOUR]] = -0.8, -0.4
    assert decided(SURE, nats) == CountState.HELD


@pytest.mark.parametrize("family", [Family.TARGET, Family.CONTEXT, Family.ACCOUNT])
def test_without_network_or_group_the_score_must_be_surer(family):
    # T19: people whom one star sends come for a moment, in a burst.
    nats = evidence(Family.BEHAVIOUR, family)
    assert decided(np.array([0.95]), nats) == CountState.HELD
    assert decided(SURE, nats) == CountState.EXCLUDED
    with_company = evidence(Family.BEHAVIOUR, family, Family.GROUP)
    assert decided(np.array([0.95]), with_company) == CountState.EXCLUDED


@pytest.mark.parametrize("family", [Family.ACCOUNT, Family.BEHAVIOUR, Family.GROUP])
def test_two_families_that_do_not_say_the_same_exclude(family):
    nats = evidence(Family.NETWORK, family)
    assert decided(SURE, nats) == CountState.EXCLUDED


def test_a_thin_session_of_an_account_with_a_full_life_never_excludes():
    # T19: a wave from another platform brings real people who do not stay.
    nats = evidence(Family.BEHAVIOUR, Family.TARGET)
    nats[0, Family.BEHAVIOUR] = 1.0
    nats[0, Family.ACCOUNT] = -0.8
    assert decided(SURE, nats) == CountState.HELD


def test_a_family_that_the_others_contradict_never_excludes():
    nats = np.full((1, FAMILIES), -0.7, np.float32)
    nats[0, [Family.GROUP, Family.ACCOUNT]] = 8.0, 1.3
    assert decided(SURE, nats) == CountState.HELD


def test_a_low_score_counts_whatever_the_families_say():
    nats = evidence(*Family)
    assert decided(np.array([0.1]), nats) == CountState.COUNTED


def test_a_new_account_is_not_excluded_for_what_it_has_not_done_yet():
    # Rule 3: people whom one advertisement brings like the same few items in one order.
    nats = evidence(Family.BEHAVIOUR, Family.GROUP, Family.CONTEXT)
    assert decided(SURE, nats) == CountState.EXCLUDED
    assert decided(SURE, nats, new=True) == CountState.HELD


@pytest.mark.parametrize("itself", [Family.ACCOUNT, Family.NETWORK])
def test_a_new_account_that_speaks_against_itself_is_excluded(itself):
    assert decided(SURE, evidence(Family.BEHAVIOUR, itself), new=True) == CountState.EXCLUDED


def test_a_visit_and_a_burst_must_be_surer_than_what_others_confirm():
    # T19: those whom one star sends all come for a moment.
    score = np.array([0.8])
    assert decided(score, evidence(Family.BEHAVIOUR, Family.TARGET)) == CountState.HELD
    assert decided(SURE, evidence(Family.BEHAVIOUR, Family.TARGET)) == CountState.EXCLUDED
    assert decided(score, evidence(Family.BEHAVIOUR, Family.GROUP)) == CountState.EXCLUDED


def test_an_unknown_age_is_not_new():
    day = 86_400_000_000
    ts, registered = np.array([9, 9, 9]) * day, np.array([-1, 8 * day, 1 * day])
    assert new_accounts(ts, registered).tolist() == [False, True, False]
