"""Declarations: faults are named all at once, and the plan on file is the plan that runs."""

from __future__ import annotations

import pytest

from zhenzan.errors import FeatureError
from zhenzan.features.compile import ARTEFACT, compile_features, feature_hash, render
from zhenzan.features.library import FEATURES
from zhenzan.features.spec import Feature


def test_the_committed_plan_is_current() -> None:
    assert ARTEFACT.read_text(encoding="utf-8") == render(), (
        "run `python -m zhenzan.features.compile` and review what changes"
    )


def test_every_built_in_feature_says_what_it_measures() -> None:
    assert len(FEATURES) >= 40
    assert all(f.sentence.endswith(".") and f.sentence[0].isupper() for f in FEATURES)
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (Feature("f", ("acount",), "count", window="1h"), "did you mean `account`?"),
        (Feature("f", ("item",), "nunique", column="acount", window="1h"), "`account`"),
        (Feature("f", ("item",), "nunique", column="account"), "needs a window"),
        (Feature("f", ("item",), "sum", window="1h"), "needs a column"),
        (Feature("f", ("item",), "count", column="account", window="1h"), "reads no column"),
        (Feature("f", ("item",), "count", window="1 hour"), "not a duration"),
        (Feature("f", ("item",), "count", window="0s"), "longer than nothing"),
        (Feature("f", ("item",), "since_last", window="1h"), "leave the window out"),
        (Feature("f", ("item", "item"), "count", window="1h"), "one or two different columns"),
        (Feature("f", ("item",), "cuont", window="1h"), "did you mean `count`?"),  # type: ignore[arg-type]
        (Feature("f", ("item",), "count", window="1h", where=("dwell_ms", 1)), "compares codes"),
        (Feature("f g", ("item",), "count", window="1h"), "letters, digits"),
        (Feature("f", ("item",), "ratio"), "needs `numerator`"),
        (Feature("f", ("item",), "ratio", numerator="f", denominator="g"), "no feature is named"),
    ],
)
def test_a_fault_names_its_place_and_the_nearest_valid_thing(feature: Feature, words: str) -> None:
    with pytest.raises(FeatureError) as caught:
        compile_features([feature])
    assert words in str(caught.value)
    assert f"`{feature.name}`" in str(caught.value) or "faults" in str(caught.value)


def test_all_faults_come_at_once() -> None:
    wrong = Feature("f", ("acount",), "sum", column="dwell")
    with pytest.raises(FeatureError, match=r"9 faults[\s\S]*1\. [\s\S]*9\. "):
        compile_features([wrong, Feature("g", ("item",), "sum"), wrong])


def test_the_hash_follows_meaning_not_wording() -> None:
    one = Feature("f", ("item",), "count", window="60m", sentence="One.")
    two = Feature("f", ("item",), "count", window="1h", sentence="Two.")
    assert feature_hash([one]) == feature_hash([two])
    assert feature_hash([one]) != feature_hash([Feature("f", ("item",), "count", window="2h")])


def test_features_over_the_same_interactions_share_a_ring() -> None:
    plan = compile_features([f for f in FEATURES if f.name.startswith("account_likes_")])
    assert len(plan.groups) == 1
    assert len(plan.groups[0].windows_us) == 5
