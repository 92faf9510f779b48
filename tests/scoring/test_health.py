"""Health: components shown, nobody blamed for what others sent, missing is not negative."""

from __future__ import annotations

import numpy as np
import pytest

from zhenzan.scoring.health import account_health, merchant_health

SHOPS: dict[str, list[float]] = {
    "likes_claimed": [1_000.0, 900.0, 1_100.0, 50.0],
    "likes_counted": [990.0, 890.0, 1_090.0, 50.0],
    "likes_excluded": [10.0, 10.0, 10.0, 0.0],
    "favorites": [300.0, 270.0, 330.0, 15.0],
    "carts": [100.0, 90.0, 110.0, 5.0],
    "purchases": [60.0, 54.0, 66.0, 3.0],
    "repurchases": [12.0, 11.0, 13.0, 1.0],
    "refunds": [3.0, 3.0, 3.0, 0.0],
}


def health(columns: dict[str, list[float]]) -> list[float]:
    result: list[float] = merchant_health(columns)["health"].to_pylist()
    return result


@pytest.mark.parametrize("sent", [100, 10_000, 1_000_000])
def test_excluded_likes_never_lower_a_shops_health(sent: float) -> None:
    # Design rule 4, T4: somebody else bought crude likes for the first shop.
    framed = {name: list(values) for name, values in SHOPS.items()}
    framed["likes_claimed"][0] += sent
    framed["likes_excluded"][0] += sent
    assert health(framed) == health(SHOPS)
    shown = merchant_health(framed)["contamination"].to_pylist()
    assert shown[0] > merchant_health(SHOPS)["contamination"].to_pylist()[0]


def test_contamination_weighs_only_where_control_evidence_exists() -> None:
    # S1-16 beside T4.
    bought = dict(SHOPS) | {"likes_excluded": [900.0, 10.0, 10.0, 0.0]}
    assert health(bought) == health(SHOPS)
    controlled = health(bought | {"control_evidence": [1.0, 0.0, 0.0, 0.0]})
    assert controlled[0] < health(bought)[0] - 10
    assert controlled[1:] == health(bought)[1:]


def test_a_usual_shop_is_healthy_and_refunds_or_idle_likes_lower_it() -> None:
    assert min(health(SHOPS)) > 90
    refunded = dict(SHOPS) | {"refunds": [55.0, 3.0, 3.0, 0.0]}
    assert health(refunded)[0] < health(SHOPS)[0] - 5
    idle = dict(SHOPS) | {"favorites": [3.0, 270.0, 330.0, 15.0], "carts": [1.0, 90.0, 110.0, 5.0]}
    assert health(idle)[0] < health(SHOPS)[0] - 5


def test_unknown_columns_give_null_components_and_no_loss() -> None:
    table = merchant_health({"likes_claimed": [100.0], "likes_excluded": [90.0]})
    assert table["health"].to_pylist() == [None]
    assert table["contamination"].to_pylist() == [0.9]
    assert table["refunds"].to_pylist() == [None]


def test_an_account_loses_health_with_excluded_likes_and_not_with_held_ones() -> None:
    table = account_health(
        {"likes": [50, 50, 50], "likes_excluded": [0, 5, 50], "likes_held": [50, 0, 0]}
    )
    first, second, third = table["health"].to_pylist()
    assert first == 100
    assert first > second > 90 > third


def test_one_excluded_like_costs_an_account_little() -> None:
    # Design rule 9: discount likes, not accounts.
    assert account_health({"likes": [1], "likes_excluded": [1]})["health"][0].as_py() > 90


def test_a_new_account_is_not_worse_for_being_new() -> None:
    # Design rule 3, T17.
    day_us = 86_400_000_000
    table = account_health(
        {
            "likes": [3, 3],
            "likes_excluded": [0, 0],
            "kinds": [3, 3],
            "first_ts": [0, 0],
            "last_ts": [day_us // 24, 400 * day_us],
            "verified": [None, None],
        }
    )
    new, old = table["health"].to_pylist()
    assert new >= old - 1
    assert table["history"].to_pylist()[0] is None


def test_a_log_of_one_kind_says_nothing_about_variety() -> None:
    table = account_health({"likes": [3, 4], "likes_excluded": [0, 0], "kinds": [1, 1]})
    assert table["variety"].to_pylist() == [None, None]


def test_merchant_order_changes_nothing() -> None:
    turned = {name: values[::-1] for name, values in SHOPS.items()}
    np.testing.assert_array_equal(health(turned), health(SHOPS)[::-1])
