"""What an audit keeps between runs: whole or absent, and only for what it was begun with.

In the output folder lies ``.audit``: a manifest that says what the audit was begun with, the
coded likes of the history, and one numbered folder per finished window. Each folder is written
beside its place, forced to disk and then renamed, so that a killed run leaves whole folders only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from zhenzan.errors import CheckpointError
from zhenzan.files import UNFINISHED, whole_file

_CHUNK_BYTES = 1 << 20
_DIGEST_BYTES = 16


class State:
    """The folder of one audit's state."""

    def __init__(self, out: Path) -> None:
        self.folder = out / ".audit"
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.rglob(f"*{UNFINISHED}"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    @property
    def history(self) -> Path:
        """Name the folder of the coded likes."""
        return self.folder / "history"

    def manifest(self) -> dict[str, Any] | None:
        """Read what the audit was begun with; None for a new one.

        Raises
        ------
        CheckpointError
            The manifest is damaged.
        """
        path = self.folder / "manifest.json"
        if not path.is_file():
            return None
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CheckpointError(f"`{path}` is damaged: {error}") from error
        return content

    def begin(self, manifest: dict[str, Any]) -> None:
        """Write what the audit is begun with."""
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        with whole_file(self.folder / "manifest.json") as path:
            path.write_text(text, encoding="utf-8")

    def windows(self) -> list[Path]:
        """List the folders of the finished windows, in order."""
        return sorted((self.folder / "windows").glob("[0-9]*[0-9]"))

    def window(self, index: int) -> Path:
        """Name the folder of one window."""
        return self.folder / "windows" / f"{index:06d}"


def agree(known: dict[str, Any], wanted: dict[str, Any], *, out: Path) -> None:
    """Refuse to continue an audit that was begun with something else.

    Raises
    ------
    CheckpointError
        A part of the two manifests differs; the message names it.
    """
    for name in sorted(known.keys() | wanted.keys()):
        if known.get(name) != wanted.get(name):
            raise CheckpointError(
                f"the audit in `{out}` was begun with {name} {_shown(known.get(name))}, "
                f"not {_shown(wanted.get(name))}",
                hint="name another folder with `--out`, or begin with what it was begun with",
            )


def _shown(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 120 else text[:117] + "..."


def file_digest(path: Path | None) -> str | None:
    """Give a short digest of all bytes of a file; None for none."""
    if path is None:
        return None
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
