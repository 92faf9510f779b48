"""Keys are shown once, kept as hashes, and open nothing before, after or beside their time."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from zhenzan.access.keys import KeyRing
from zhenzan.access.rate import RateLimits
from zhenzan.errors import AccessError
from zhenzan.store.tables.access import API_KEYS, AUDIT_LOG


def test_a_key_opens_what_its_roles_say(store, hands):
    ring = KeyRing(store, clock=hands)
    text = ring.make("ingest", ["operator", "viewer"], by="ana", rate_per_s=7)
    who = ring.check(text)
    assert who is not None
    assert who.roles == {"operator", "viewer"}
    assert who.rate_per_s == 7
    assert who.merchant_id is None


def test_the_key_itself_stands_nowhere_in_the_store(store, hands, everything):
    text = KeyRing(store, clock=hands).make("ingest", ["operator"], by="ana")
    told = everything()
    assert text.rsplit("_", 1)[-1].encode() not in told
    assert text.split("_")[1].encode() in told


@pytest.mark.parametrize("wrong", ["", "zz_", "zz_abc", "Bearer x", "zz_000000000000_" + "x" * 43])
def test_what_is_no_key_opens_nothing(store, hands, wrong):
    ring = KeyRing(store, clock=hands)
    ring.make("ingest", ["operator"], by="ana")
    assert ring.check(wrong) is None


def test_a_prefix_with_another_secret_opens_nothing(store, hands):
    ring = KeyRing(store, clock=hands)
    one, other = (ring.make(name, ["viewer"], by="ana") for name in ("one", "other"))
    mixed = one[:16] + other[16:]
    assert ring.check(one) and ring.check(other)
    assert ring.check(mixed) is None


def test_an_expired_key_opens_nothing(store, hands):
    ring = KeyRing(store, clock=hands)
    text = ring.make("ingest", ["operator"], by="ana", days=2)
    hands.now += 2 * 86_400 - 1
    assert ring.check(text)
    hands.now += 1
    assert ring.check(text) is None


def test_a_revoked_key_opens_nothing_here_at_once_and_elsewhere_after_a_refresh(store, hands):
    ring, elsewhere = KeyRing(store, clock=hands), KeyRing(store, clock=hands)
    text = ring.make("ingest", ["operator"], by="ana")
    elsewhere.refresh()
    assert elsewhere.check(text)
    ring.revoke(text.split("_")[1], by="ben")
    assert ring.check(text) is None
    elsewhere.refresh()
    assert elsewhere.check(text) is None
    with pytest.raises(AccessError):
        ring.revoke(text.split("_")[1], by="ben")


@pytest.mark.parametrize(
    ("roles", "merchant"),
    [
        ([], None),
        (["viewr"], None),
        (["merchant"], None),
        (["viewer"], "m1"),
        (["merchant", "viewer"], "m1"),
    ],
)
def test_roles_that_do_not_fit_together_are_refused(store, hands, roles, merchant):
    with pytest.raises(AccessError):
        KeyRing(store, clock=hands).make("x", roles, by="ana", merchant_id=merchant)


def test_making_and_revoking_are_in_the_audit_log(store, hands):
    ring = KeyRing(store, clock=hands)
    text = ring.make("ingest", ["operator"], by="ana")
    ring.revoke(text.split("_")[1], by="ben")
    with store.reading() as connection:
        rows = connection.execute(select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq)).all()
        keys = connection.execute(select(API_KEYS)).all()
    assert [(r.actor, r.action) for r in rows] == [("ana", "make key"), ("ben", "revoke key")]
    assert len(keys) == 1


def test_a_rate_lets_a_burst_through_and_then_its_rate(hands):
    rates = RateLimits(hands)
    taken = [rates.take("k", rate_per_s=2, burst=3) for _ in range(4)]
    assert taken[:3] == [0.0, 0.0, 0.0]
    assert taken[3] == pytest.approx(0.5)
    hands.now += 0.5
    assert rates.take("k", rate_per_s=2, burst=3) == 0.0
    assert rates.take("k", rate_per_s=2, burst=3) > 0
    assert rates.take("other", rate_per_s=2, burst=3) == 0.0
    hands.now += 1_000
    assert [rates.take("k", rate_per_s=2, burst=3) == 0.0 for _ in range(4)] == [1, 1, 1, 0]


def test_a_clock_that_runs_back_gives_nothing_away(hands):
    rates = RateLimits(hands)
    for _ in range(3):
        rates.take("k", rate_per_s=1, burst=3)
    hands.now -= 100
    assert rates.take("k", rate_per_s=1, burst=3) > 0
