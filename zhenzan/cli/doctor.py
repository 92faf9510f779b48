"""``zhenzan doctor``: what this installation consists of, and what is missing."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhenzan import __version__
from zhenzan.cli.settings import table

# `name>=1.2; extra == "browser"` as package metadata writes it.
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(?:;.*extra == ['\"]([a-z]+)['\"])?")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Print versions, limits, extras and data paths, and what is missing."""
    found = examine()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    if found["missing"]:
        raise typer.Exit(1)


def examine() -> dict[str, Any]:
    """Gather what the doctor prints; ``missing`` lists what the base install lacks."""
    base, extras = _requirements()
    versions = {name: _version(name) for name in base}
    return {
        "versions": {"zhenzan": __version__, "python": platform.python_version(), **versions},
        "machine": {
            "platform": platform.platform(),
            "cores": os.cpu_count(),
            "memory_bytes": _memory_bytes(),
        },
        "limits": {row["name"]: row["value"] for row in table()},
        "extras": {
            extra: {name: _version(name) for name in names} for extra, names in extras.items()
        },
        "paths": _paths(),
        "missing": sorted(name for name, version in versions.items() if version is None),
    }


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    base: list[str] = []
    own = metadata.metadata("zhenzan")
    extras: dict[str, list[str]] = {name: [] for name in own.get_all("Provides-Extra") or []}
    for line in metadata.requires("zhenzan") or []:
        match = _REQUIREMENT.match(line)
        assert match is not None, line
        name, extra = match.groups()
        (extras[extra] if extra else base).append(name)
    return base, extras


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _paths() -> dict[str, str | None]:
    data = os.environ.get("ZHENZAN_DATA")
    return {
        "python": sys.executable,
        "package": str(Path(__file__).resolve().parent.parent),
        "kernel_cache": os.environ.get("NUMBA_CACHE_DIR", "__pycache__ beside each kernel"),
        "public_data": data,
    }


def _print(found: dict[str, Any]) -> None:
    console = Console()
    for part in ("versions", "machine", "limits", "paths"):
        shown = Table(title=part.capitalize(), title_justify="left", box=None, show_header=False)
        for name, value in found[part].items():
            text = f"{value:,}" if isinstance(value, int | float) else value
            shown.add_row(name, text or "not set" if part == "paths" else text or "missing")
        console.print(shown)
    shown = Table(title="Extras", title_justify="left", box=None, show_header=False)
    for extra, names in found["extras"].items():
        absent = [name for name, version in names.items() if version is None]
        advice = f"lacks {', '.join(absent)}: pip install 'zhenzan[{extra}]'"
        # The brackets are text, not a style of the terminal.
        shown.add_row(extra, advice.replace("[", r"\[") if absent else "installed")
    console.print(shown)
    if found["missing"]:
        console.print(f"missing: {', '.join(found['missing'])}")
