"""What is under legal hold, and so is never removed."""

from __future__ import annotations

from pathlib import Path

from zhenzan.errors import AccessError


class Hold:
    """Names under legal hold: accounts, users, prefixes of keys, ids of likes, items or groups.

    A name holds whatever carries it, of whatever kind: too much stays rather than too little.

    Examples
    --------
    >>> hold = Hold(frozenset({"ana"}))
    >>> hold.covers("key x (0a1b2c)", "ana"), hold.covers("user ana"), hold.covers("user hana")
    (True, True, False)
    """

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        self.names = names

    def covers(self, *texts: str) -> bool:
        """Say whether a record with these texts is on hold; an actor counts by its name."""
        return any(word in self.names for text in texts for word in _names_in(text))


def read_hold(path: Path | None) -> Hold:
    """Read a list of names, one a line; no file is an empty list.

    Raises
    ------
    AccessError
        The file cannot be read. Then nothing may be removed, since it may be on hold.
    """
    if path is None:
        return Hold()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AccessError(
            f"the list of legal holds `{path}` cannot be read: {reason}",
            hint="nothing is removed until it can; write UTF-8, one name a line",
        ) from error
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return Hold(frozenset(line for line in lines if line.strip()))


def _names_in(text: str) -> tuple[str, ...]:
    """Give a text, and the name within it where it is an actor (``user NAME``, ``key X (P)``)."""
    if text.startswith("user "):
        return text, text.removeprefix("user ")
    if text.startswith("key ") and text.endswith(")"):
        name, _, prefix = text.removeprefix("key ").rpartition(" (")
        return text, name, prefix[:-1]
    return (text,)
