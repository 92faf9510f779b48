from __future__ import annotations

import numpy as np
import pytest

from zhenzan.detectors.interface import Detector, Family
from zhenzan.scoring.baseline import SEGMENTS_MAX, Baseline


def detector(**changes) -> Detector:
    options = {
        "code": "TST001",
        "name": "test",
        "family": Family.BEHAVIOUR,
        "reads": (),
        "measure": lambda likes: likes["x"],
        "edges": (1.0, 2.0, 4.0, 8.0),
        "reason": "{value}",
        "reason_zh": "{value}",
        "weight_max": 5.0,
    }
    return Detector(**{**options, **changes})


def learned(values, *, score=0.0, category=None, **changes):
    baseline = Baseline([detector(**changes)])
    _, bins = baseline.detectors[0].bin({"x": np.asarray(values, float)})
    codes = np.full(len(bins), -1, np.int32) if category is None else category
    baseline.learn(
        bins[:, None], baseline.segments(codes, codes > 10**6), np.full(len(bins), score)
    )
    return baseline


@pytest.mark.parametrize("suspicious", ["high", "low"])
def test_a_more_suspicious_value_never_speaks_less(suspicious):
    rng = np.random.default_rng(0)
    nats = learned(rng.gamma(1, 2, 5_000), suspicious=suspicious).evidence()[0, 0, 1:]
    steps = np.diff(nats if suspicious == "high" else nats[::-1])
    assert (steps >= 0).all()
    assert nats.max() > 0 > nats.min()


def test_a_value_that_everybody_has_says_nothing():
    # Rule 3: where nobody's views are logged, a like without a view is no evidence.
    nats = learned(np.full(20_000, 9.0)).evidence()[0, 0]
    assert abs(nats[5]) < 0.05


def test_what_cannot_be_said_is_no_evidence():
    baseline = learned(np.full(100, np.nan))
    assert not baseline.evidence()[0, :, 0].any()


def test_likes_found_inauthentic_leave_what_is_usual():
    rng = np.random.default_rng(0)
    mild, wild = rng.uniform(0, 2, 6_000), np.full(4_000, 9.0)
    together = learned(np.concatenate([mild, wild])).evidence()[0, 0, 5]
    baseline = learned(mild)
    _, bins = baseline.detectors[0].bin({"x": wild})
    segments = np.zeros(4_000, np.int16)
    baseline.learn(bins[:, None], segments, np.ones(4_000))
    assert baseline.evidence()[0, 0, 5] > together + 2


def test_usual_is_the_middle_of_honest_likes():
    low, high = learned(np.full(50_000, 3.0)).usual()
    assert (low[0, 0], high[0, 0]) == (2.0, 4.0)


def test_categories_beyond_the_limit_share_one_segment():
    codes = np.array([-1, 0, SEGMENTS_MAX - 1, SEGMENTS_MAX], np.int32)
    shopping = np.zeros(4, np.bool_)
    assert Baseline([detector()]).segments(codes, shopping).tolist() == [0, 1, SEGMENTS_MAX, 0]


def test_campaign_likes_are_compared_with_each_other():
    # Requirements, fixture "Effort": people who work through tasks look unlike shoppers.
    rng = np.random.default_rng(2)
    baseline = Baseline([detector()])
    campaign = np.repeat([False, True], 5_000)
    values = np.where(campaign, 9.0, rng.uniform(0, 2, 10_000))
    _, bins = baseline.detectors[0].bin({"x": values})
    segments = baseline.segments(np.full(10_000, 3, np.int32), campaign)
    baseline.learn(bins[:, None], segments, np.zeros(10_000))
    nats = baseline.evidence()[0, :, 5]
    assert nats[segments[-1]] < 0.2
    assert nats[segments[0]] > 3


def test_a_category_has_its_own_usual():
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.uniform(0, 1, 5_000), np.full(5_000, 9.0)])
    category = np.repeat([0, 1], 5_000).astype(np.int32)
    nats = learned(values, category=category, segment="category").evidence()[0, :, 5]
    assert nats[1] > nats[2] + 1
