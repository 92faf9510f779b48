"""Users, sessions that end, and the one token that makes the first of them."""

from __future__ import annotations

import pytest

from zhenzan.access.first import TOKEN_US, FirstTokens
from zhenzan.access.keys import KeyRing
from zhenzan.access.rate import RateLimits
from zhenzan.access.secret import digest
from zhenzan.access.users import IDLE_US, LIFETIME_US, UserBook
from zhenzan.errors import AccessError

PASSWORD = "correct horse battery"


@pytest.fixture
def book(store, hands) -> UserBook:
    made = UserBook(store, RateLimits(hands), clock=hands)
    made.add("ana", PASSWORD, ["analyst"], by="tests")
    return made


def test_a_right_password_begins_a_session_that_may_read(book):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    who = book.check(done.cookie, None, changes=False)
    assert who is not None
    assert who.roles == {"analyst"}


def test_a_change_needs_the_token_beside_the_cookie(book):
    one, other = book.sign_in("ana", PASSWORD), book.sign_in("ana", PASSWORD)
    assert one is not None and other is not None
    assert book.check(one.cookie, one.csrf, changes=True)
    for wrong in (None, "", "x", one.cookie, other.csrf):
        assert book.check(one.cookie, wrong, changes=True) is None


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong horse battery"), ("bob", PASSWORD)])
def test_a_wrong_name_or_password_begins_nothing(book, name, password):
    assert book.sign_in(name, password) is None


def test_passwords_cannot_be_tried_without_end(book, hands):
    for _ in range(5):
        assert book.sign_in("ana", "wrong horse battery") is None
    with pytest.raises(AccessError, match="too many passwords"):
        book.sign_in("ana", PASSWORD)
    hands.now += 60
    assert book.sign_in("ana", PASSWORD)


def test_a_session_without_requests_ends(book, hands):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    hands.now += IDLE_US / 1e6 - 1
    assert book.check(done.cookie, None, changes=False)
    hands.now += IDLE_US / 1e6 - 1
    assert book.check(done.cookie, None, changes=False)
    hands.now += IDLE_US / 1e6
    assert book.check(done.cookie, None, changes=False) is None


def test_a_session_ends_after_its_time_however_busy_it_is(book, hands):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    steps = int(LIFETIME_US // (IDLE_US // 2))
    for _ in range(steps - 1):
        hands.now += IDLE_US / 2e6
        assert book.check(done.cookie, None, changes=False)
        book.refresh()
    hands.now += IDLE_US / 2e6
    assert book.check(done.cookie, None, changes=False) is None


def test_a_session_outlives_a_restart_and_not_a_sign_out(book, store, hands):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    again = UserBook(store, RateLimits(hands), clock=hands)
    assert again.check(done.cookie, None, changes=False)
    again.sign_out(done.cookie)
    hands.now += 1
    book.refresh()
    for one in (again, book):
        assert one.check(done.cookie, None, changes=False) is None


def test_a_closed_account_lets_nobody_in(book):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    book.close_account("ana", by="tests")
    assert book.check(done.cookie, None, changes=False) is None
    assert book.sign_in("ana", PASSWORD) is None


def test_neither_password_nor_cookie_nor_token_stands_in_the_store(book, everything):
    done = book.sign_in("ana", PASSWORD)
    assert done is not None
    told = everything()
    for secret in (PASSWORD, done.cookie, done.csrf):
        assert secret.encode() not in told
    assert digest(done.cookie).encode() in told
    assert b"$argon2id$" in told


def test_a_short_password_is_refused(book):
    with pytest.raises(AccessError, match="at least 12"):
        book.add("eve", "short", ["viewer"], by="tests")


def test_the_first_token_makes_one_administrator_once(store, hands):
    book, first = UserBook(store, RateLimits(hands), clock=hands), FirstTokens(store, clock=hands)
    token = first.make()
    assert token is not None
    with pytest.raises(AccessError):
        book.begin(token + "x", "root", PASSWORD)
    book.begin(token, "root", PASSWORD)
    done = book.sign_in("root", PASSWORD)
    assert done is not None and done.identity.roles == {"admin"}
    with pytest.raises(AccessError, match="opens nothing"):
        book.begin(token, "second", PASSWORD)
    with pytest.raises(AccessError, match="opens nothing"):
        KeyRing(store, clock=hands).begin(token)
    assert first.make() is None


def test_the_first_token_makes_one_key_once(store, hands):
    ring, first = KeyRing(store, clock=hands), FirstTokens(store, clock=hands)
    token = first.make()
    assert token is not None
    who = ring.check(ring.begin(token))
    assert who is not None and who.roles == {"admin"}
    with pytest.raises(AccessError, match="opens nothing"):
        ring.begin(token)
    assert len(ring.all_keys()) == 1


def test_a_first_token_gives_way_to_another_and_to_time(store, hands):
    ring, first = KeyRing(store, clock=hands), FirstTokens(store, clock=hands)
    lost, late = first.make(), first.make()
    assert lost is not None and late is not None and lost != late
    with pytest.raises(AccessError):
        ring.begin(lost)
    hands.now += TOKEN_US / 1e6
    with pytest.raises(AccessError):
        ring.begin(late)
    assert not ring.all_keys()


def test_a_store_without_users_has_no_password_that_opens_it(store, hands):
    book = UserBook(store, RateLimits(hands), clock=hands)
    for name in ("admin", "root", "zhenzan", ""):
        assert book.sign_in(name, name or "admin") is None
