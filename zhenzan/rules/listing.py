"""Lists rules and what they may read, as rows."""

from __future__ import annotations

from pathlib import Path

from zhenzan.rules.book import RuleBook
from zhenzan.rules.load import load_shipped
from zhenzan.rules.names import readables

Row = dict[str, str | int]


def rows_of_book(folder: Path) -> list[Row]:
    """List every version of every rule of a book, with its state."""
    return [
        {
            "rule": f"{standing.name}@{standing.version}",
            "state": standing.state,
            "since": standing.since,
            "author": standing.author,
            "content": standing.content[:12],
        }
        for standing in RuleBook(folder).standings().values()
    ]


def shipped_rows() -> list[Row]:
    """List the rules that come with the product."""
    return [
        {"rule": f"{rule.name}@{rule.version}", "family": rule.family, "about": rule.about}
        for rule in load_shipped().rules.values()
    ]


def readable_rows() -> list[Row]:
    """List everything that a condition may read."""
    return [
        {
            "name": name,
            "type": readable.type.value,
            "families": ", ".join(sorted(family.word for family in readable.families)),
            "known": "settled" if readable.settled else "at once",
            "sentence": readable.sentence,
        }
        for name, readable in sorted(readables().items())
    ]
