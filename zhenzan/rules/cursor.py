"""Walks over the tokens of a text, and remembers what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from zhenzan.rules.faults import Source, Span
from zhenzan.rules.tokens import Token


class Broken(Exception):  # noqa: N818  never leaves the parser
    """What was being read cannot be made sense of; its fault is taken down already."""


class Cursor:
    """The tokens of a text with a place in them."""

    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source = source
        self._tokens = tokens
        self._at = 0

    @property
    def now(self) -> Token:
        """Show the token that comes next, without taking it."""
        return self._tokens[self._at]

    @property
    def after(self) -> Token:
        """Show the token behind the next one."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    @property
    def end(self) -> int:
        """Tell where the token that was taken last ends."""
        return self._tokens[self._at - 1].span.end if self._at else 0

    def take(self) -> Token:
        """Take the next token; the end is never passed."""
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def sees(self, *texts: str) -> bool:
        """Tell whether a word or sign comes next."""
        return self.now.shape in ("word", "sign") and self.now.text in texts

    def takes(self, text: str) -> bool:
        """Take a word or sign if it comes next."""
        if self.sees(text):
            self.take()
            return True
        return False

    def need(self, text: str) -> Token:
        """Take a word or sign that must come next."""
        if not self.sees(text):
            self.refuse(f"`{text}`", [text])
        return self.take()

    def word(self, what: str) -> Token:
        """Take any word."""
        if self.now.shape != "word":
            self.refuse(what)
        return self.take()

    def text(self, what: str) -> Token:
        """Take a quoted text."""
        if self.now.shape != "text":
            hint = 'texts stand in double quotes: "like this"'
            self.refuse(what, hint=hint)
        return self.take()

    def refuse(self, wanted: str, words: Iterable[str] = (), hint: str = "") -> None:
        """Take down that something else was expected, and give up on what is being read."""
        token = self.now
        close = difflib.get_close_matches(token.text, list(words), n=1, cutoff=0.6)
        if close and token.text != close[0]:
            hint = f"did you mean `{close[0]}`?"
        self.note("RL004", token.span, f"expected {wanted}, found {token.shown}", hint)
        raise Broken

    def note(self, code: str, span: Span, message: str, hint: str = "") -> None:
        """Take down a fault."""
        self.source.note(code, span, message, hint)

    def skip_to(self, words: frozenset[str], *, lines: bool = False) -> None:
        """Pass over tokens up to one of some words, with ``lines`` to the next line, or the end."""
        while self.now.shape != "end" and not (
            self.now.shape == "word" and (self.now.text in words or (lines and self._begins_line()))
        ):
            self.take()

    def _begins_line(self) -> bool:
        start = self.now.span.start
        text = self.source.text[:start]
        return not text[text.rfind("\n") + 1 :].strip()
