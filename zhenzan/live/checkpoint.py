"""Keeps the newest two states of the live service, each with the journal's position it belongs to.

A state is useful only while the ledger has all that came before it: a replay from the state's
position must be able to fill whatever the ledger lost. So a checkpoint is written once the ledger
holds that position durably, and one that the ledger does not reach is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from zhenzan.engine.checkpoint import read_state, write_state
from zhenzan.engine.snapshot import Snapshot
from zhenzan.errors import CheckpointError
from zhenzan.files import whole_file

KEPT = 2
"""Checkpoints kept: the newest, and one to fall back on should it be damaged. They may be of one
position, where nothing came between them."""

_MAGIC = b"zhenzan live checkpoint 1\n"
_SUFFIX = ".checkpoint"
_AGAIN = "-again"
"""Ends the name of a second state of one position."""
_VERSION = "version"


@dataclass(frozen=True, slots=True)
class LiveState:
    """The state of the service after all records before ``position``.

    ``ids`` are the arrays of the duplicate memory and ``put_away`` the files it needs beside
    them; both may know of records from ``position`` on, which does no harm.
    """

    position: int
    version: str
    scorer: Snapshot
    ids: dict[str, NDArray[Any]]
    put_away: tuple[str, ...]
    newest_us: int


def save(folder: Path, state: LiveState) -> None:
    """Write a checkpoint, and remove all but the newest ``KEPT``."""
    folder.mkdir(parents=True, exist_ok=True)
    header = {
        "position": state.position,
        "version": state.version,
        "numbers": state.scorer.numbers,
        "put_away": list(state.put_away),
        "newest_us": state.newest_us,
    }
    arrays = {f"scorer/{name}": array for name, array in state.scorer.arrays.items()}
    arrays |= {f"ids/{name}": array for name, array in state.ids.items()}
    path = folder / f"{state.position:020d}{_SUFFIX}"
    if path.exists() and _is_sound(path, state.version):
        path = path.with_stem(path.stem + _AGAIN)
    write_state(path, _MAGIC, header, arrays)
    for old in kept(folder)[:-KEPT]:
        old.unlink()


def load(path: Path) -> LiveState:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        It is damaged or cannot be read.
    """
    header, arrays = read_state(path, _MAGIC)
    scorer = {k[7:]: v for k, v in arrays.items() if k.startswith("scorer/")}
    ids = {k[4:]: v for k, v in arrays.items() if k.startswith("ids/")}
    return LiveState(
        position=header["position"],
        version=header["version"],
        scorer=Snapshot(scorer, header["numbers"]),
        ids=ids,
        put_away=tuple(header["put_away"]),
        newest_us=header["newest_us"],
    )


def _is_sound(path: Path, version: str) -> bool:
    try:
        return load(path).version == version
    except CheckpointError:
        return False


def newest_sound(
    folder: Path, *, version: str, position_max: int
) -> Iterator[LiveState | CheckpointError]:
    """Give the checkpoints from the newest back, or what is wrong with each.

    Parameters
    ----------
    version
        What the scorer is; a state of another is refused.
    position_max
        The last position that the ledger and the journal reach, plus one.
    """
    for path in reversed(kept(folder)):
        position = _position(path)
        if position > position_max:
            yield CheckpointError(f"the checkpoint at {position:,} lies beyond {position_max:,}")
            continue
        try:
            state = load(path)
        except CheckpointError as error:
            yield error
            continue
        if state.version != version:
            yield CheckpointError(
                f"the checkpoint at {position:,} belongs to version {state.version}, not {version}",
                hint="the journal is replayed under the new one",
            )
            continue
        yield state


def note_version(folder: Path, version: str) -> None:
    """Note in the service's folder which version opened it last: no other state is of use to it."""
    with whole_file(folder / _VERSION) as unfinished:
        unfinished.write_text(version, encoding="ascii")


def opened_by(folder: Path) -> str | None:
    """Give the version that opened a service's folder last; None before the first."""
    path = folder / _VERSION
    return path.read_text(encoding="ascii") if path.exists() else None


def kept(folder: Path) -> list[Path]:
    """List the checkpoints in a folder from the oldest to the newest."""
    found = [path for path in folder.glob(f"*{_SUFFIX}") if _stem(path).isdigit()]
    return sorted(found, key=lambda path: (_position(path), path.stem))


def positions(folder: Path) -> list[int]:
    """List the positions of the checkpoints in a folder, in order; one may be there twice."""
    return [_position(path) for path in kept(folder)]


def _position(path: Path) -> int:
    return int(_stem(path))


def _stem(path: Path) -> str:
    return path.stem.removesuffix(_AGAIN)
