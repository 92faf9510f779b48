"""Which version of a folder of models is in use: promotion after a comparison, and the way back.

``current.json`` names the promoted version and is replaced in one step; ``promotions.jsonl`` keeps
every promotion and every step back, and is only appended to (AUD).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhenzan.errors import ModelError
from zhenzan.files import whole_file
from zhenzan.scoring.learned.model import current_version, find_version, load_model
from zhenzan.training.shadow import NONE, digest_of


@dataclass(frozen=True, slots=True)
class Listed:
    """One version of a folder of models."""

    version: str
    promoted: bool
    likes: int
    average_precision: float
    truth: str


def listed(models: Path) -> list[Listed]:
    """List the versions of a folder, by name.

    Raises
    ------
    ModelError
        A version cannot be read.
    """
    current = current_version(models)
    rows = []
    for folder in sorted((models / "versions").glob("*")):
        facts = load_model(models, folder.name).facts
        test = facts["moments"]["settled"]["test"]
        score = test["stronger"]["average_precision"]
        rows.append(
            Listed(
                folder.name, folder.name == current, facts["data"]["likes"], score, test["truth"]
            )
        )
    return rows


def promote(models: Path, version: str, comparison: Path) -> str:
    """Promote a version that was compared with the one in use; return its full name.

    Raises
    ------
    ModelError
        There is no such version, or the comparison is damaged or of other versions.
    """
    name = find_version(models, version).name
    load_model(models, name)
    try:
        plain: dict[str, Any] = json.loads(comparison.read_text("utf-8"))
        found = plain["before"], plain["after"], plain["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the comparison `{comparison}` cannot be read: {error}") from error
    if found[2] != digest_of(plain):
        raise ModelError(f"the comparison `{comparison}` was changed")
    before = current_version(models) or NONE
    if found[:2] != (before, name):
        raise ModelError(
            f"the comparison is of {found[0]} and {found[1]}",
            hint=f"compare {before} and {name}: `zhenzan models compare`",
        )
    _set(models, name, {"act": "promote", "from": before, "to": name, "comparison": found[2]})
    return name


def rollback(models: Path) -> str:
    """Go back to what was in use before the last promotion; return its name, ``none`` for none.

    Raises
    ------
    ModelError
        Nothing is promoted.
    """
    current = current_version(models)
    if current is None:
        raise ModelError(f"no model of `{models}` is promoted")
    # Steps back are undone from the end, so that two of them go back two promotions.
    stack: list[str] = []
    for act in history(models):
        if act["act"] == "promote":
            stack.append(act["from"])
        elif stack:
            stack.pop()
    before = stack[-1] if stack else NONE
    _set(models, before, {"act": "rollback", "from": current, "to": before})
    return before


def history(models: Path) -> list[dict[str, Any]]:
    """Read every promotion and every step back, in order."""
    path = models / "promotions.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _set(models: Path, version: str, act: dict[str, Any]) -> None:
    with (models / "promotions.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(act) + "\n")
    with whole_file(models / "current.json") as new:
        new.write_text(json.dumps({"version": None if version == NONE else version}), "utf-8")
