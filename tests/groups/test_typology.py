from __future__ import annotations

import numpy as np
import pytest

from zhenzan.groups.schema import BENIGN_KINDS, KINDS
from zhenzan.groups.signs import MINUTES_S, _grain_us
from zhenzan.groups.typology import SIGNS, name_kinds

WIDE = {"own_life": True, "one_owner": False, "tails_off": True, "rotates": True}
"""Many people, of whom a few at a time like what belongs to many owners."""


TRADE = {"reciprocal": True, "own_life": True, "one_owner": False}
"""Members like what other members made, both ways."""


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_that_nobody_knows_says_what_no_sign_says(sign):
    assert name_kinds([{sign: None}]) == name_kinds([{}])


def test_a_group_without_signs_is_no_kind_for_certain():
    [(kind, confidence, benign)] = name_kinds([{}])
    assert kind in KINDS
    assert confidence < 0.5
    assert 0.0 < benign < 1.0


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        (
            {"minutes": True, "device": True, "own_life": False},
            "scripted_farm",
        ),
        (TRADE | {"tails_off": False, "from_birth": False, "a_dozen": False}, "mutual_help_ring"),
        (TRADE | {"tails_off": True, "from_birth": True, "a_dozen": True}, "friends"),
        ({"linked": True, "rotates": True, "one_owner": False}, "reseller_pool"),
        ({"campaign": True, "own_life": True, "minutes": False}, "sanctioned_team"),
        ({"block": True, "own_life": True, "one_owner": False, "tails_off": True}, "dormitory"),
        (
            {"own_life": True, "one_owner": False, "minutes": True, "elsewhere": True},
            "paid_crowd",
        ),
        (WIDE | {"with_others": False}, "page_network"),
        (WIDE | {"with_others": False, "hundreds": True}, "reseller_pool"),
        (WIDE | {"with_others": True, "hundreds": True}, "shared_taste"),
    ],
)
def test_the_signs_of_a_kind_name_it(signs, kind):
    [(named, _, benign)] = name_kinds([signs])
    assert named == kind
    assert (benign > 0.5) == (kind in BENIGN_KINDS)


def test_a_log_of_days_cannot_tell_minutes():
    day = 86_400_000_000
    assert _grain_us(np.array([3, 1, 7]) * day) > MINUTES_S * 1e6
    assert _grain_us(np.array([5, 5, 5]) * day) == 0
    assert _grain_us(np.array([0, 60, 90]) * 1_000_000) == 30_000_000
