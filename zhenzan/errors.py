"""Everything that can go wrong, as one tree.

ZhenzanError
├── SettingError      a setting has an unknown name or a value outside its limits
├── SourceError       a log cannot be opened, or is not what it claims to be
├── MappingError      a mapping file names something that does not exist
├── SchemaError       a required column is missing or has the wrong type
├── FeatureError      a feature declaration contradicts itself
├── CheckpointError   a checkpoint is damaged or belongs to another feature list
├── DetectorError     a detector breaks its contract
├── RuleError         a rule or a rulebook has faults, each with its place
├── AccessError       a key, user, role or log of access is not what it should be
├── MissingExtra      an optional part is not installed (also an ImportError)
├── JournalError      the journal is damaged where it may not be, or does not fit what reads it
├── Overloaded        more is waiting than may wait; nothing was taken in
├── Unavailable       the service cannot take anything in: it is closing, or its disk failed
├── StoreError        a database cannot be opened, or its tables are not what they should be
├── LedgerError       the count-state ledger is given what does not follow on what it holds
├── WebhookError      a webhook cannot be registered, or its address is not open to us
├── BrokerError       a Kafka broker or its client cannot do what is asked
└── ModelError        a model is damaged, or does not fit this log or this version

Each class has a stable ``code``; the command line exits with 2 on any of them.
Programming mistakes are ``assert``, never one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ZhenzanError(Exception):
    """The root: catch it to catch everything that the product raises on purpose."""

    code = "ZZ000"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class SettingError(ZhenzanError):
    """A setting has an unknown name or a value outside its limits."""

    code = "ZZ001"


class SourceError(ZhenzanError):
    """A log cannot be opened, or is not what it claims to be."""

    code = "ZZ002"


class MappingError(ZhenzanError):
    """A mapping file names something that does not exist."""

    code = "ZZ003"


class SchemaError(ZhenzanError):
    """A required column is missing or has the wrong type."""

    code = "ZZ004"


class FeatureError(ZhenzanError):
    """A feature declaration contradicts itself."""

    code = "ZZ005"


class CheckpointError(ZhenzanError):
    """A checkpoint is damaged or belongs to another feature list."""

    code = "ZZ006"


class DetectorError(ZhenzanError):
    """A detector breaks its contract."""

    code = "ZZ007"


class RuleError(ZhenzanError):
    """A rule or a rulebook has faults; the message shows each with its place and its code."""

    code = "ZZ015"

    def __init__(
        self, message: str, *, hint: str | None = None, faults: tuple[object, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.faults = faults


class AccessError(ZhenzanError):
    """A key, user, role or log of access is not what it should be."""

    code = "ZZ017"


class MissingExtra(ZhenzanError, ImportError):  # noqa: N818  it names what is missing
    """An optional part is not installed; the message names the command that installs it."""

    code = "ZZ008"

    def __init__(self, extra: str, *, package: str) -> None:
        super().__init__(
            f"`{package}` is not installed", hint=f"run `pip install 'zhenzan[{extra}]'`"
        )


class JournalError(ZhenzanError):
    """The journal is damaged where it may not be, or does not fit what reads it."""

    code = "ZZ009"


class Overloaded(ZhenzanError):  # noqa: N818  it says what the service is
    """More is waiting than may wait; nothing of the call was taken in."""

    code = "ZZ010"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(
            "the queue of interactions is full", hint=f"try again in {retry_after_s:.1f} s"
        )
        self.retry_after_s = retry_after_s


class Unavailable(ZhenzanError):  # noqa: N818  it says what the service is
    """The service cannot take anything in: it is closing, or its disk failed."""

    code = "ZZ011"


class StoreError(ZhenzanError):
    """A database cannot be opened, or its tables are not what they should be."""

    code = "ZZ012"


class LedgerError(ZhenzanError):
    """The count-state ledger is given what does not follow on what it holds."""

    code = "ZZ013"


class WebhookError(ZhenzanError):
    """A webhook cannot be registered, or its address is not open to us."""

    code = "ZZ014"


class BrokerError(ZhenzanError):
    """A Kafka broker or its client cannot do what is asked."""

    code = "ZZ016"


class ModelError(ZhenzanError):
    """A model is damaged, or does not fit this log or this version."""

    code = "ZZ018"


def nearest(name: str, valid: Iterable[str]) -> str:
    """Name the valid word nearest to ``name``, as a hint that can end an error message."""
    words = sorted(valid)
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return "valid names: " + ", ".join(f"`{word}`" for word in words)
