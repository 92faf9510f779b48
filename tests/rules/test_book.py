"""The rulebook: nothing goes live untried, nothing is rewritten, and a stop is one command."""

from __future__ import annotations

from pathlib import Path

import pytest

from zhenzan.errors import RuleError
from zhenzan.rules import tree
from zhenzan.rules.book import RuleBook, Watched
from zhenzan.rules.canonical import content_hash
from zhenzan.rules.hot import HotRules
from zhenzan.rules.load import load_shipped, load_texts
from zhenzan.rules.ruleset import Mode
from zhenzan.testing.published import publish, report_of

SHIPPED = load_shipped().rules
RULE = SHIPPED["phone_wall"]


class Hands:
    """A clock that moves on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def book(tmp_path: Path) -> RuleBook:
    return RuleBook(tmp_path / "book", clock=Hands())


def version(rule: tree.Rule, number: int, **changed: object) -> tree.Rule:
    import dataclasses

    return dataclasses.replace(rule, version=number, **changed)  # type: ignore[arg-type]


def code_of(caught: pytest.ExceptionInfo[RuleError]) -> str:
    return caught.value.faults[0].code  # type: ignore[attr-defined]


def test_a_rule_runs_in_shadow_first_and_goes_live_with_its_report(book):
    publish(book, RULE)
    standing = book.standings()["phone_wall", 1]
    assert (standing.state, standing.author) == ("live", "ben")
    assert [record.action for record in book.records()] == ["publish", "publish"]
    (rule,) = book.rule_set().rules
    assert rule.mode == Mode.LIVE
    assert rule.content == content_hash(RULE)


def test_a_rule_that_was_never_in_shadow_does_not_go_live(book):
    with pytest.raises(RuleError) as caught:
        book.publish(RULE, {}, author="ana", state="live", report=report_of(RULE))
    assert code_of(caught) == "RL031"
    assert book.records() == []


@pytest.mark.parametrize(
    "report",
    [
        None,
        b"",
        b"[]",
        b"{}",
        report_of(RULE, content="x"),
        report_of(RULE, version=2),
        report_of(RULE, likes=0),
        report_of(SHIPPED["likes_unseen"]),
    ],
)
def test_a_rule_goes_live_only_with_a_report_of_this_very_content(book, report):
    book.publish(RULE, {}, author="ana", state="shadow")
    with pytest.raises(RuleError) as caught:
        book.publish(RULE, {}, author="ana", state="live", report=report)
    assert code_of(caught) == "RL032"
    assert book.standings()["phone_wall", 1].state == "shadow"


def test_a_published_version_keeps_its_content(book):
    book.publish(RULE, {}, author="ana", state="shadow")
    with pytest.raises(RuleError) as caught:
        book.publish(version(RULE, 1, reason="other"), {}, author="ana", state="shadow")
    assert code_of(caught) == "RL030"


def test_versions_follow_each_other_and_one_is_live(book):
    publish(book, version(RULE, 2))
    with pytest.raises(RuleError) as caught:
        book.publish(RULE, {}, author="ana", state="shadow")
    assert code_of(caught) == "RL030"
    publish(book, version(RULE, 3))
    states = {number: s.state for (_, number), s in book.standings().items()}
    assert states == {2: "retired", 3: "live"}
    with pytest.raises(RuleError):
        book.publish(version(RULE, 2), {}, author="ana", state="shadow")


@pytest.mark.parametrize("name", ["phone_wall", ""])
def test_one_command_stops_a_rule_or_all_before_the_next_batch(book, name):
    publish(book, RULE)
    book.publish(SHIPPED["likes_unseen"], {}, author="ana", state="shadow")
    watched = Watched(book)
    hot = HotRules(["device_accounts_24h", "device_likes_1h", "account_item_views_24h",
                    "item_views_24h", "account_likes_24h", "account_views_24h"])  # fmt: skip
    first = watched.changed()
    assert first is not None
    hot.swap(first)
    assert len(hot.current) == 2
    assert watched.changed() is None
    book.stop(name, author="ben", note="it caught newcomers")
    after = watched.changed()
    assert after is not None
    hot.swap(after)
    assert len(hot.current) == (1 if name else 0)
    assert book.standings()["phone_wall", 1].state == "stopped"
    assert book.records()[-1].note == "it caught newcomers"


def test_what_was_stopped_goes_live_again_only_with_a_report(book):
    publish(book, RULE)
    book.stop("phone_wall", author="ben")
    with pytest.raises(RuleError) as caught:
        book.publish(RULE, {}, author="ana", state="live")
    assert code_of(caught) == "RL032"
    book.publish(RULE, {}, author="ana", state="live", report=report_of(RULE))
    assert book.standings()["phone_wall", 1].state == "live"


def test_every_version_of_a_text_can_be_read_again(book):
    publish(book, RULE)
    publish(book, version(RULE, 2, reason="another reason"))
    for number in (1, 2):
        text = book.text_of("phone_wall", number)
        again = load_texts({"x": text}).rules["phone_wall"]
        assert again.version == number


def test_a_text_that_was_changed_afterwards_is_refused(book, tmp_path):
    publish(book, RULE)
    path = tmp_path / "book" / "texts" / f"{content_hash(RULE)}.rule"
    path.write_text(path.read_text().replace("1.5 nats", "2.5 nats"))
    with pytest.raises(RuleError) as caught:
        book.rule_set()
    assert code_of(caught) == "RL034"


def test_a_line_cut_off_by_a_crash_was_never_done(book, tmp_path):
    publish(book, RULE)
    history = tmp_path / "book" / "history.jsonl"
    with history.open("ab") as file:
        file.write(b'{"seq": 3, "at": "2023')
    assert len(book.records()) == 2
    book.stop("", author="ben")
    assert [record.seq for record in book.records()] == [1, 2, 3]


@pytest.mark.parametrize("line", ["{}", "[]", "x", '{"seq": 1}'])
def test_a_damaged_history_is_told_and_not_passed_over(book, tmp_path, line):
    publish(book, RULE)
    history = tmp_path / "book" / "history.jsonl"
    history.write_text(line + "\n" + history.read_text())
    with pytest.raises(RuleError) as caught:
        book.rule_set()
    assert code_of(caught) == "RL034"


def test_a_list_is_kept_in_every_content_it_had(book):
    text = """
    rule watched version 1 owner "x" family target valid_from 2026-01-01 valid_until 2027-01-01
    reason "a" reason_zh "b" when merchant in watched_shops then hold
    fires "f" merchant = "m1" spares "s" merchant = "m2"
    list watched_shops of merchant owner "x" entry "m1" until 2026-06-01 {more}
    """
    for more in ("", 'entry "m3" until 2026-07-01', 'entry "m3" until 2026-07-01'):
        loaded = load_texts({"x": text.format(more=more)})
        book.publish(loaded.rules["watched"], loaded.lists, author="ana", state="shadow")
    assert [record.action for record in book.records()].count("list") == 2
    assert len(book.rule_set()) == 1


def test_an_unknown_name_cannot_be_stopped_or_undone(book):
    publish(book, RULE)
    for wrong in (
        lambda: book.stop("phone_wal", author="ben"),
        lambda: book.note_undo("phone_wall", 7, author="ben", note=""),
    ):
        with pytest.raises(RuleError) as caught:
            wrong()
        assert code_of(caught) == "RL033"
