"""Puts rules into a rulebook as analysts do, and brings one that fires in any stream of likes."""

from __future__ import annotations

import json

from zhenzan.rules.book import RuleBook
from zhenzan.rules.canonical import content_hash
from zhenzan.rules.load import load_texts
from zhenzan.rules.tree import Rule

_TEXT = """rule busy_item
  version 1
  owner "tests"
  family target
  valid_from 2020-01-01
  valid_until 2035-01-01
  about "An item that was liked before waits."
  reason "the item was liked within the hour before"
  reason_zh "该条目在此前一小时内已被点赞"
  when
    item_likes_1h >= 2
  then hold
  fires "Two likes within the hour"
    item_likes_1h = 2
  spares "The first like of an item"
    item_likes_1h = 1
"""


def busy_item() -> Rule:
    """Make a rule that holds a like of an item with another like in the hour before."""
    return load_texts({"busy_item": _TEXT}).rules["busy_item"]


def report_of(rule: Rule, **changed: object) -> bytes:
    """Write what a back-test reports of a rule, as far as the book reads it.

    Parameters
    ----------
    changed
        Entries that say something else.
    """
    told = {"rule": rule.name, "version": rule.version, "content": content_hash(rule), "likes": 9}
    return json.dumps({**told, **changed}).encode()


def go_shadow(book: RuleBook, rule: Rule) -> None:
    """Publish a rule that moves nothing yet."""
    book.publish(rule, {}, author="ana", state="shadow")


def go_live(book: RuleBook, rule: Rule) -> None:
    """Publish a rule that ran in shadow, with its report."""
    book.publish(rule, {}, author="ben", state="live", report=report_of(rule))


def publish(book: RuleBook, rule: Rule) -> None:
    """Publish a rule in shadow, and then live."""
    go_shadow(book, rule)
    go_live(book, rule)
