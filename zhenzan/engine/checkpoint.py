"""Saves and restores the whole state of an engine, or refuses.

A file is: a magic line, the length of a JSON header, the header (what the state belongs to, names
and shapes of arrays), the arrays, and a checksum of all of it. It is written beside its place,
forced to disk, then renamed: a crash leaves the old file or the new one, never half of either.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.errors import CheckpointError
from zhenzan.features.spec import Feature
from zhenzan.files import whole_file

_MAGIC = b"zhenzan engine checkpoint 1\n"
_DIGEST_BYTES = 32
_PIECE_BYTES = 16 << 20
"""Bytes after which what is written is forced to disk. Whoever else syncs a file on that disk waits
for all that is not: behind 200 MiB a sync of a journal took 65 to 90 ms, behind 16 MiB 20 to 40."""


def save(engine: EmbeddedEngine, path: Path) -> None:
    """Write the state of ``engine`` to ``path``, all of it or none."""
    write_state(path, _MAGIC, {"state_hash": engine.state_hash}, engine.arrays())


def restore(features: Sequence[Feature], path: Path) -> EmbeddedEngine:
    """Make an engine that goes on where the saved one stood.

    Raises
    ------
    CheckpointError
        The file cannot be read, is damaged, or was saved under another feature list.
    """
    header, arrays = read_state(path, _MAGIC)
    engine = EmbeddedEngine(features)
    if header["state_hash"] != engine.state_hash:
        raise CheckpointError(
            f"checkpoint `{path}` belongs to feature list {header['state_hash']}, "
            f"not {engine.state_hash}",
            hint="replay the log under the new list",
        )
    engine.put_back(arrays)
    return engine


def write_state(
    path: Path, magic: bytes, header: Mapping[str, object], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write a header and named arrays to ``path``, all of it or none.

    Parameters
    ----------
    magic
        A line that says what kind of state it is.
    header
        What else is to be kept, as JSON.
    """
    packed = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    shapes = [[name, array.dtype.str, list(array.shape)] for name, array in packed.items()]
    text = json.dumps({**header, "arrays": shapes}).encode()
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    parts: list[bytes | memoryview] = [magic, len(text).to_bytes(8, "little"), text]
    parts += [array.reshape(-1).view(np.uint8).data for array in packed.values()]
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        for part in parts:
            for start in range(0, len(part), _PIECE_BYTES):
                piece = part[start : start + _PIECE_BYTES]
                digest.update(piece)
                file.write(piece)
                if len(piece) == _PIECE_BYTES:
                    file.flush()
                    os.fdatasync(file.fileno())
        file.write(digest.digest())


def read_state(path: Path, magic: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what ``write_state`` wrote: the header and the arrays.

    Raises
    ------
    CheckpointError
        The file cannot be read, is damaged, or is of another kind.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint `{path}` cannot be read: {error.strerror}") from error
    if not content.startswith(magic):
        raise CheckpointError(f"`{path}` is no {magic.decode().strip().rstrip(' 0123456789')}")
    body, digest = memoryview(content)[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        raise CheckpointError(
            f"checkpoint `{path}` is damaged: its checksum does not match",
            hint="restore an older one, or replay the log",
        )
    at = len(magic) + 8
    length = int.from_bytes(body[len(magic) : at], "little")
    header = json.loads(bytes(body[at : at + length]))
    at += length
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind, shape in header.pop("arrays"):
        dtype, size = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
        # a copy, since whoever restores writes to its state
        flat = np.frombuffer(body, dtype, size, at).copy() if size else np.zeros(0, dtype)
        arrays[name] = flat.reshape(shape)
        at += size * dtype.itemsize
    return header, arrays
