"""One table of settings: name, default, limits, sentence.

Precedence: command-line flag, then environment (``ZHENZAN_<NAME>``), then settings file
(YAML), then default. An unknown name is an error with a suggestion. Values are frozen once read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

import yaml

from zhenzan.errors import SettingError, nearest

DATA_VARIABLE = "ZHENZAN_DATA"
"""Where tests and the bench find real data; not a setting."""

DATABASE_VARIABLE = "ZHENZAN_DATABASE_URL"
"""The address of the service's database, which may hold a password; not a setting."""

KEY_VARIABLE = "ZHENZAN_KEY"
"""The key with which the command line asks a running service; not a setting."""

_NO_SETTINGS = (DATA_VARIABLE, DATABASE_VARIABLE, KEY_VARIABLE)

Origin = Literal["flag", "environment", "file", "default"]


def _row(default: float, low: float, high: float, sentence: str) -> float:
    meta = {"low": low, "high": high, "sentence": sentence}
    value: float = field(default=default, metadata=meta)
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """Every number that an operator may change; each has limits and a sentence."""

    batch_rows: int = _row(65_536, 1, 4_194_304, "Interactions scored in one step.")  # type: ignore[assignment]
    lateness_s: int = _row(  # type: ignore[assignment]
        3_600, 0, 604_800, "How far behind the newest interaction a row may come and be in order."
    )
    follow_up_s: int = _row(  # type: ignore[assignment]
        86_400, 0, 604_800, "How long after a like its settled answer waits for what follows."
    )
    duplicate_memory_s: int = _row(  # type: ignore[assignment]
        691_200, 0, 31_536_000, "How long an event id is remembered in memory for duplicates."
    )
    rejects_max: int = _row(  # type: ignore[assignment]
        10_000_000, 0, 1_000_000_000, "Rejected rows kept in the quarantine file."
    )
    ahead_s: int = _row(  # type: ignore[assignment]
        300, 0, 315_360_000, "How far ahead of the service's clock a row may claim to be."
    )
    queue_rows_max: int = _row(  # type: ignore[assignment]
        20_000, 1, 10_000_000, "Interactions that may wait before callers are told to wait."
    )
    group_rows_max: int = _row(  # type: ignore[assignment]
        2_000, 1, 65_536, "Interactions made durable by one sync, and scored in one step."
    )
    uncounted_rows_max: int = _row(  # type: ignore[assignment]
        100_000, 1, 10_000_000, "Answered interactions that may wait for a database that is away."
    )
    duplicate_ids_max: int = _row(  # type: ignore[assignment]
        4_000_000, 1_000, 1_000_000_000, "Event ids in one of the four parts kept in memory."
    )
    checkpoint_rows: int = _row(  # type: ignore[assignment]
        250_000, 1, 1_000_000_000, "Interactions after which the live state is saved again."
    )
    segment_s: int = _row(  # type: ignore[assignment]
        3_600, 60, 604_800, "Event time after which a journal segment becomes history."
    )
    settle_days: int = _row(  # type: ignore[assignment]
        14, 1, 3_650, "Days of history that the settled answer looks at."
    )
    excluded_score_min: float = _row(
        0.7, 0.5, 1.0, "Lowest score at which a like with two families of evidence is excluded."
    )
    held_score_min: float = _row(
        0.3, 0.0, 1.0, "Lowest score at which a like is held for the follow-up window."
    )
    holdout_share: float = _row(
        0.0, 0.0, 0.1, "Share of likes that count whatever their score, to measure honest harm."
    )
    request_rows_max: int = _row(  # type: ignore[assignment]
        1_000, 1, 10_000, "Interactions in one request to the service."
    )
    request_bytes_max: int = _row(  # type: ignore[assignment]
        4_194_304, 1_024, 67_108_864, "Bytes in the body of one request to the service."
    )
    page_rows_max: int = _row(  # type: ignore[assignment]
        1_000, 1, 10_000, "Rows in one page of an answer of the service."
    )
    streams_max: int = _row(  # type: ignore[assignment]
        64, 1, 10_000, "Live views that are open at the same time."
    )
    exports_max: int = _row(  # type: ignore[assignment]
        2, 1, 64, "Bulk exports that run at the same time."
    )
    webhooks_max: int = _row(  # type: ignore[assignment]
        100, 1, 10_000, "Webhooks that may be registered."
    )
    webhook_attempts_max: int = _row(  # type: ignore[assignment]
        12, 1, 100, "Attempts to deliver to a webhook before its message is set aside."
    )
    disk_free_bytes_min: int = _row(  # type: ignore[assignment]
        104_857_600,
        0,
        1_099_511_627_776,
        "Bytes free on the journal's disk below which no work is to be sent.",
    )
    broker_needed: int = _row(  # type: ignore[assignment]
        0, 0, 1, "1 where topics are the only way in: without a broker the service is not ready."
    )
    merchants_are_accounts: int = _row(  # type: ignore[assignment]
        0, 0, 1, "1 where a merchant's id is the id of the account that made its items."
    )
    retention_every_s: int = _row(  # type: ignore[assignment]
        86_400, 0, 31_536_000, "Time between two removals of what is over; 0 for none."
    )
    journal_days: int = _row(  # type: ignore[assignment]
        30, 0, 3_650, "Days that records stay in the journal at least; 0 keeps it for ever."
    )


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> tuple[Settings, dict[str, Origin]]:
    """Read the settings and say where each value came from.

    Raises
    ------
    SettingError
        An unknown name, a value that is not a number, or one outside its limits.
    """
    environment = os.environ if environment is None else environment
    known = {row.name: row for row in fields(Settings)}
    values: dict[str, float] = {}
    origins: dict[str, Origin] = dict.fromkeys(known, "default")
    layers: list[tuple[Origin, Mapping[str, object]]] = [
        ("file", _read_file(file) if file else {}),
        (
            "environment",
            {
                key.removeprefix("ZHENZAN_").lower(): text
                for key, text in environment.items()
                if key.startswith("ZHENZAN_") and key not in _NO_SETTINGS
            },
        ),
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ]
    for origin, layer in layers:
        for name, raw in layer.items():
            if name not in known:
                raise SettingError(f"no setting is named `{name}`", hint=nearest(name, known))
            values[name] = _number(name, raw, known[name].metadata, whole=known[name].type == "int")
            origins[name] = origin
    return Settings(**values), origins  # type: ignore[arg-type]


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise SettingError(f"settings file `{path}` cannot be read: {reason}") from error
    if not isinstance(content, dict):
        raise SettingError(f"settings file `{path}` must hold `name: value` lines")
    return content


def _number(name: str, raw: object, limits: Mapping[str, float], *, whole: bool) -> float:
    try:
        value = float(str(raw))
    except ValueError:
        raise SettingError(f"setting `{name}` needs a number, not `{raw}`") from None
    if not limits["low"] <= value <= limits["high"] or (whole and value != int(value)):
        kind = "whole number" if whole else "number"
        raise SettingError(
            f"setting `{name}` is {raw}",
            hint=f"it must be a {kind} from {limits['low']:,} to {limits['high']:,}",
        )
    return int(value) if whole else value
