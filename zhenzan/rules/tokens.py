"""Cuts the text of a rule into words, numbers, texts and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from zhenzan.errors import nearest
from zhenzan.rules.faults import Source, Span
from zhenzan.rules.limits import TEXT_CHARS_MAX

Shape = Literal["word", "number", "date", "text", "sign", "end"]

UNITS: tuple[str, ...] = ("ms", "s", "m", "h", "d", "%", "nats")
"""What may stand behind a number: durations (m is minutes), a share, a weight of evidence."""

SIGNS: tuple[str, ...] = ("!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "(", ")", "[", "]",
                          ",")  # fmt: skip

_BLANK = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"#[^\n]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z)?(?![\w-])")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNIT = re.compile(r"[ \t]*%|[ \t]*(?:nats|ms|s|m|h|d)\b|[A-Za-z_][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEANT = {"&": "and", "|": "or", "!": "not", "，": ",", "（": "(", "）": ")", "≥": ">=", "≤": "<="}
_UNIT_WORDS = (
    (("days", "day"), "d"),
    (("hours", "hour", "hr"), "h"),
    (("minutes", "minute", "mins", "min"), "m"),
    (("seconds", "second", "secs", "sec"), "s"),
    (("percent", "pct"), "%"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: its shape, what it says, and where it stands."""

    shape: Shape
    text: str
    span: Span
    unit: str = ""

    @property
    def shown(self) -> str:
        """Write the token as a message shows it."""
        if self.shape == "end":
            return "the end of the text"
        return f"`{self.text}{self.unit}`" if self.shape != "text" else f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, without its sign and the blanks around it."""

    text: str
    start: int


def tokenize(source: Source) -> tuple[list[Token], list[Comment]]:
    """Cut the text; faults go to ``source``, and what is not understood is skipped."""
    tokens: list[Token] = []
    comments: list[Comment] = []
    text, at = source.text, 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        comment = _COMMENT.match(text, at)
        if blank:
            at = blank.end()
        elif comment:
            comments.append(Comment(_cleaned(comment.group()[1:]), at))
            at = comment.end()
        else:
            token, at = _token(source, at)
            if token is not None:
                tokens.append(token)
    tokens.append(Token("end", "", Span(len(text), len(text))))
    return tokens, comments


def _cleaned(comment: str) -> str:
    return _CONTROL.sub(" ", comment.replace("\t", " ")).strip()


def _token(source: Source, at: int) -> tuple[Token | None, int]:
    text = source.text
    if text[at] == '"':
        return _text(source, at)
    date = _DATE.match(text, at)
    if date:
        return Token("date", date.group(), Span(at, date.end())), date.end()
    if text[at].isascii() and text[at].isdigit():
        return _number(source, at)
    word = _WORD.match(text, at)
    if word:
        return Token("word", word.group(), Span(at, word.end())), word.end()
    for sign in SIGNS:
        if text.startswith(sign, at):
            return Token("sign", sign, Span(at, at + len(sign))), at + len(sign)
    return _strange(source, at)


def _strange(source: Source, at: int) -> tuple[Token | None, int]:
    """Take down characters that the language does not have, and read on as if they were right."""
    end = at + 1
    meant = _MEANT.get(source.text[at])
    if meant is not None:
        end += source.text[end : end + 1] == source.text[at]
        span = Span(at, end)
        source.note(
            "RL001", span, f"the language has no `{source.text[at:end]}`", f"write `{meant}`"
        )
        return Token("word" if meant.isalpha() else "sign", meant, span), end
    while end < len(source.text) and not (source.text[end].isascii() or end - at > 40):
        end += 1
    shown = ascii(source.text[at])[1:-1] if not source.text[at].isprintable() else source.text[at]
    hint = 'texts stand in double quotes: "like this"' if source.text[at] in "'“”‘’" else ""
    source.note("RL001", Span(at, end), f"the language has no `{shown}`", hint)
    return None, end


def _number(source: Source, at: int) -> tuple[Token | None, int]:
    match = _NUMBER.match(source.text, at)
    assert match is not None, "the caller saw a digit"
    unit = _UNIT.match(source.text, match.end())
    word, end = (unit.group().strip(), unit.end()) if unit else ("", match.end())
    if word and word not in UNITS:
        message = f"`{word}` is no unit"
        meant = next((u for words, u in _UNIT_WORDS if word.lower() in words), None)
        hint = f"write `{meant}`" if meant else nearest(word, UNITS)
        source.note("RL003", Span(match.end(), end), message, hint)
        word = ""
    whole, _, fraction = match.group().partition(".")
    if len(whole) > 15 or len(fraction) > 9:
        message = "a number has at most 15 digits before its point and 9 behind it"
        source.note("RL003", Span(at, match.end()), message)
        whole, fraction = "0", ""
    digits = (whole.lstrip("0") or "0") + ("." + fraction if fraction.rstrip("0") else "")
    digits = digits.rstrip("0") if "." in digits else digits
    return Token("number", digits, Span(at, end), word), end


def _text(source: Source, at: int) -> tuple[Token, int]:
    text, parts, end = source.text, [], at + 1
    while end < len(text) and text[end] not in '"\n':
        if text[end] == "\\":
            if text[end + 1 : end + 2] not in ('"', "\\"):
                span = Span(end, end + 2)
                source.note("RL002", span, "no such escape", 'there are two: `\\"` and `\\\\`')
            end += 1
        parts.append(text[end : end + 1])
        end += 1
    content = "".join(parts)
    if text[end : end + 1] != '"':
        source.note("RL002", Span(at, end), "a text has no closing quote on its line")
        return Token("text", content, Span(at, end)), end
    end += 1
    if _CONTROL.search(content):
        source.note("RL002", Span(at, end), "a text holds a control character")
    if len(content) > TEXT_CHARS_MAX:
        message = f"a text has at most {TEXT_CHARS_MAX} characters, this one has {len(content)}"
        source.note("RL013", Span(at, end), message)
    return Token("text", content, Span(at, end)), end
