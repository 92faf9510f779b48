"""``zhenzan alarms``: what has fallen silent, and who has seen it, asked of a running service."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from zhenzan.cli.telling import AsJson, tell
from zhenzan.errors import AccessError
from zhenzan.settings import KEY_VARIABLE

_Url = Annotated[str, typer.Option("--url", help="Address of the running service.")]
_KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help=f"File with the key; else the variable {KEY_VARIABLE}."),
]
_HERE = "http://127.0.0.1:8300"


def alarms() -> None:
    """List what has fallen silent in a running service, and say that it was seen."""


def list_(url: _Url = _HERE, key_file: _KeyFile = None, as_json: AsJson = False) -> None:
    """List the silence alarms that are on, in both languages; exit 1 where one is not seen yet."""
    from zhenzan.api.asking import ask

    found = ask(url, "/v1/alarms", key=_key(key_file))["alarms"]
    tell(found, "\n".join(_line(alarm) for alarm in found) or "No alarm is on. 没有告警。", as_json)
    if any(alarm["acknowledged"] is None for alarm in found):
        raise typer.Exit(1)


def acknowledge(
    alarm_id: Annotated[str, typer.Argument(help="The alarm, as `list` names it.")],
    note: Annotated[str, typer.Option("--note", help="What is known of the cause.")] = "",
    url: _Url = _HERE,
    key_file: _KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Say that an alarm was seen; the first to say so is kept, and it is in the audit log."""
    from urllib.parse import quote

    from zhenzan.api.asking import ask

    path = f"/v1/alarms/{quote(alarm_id, safe='')}/acknowledge"
    kept = ask(url, path, key=_key(key_file), body={"note": note})
    tell(kept, _line(kept), as_json)


def _key(file: Path | None) -> str:
    key = file.read_text(encoding="utf-8") if file else os.environ.get(KEY_VARIABLE, "")
    if not key.strip():
        raise AccessError("no key was given", hint=f"give `--key-file` or set {KEY_VARIABLE}")
    return key.strip()


def _line(alarm: dict[str, object]) -> str:
    seen = alarm["acknowledged"]
    told = "not seen yet 尚未确认"
    if isinstance(seen, dict):
        told = f"seen 已确认: {seen['actor']}, {seen['at']}, {seen['note']}".rstrip(", ")
    return "\n  ".join(
        [f"{alarm['alarm_id']} since {alarm['since']}", *(str(alarm[n]) for n in _TEXTS), told]
    )


_TEXTS = ("text", "text_zh")

ACTIONS: dict[str, Callable[..., None]] = {"list": list_, "acknowledge": acknowledge}
"""Action to what it does, in the order of the help."""
