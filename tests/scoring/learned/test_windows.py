"""Windows that a model reads are those of the detectors, tell no time, and are put into words."""

from __future__ import annotations

import numpy as np

from zhenzan.detectors.registry import all_detectors
from zhenzan.features.library import FEATURES
from zhenzan.scoring.learned.inputs import inputs
from zhenzan.scoring.learned.windows import windows, windows_of


def test_a_model_reads_no_window_that_no_detector_reads():
    read = {name for detector in all_detectors() for name in detector.reads}
    assert {window.name for window in windows()} <= read


def test_nothing_that_grows_with_the_log_is_read():
    by_name = {feature.name: feature for feature in FEATURES}
    for window in windows():
        feature = by_name[window.name]
        parts = (
            (feature.numerator, feature.denominator) if feature.agg == "ratio" else (feature.name,)
        )
        assert all(by_name[part].window for part in parts if part), window.name


def test_every_window_has_words_of_its_own_in_both_languages():
    for language in ("reason", "reason_zh"):
        texts = [getattr(window, language) for window in windows()]
        assert len(set(texts)) == len(texts)
        assert all(text.count("{value}") == 1 for text in texts)
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in w.reason_zh) for w in windows())


def test_a_window_has_no_direction_and_stands_behind_the_neighbours():
    for moment in ("at_once", "settled"):
        last = inputs(moment)[-len(windows()) :]
        assert [row.name for row in last] == [window.name for window in windows()]
        assert {row.monotone for row in last} == {0}


def test_what_is_missing_is_missing_and_not_small():
    likes = {window.name: np.array([3, -1]) for window in windows()}
    likes |= {"ts": np.array([1, 2])}
    matrix = windows_of(likes)
    assert matrix.dtype == np.float32
    assert (matrix[0] == 3).all()
    assert np.isnan(matrix[1]).all()
