"""What the fit of the shipped weights promises: disguises hide families, and weights stay few."""

import json
from importlib import resources

import numpy as np

from zhenzan.detectors.interface import Family
from zhenzan.detectors.registry import all_detectors
from zhenzan.scoring.fit import HIDDEN, World, disguised, fair_weights, fit
from zhenzan.scoring.settled import Keys

DETECTORS = all_detectors()
FAMILIES = np.array([d.family for d in DETECTORS])
COUNT = 6_000


def world(signals, *, bought_share=0.2, seed=3):
    """Honest likes in the usual bins; bought ones at the suspicious end of the named detectors."""
    rng = np.random.default_rng(seed)
    bought = rng.random(COUNT) < bought_share
    bins = np.empty((COUNT, len(DETECTORS)), np.int8)
    for column, detector in enumerate(DETECTORS):
        usual = 1 + np.minimum(rng.geometric(0.6, COUNT) - 1, detector.bins - 1)
        loud = np.where(detector.name in signals, detector.bins, usual)
        mild = np.where(bought, loud, usual)
        low = detector.suspicious == "low"
        bins[:, column] = detector.bins + 1 - mild if low else mild
    ts = np.sort(rng.integers(0, 10**12, COUNT))
    code = np.arange(COUNT, dtype=np.int32)
    keys = Keys(ts, code, code, code, np.zeros(COUNT, np.int32), np.zeros(COUNT, np.bool_))
    weight = fair_weights(
        bought, np.zeros(COUNT, np.bool_), np.full(COUNT, "farm"), np.full(COUNT, "crude")
    )
    return World(bins, keys, bought, weight)


def test_a_disguise_takes_whole_families_from_one_honest_like():
    one = world({"short_window_surge", "device_fan_out"})
    bought, honest = np.flatnonzero(one.bought), np.flatnonzero(~one.bought)
    shown = disguised(one.bins, bought, honest, FAMILIES, seed=1)
    changed = shown != one.bins[bought]
    surge = next(k for k, d in enumerate(DETECTORS) if d.name == "short_window_surge")
    assert abs(changed[:, surge].mean() - HIDDEN) < 0.05
    for like in range(0, len(bought), 100):
        worn = np.unique(FAMILIES[changed[like]])
        whole = np.isin(FAMILIES, worn)
        assert (one.bins[honest][:, whole] == shown[like, whole]).all(axis=1).any()


def test_disguises_teach_that_either_of_two_signals_is_enough():
    both = {"short_window_surge", "device_fan_out"}
    table = fit([world(both)], DETECTORS, "at_once")
    weight = {d.name: table["signals"][d.code] for d in DETECTORS if d.code in table["signals"]}
    silent = [w for name, w in weight.items() if name not in both]
    assert min(weight[name] for name in both) > max(silent)
    assert all(value >= 0 for value in table["loudest"].values())


def test_the_shipped_table_knows_every_detector_and_every_family():
    text = resources.files("zhenzan.scoring").joinpath("weights.json").read_text(encoding="utf-8")
    for moment, table in json.loads(text).items():
        known = {d.code for d in DETECTORS if moment == "settled" or not d.settled}
        assert set(table["signals"]) == known
        assert set(table["loudest"]) == {family.word for family in Family}
