"""Words, numbers and times of one language; every text of the report comes through here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

from zhenzan.glossary import (
    FAMILIES,
    GROUP_KINDS,
    GROUP_ROLES,
    LANGUAGE_TAGS,
    WORDS,
    Language,
)

MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_NONE = "–"
_COMPACT: dict[Language, list[tuple[float, str]]] = {
    "en": [(1e9, "B"), (1e6, "M"), (1e3, "k")],
    "zh": [(1e8, "亿"), (1e4, "万")],
}
"""Large numbers are grouped by thousands in English and by ten thousands in Chinese."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER_FROM = 6
"""Zeros from which a probability is written as a power of ten."""

POWERS_MAX: Final = 40
"""Powers of ten beyond which a probability is written no smaller: there the model of chance is
less certain than the number that it gives."""

CLEAR_MIN: Final = 0.5
"""Confidence from which a kind of group is named outright: more likely than all others."""

Value = str | int | float | None


class Wording:
    """Says things in one language.

    Examples
    --------
    >>> Wording("en").say("likes_n", count=1), Wording("en").say("likes_n", count=2_000)
    ('1 like', '2,000 likes')
    >>> Wording("zh").compact(52_000)
    '5.2万'
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.tag = LANGUAGE_TAGS[language]
        self._messages = messages(language)

    def say(self, key: str, count: int | None = None, **values: Value) -> str:
        """Give the message named ``key`` with its values filled in.

        Numbers among the values are written the way the language writes them; ``count`` picks
        the singular or the plural and is itself available as ``{count}``.
        """
        message = self._messages[key]
        if isinstance(message, dict):
            message = message["one" if count == 1 and "one" in message else "other"]
        if count is not None:
            values["count"] = count
        written = {
            name: self.number(value) if isinstance(value, int | float) else value
            for name, value in values.items()
        }
        return message.format(**written) if written else message

    def has(self, key: str) -> bool:
        """Say whether a message of this name exists."""
        return key in self._messages

    def word(self, key: str) -> str:
        """Give a fixed word of the glossary."""
        return WORDS[key].text(self.language)

    def meaning(self, key: str) -> str:
        """Give the meaning of a fixed word."""
        return WORDS[key].meaning(self.language)

    def family(self, key: str) -> str:
        """Give the name of an evidence family; an unknown one stays as it is."""
        return FAMILIES[key].text(self.language) if key in FAMILIES else key

    def group_word(self, key: str) -> str:
        """Give the name of a kind of group or of a role in one; an unknown one stays as it is."""
        named = GROUP_KINDS | GROUP_ROLES
        return named[key].text(self.language) if key in named else key

    def group_kind(self, row: Mapping[str, Any]) -> str:
        """Name the kind of a group with its confidence; no name stands where doubt is greater."""
        part, word = self.percent(row["confidence"]), self.group_word(row["kind"])
        if row["confidence"] < CLEAR_MIN and not row["benign"]:
            return self.say("kind_unclear", kind=word, part=part)
        return f"{word} · {self.say('confidence', part=part)}"

    def group_meaning(self, key: str) -> str:
        """Give the meaning of a kind of group or of a role in one; empty where unknown."""
        named = GROUP_KINDS | GROUP_ROLES
        return named[key].meaning(self.language) if key in named else ""

    def chance(self, log10: float) -> str:
        """Write a small probability, given its logarithm, rounded up so that it stays a bound."""
        if not math.isfinite(log10) or log10 < -POWERS_MAX:
            log10 = -POWERS_MAX
        if log10 > -_POWER_FROM:
            return self.say("chance_one_in", n=max(1, math.floor(10**-log10 + 1e-9)))
        return "10" + f"{math.ceil(log10 - 1e-9)}".translate(_RAISED)

    def number(self, value: float | None, *, digits: int | None = None) -> str:
        """Write a number in full, grouped; fractions with three significant digits."""
        if value is None or not math.isfinite(value):
            return _NONE
        if digits is None:
            whole = value == int(value) or abs(value) >= 1_000
            digits = 0 if whole else max(0, 2 - math.floor(math.log10(abs(value))))
            if not whole:
                return f"{value:,.{min(digits, 6)}f}".rstrip("0").rstrip(".")
        return f"{value:,.{digits}f}"

    def compact(self, value: float) -> str:
        """Write a number short, for an axis."""
        for size, unit in _COMPACT[self.language]:
            if abs(value) >= size:
                return f"{value / size:.3g}{unit}"
        return self.number(value)

    def percent(self, part: float | None, whole: float | None = 1) -> str:
        """Write a part of a whole as a percentage; small parts keep their size."""
        if part is None or not whole or not math.isfinite(part):
            return _NONE
        value = 100 * part / whole
        if 0 < value < 0.1:
            return "<0.1%"
        if 99.9 < value < 100:
            return ">99.9%"
        return f"{value:.1f}".removesuffix(".0") + "%"

    def day(self, ts_us: int | None) -> str:
        """Write a date."""
        moment = _moment(ts_us)
        if moment is None:
            return _NONE
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月{moment.day}日"
        return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"

    def time(self, ts_us: int | None, *, seconds: bool = False) -> str:
        """Write a date with the time of day, UTC."""
        moment = _moment(ts_us)
        if moment is None:
            return _NONE
        clock = f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"
        return (
            f"{self.day(ts_us)} {clock}" if self.language == "zh" else f"{self.day(ts_us)}, {clock}"
        )

    def tick(self, ts_us: int, *, span_us: int) -> str:
        """Write a time as short as an axis of this span allows."""
        moment = _moment(ts_us)
        if moment is None:
            return _NONE
        chinese = self.language == "zh"
        date = (
            f"{moment.month}月{moment.day}日"
            if chinese
            else f"{moment.day} {MONTHS[moment.month - 1]}"
        )
        if span_us > 400 * 86_400_000_000:
            return (
                f"{moment.year}年{moment.month}月"
                if chinese
                else f"{MONTHS[moment.month - 1]} {moment.year}"
            )
        if span_us > 6 * 86_400_000_000:
            return date
        clock = f"{moment:%H:%M:%S}" if span_us < 600_000_000 else f"{moment:%H:%M}"
        return f"{date} {clock}"

    def duration(self, seconds: float) -> str:
        """Write a length of time in its largest sensible unit."""
        for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
            if seconds >= size:
                return self.say(f"duration_{unit}", count=round(seconds / size))
        return self.say("duration_seconds", count=round(seconds))


def messages(language: Language) -> dict[str, str | dict[str, str]]:
    """Read the catalogue of one language."""
    file = resources.files("zhenzan.insight") / "locale" / f"{language}.json"
    catalogue: dict[str, str | dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return catalogue


def _moment(ts_us: int | None) -> datetime | None:
    """Turn microseconds into a time; None where the calendar does not reach."""
    if ts_us is None:
        return None
    try:
        return datetime.fromtimestamp(ts_us // 1_000_000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return None
