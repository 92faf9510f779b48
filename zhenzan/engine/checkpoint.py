"""Saves and restores the whole state of an engine, or refuses.

A file is: a magic line, the length of a JSON header, the header (hash of the feature list, names
and shapes of arrays), the arrays, and a checksum of all of it. It is written beside its place,
forced to disk, then renamed: a crash leaves the old file or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zhenzan.engine.embedded import EmbeddedEngine
from zhenzan.errors import CheckpointError
from zhenzan.features.spec import Feature

_MAGIC = b"zhenzan engine checkpoint 1\n"
_DIGEST_BYTES = 32


def save(engine: EmbeddedEngine, path: Path) -> None:
    """Write the state of ``engine`` to ``path``, all of it or none."""
    arrays = {name: np.ascontiguousarray(array) for name, array in engine.arrays().items()}
    header = {
        "state_hash": engine.state_hash,
        "arrays": [[name, array.dtype.str, array.size] for name, array in arrays.items()],
    }
    text = json.dumps(header).encode()
    handle, name = tempfile.mkstemp(prefix=path.name + ".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
            parts: list[bytes | memoryview] = [_MAGIC, len(text).to_bytes(8, "little"), text]
            parts += [array.view(np.uint8).data for array in arrays.values()]
            for part in parts:
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def restore(features: Sequence[Feature], path: Path) -> EmbeddedEngine:
    """Make an engine that goes on where the saved one stood.

    Raises
    ------
    CheckpointError
        The file cannot be read, is damaged, or was saved under another feature list.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"checkpoint `{path}` cannot be read: {error.strerror}") from error
    if not content.startswith(_MAGIC):
        raise CheckpointError(f"`{path}` is not an engine checkpoint")
    body, digest = memoryview(content)[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
        raise CheckpointError(
            f"checkpoint `{path}` is damaged: its checksum does not match",
            hint="restore an older one, or replay the log",
        )
    at = len(_MAGIC) + 8
    length = int.from_bytes(body[len(_MAGIC) : at], "little")
    header = json.loads(bytes(body[at : at + length]))
    engine = EmbeddedEngine(features)
    if header["state_hash"] != engine.state_hash:
        raise CheckpointError(
            f"checkpoint `{path}` belongs to feature list {header['state_hash']}, "
            f"not {engine.state_hash}",
            hint="replay the log under the new list",
        )
    at += length
    arrays = {}
    for name, kind, size in header["arrays"]:
        dtype = np.dtype(kind)
        # a copy, since the engine writes to its state
        arrays[name] = np.frombuffer(body, dtype, size, at).copy() if size else np.zeros(0, dtype)
        at += size * dtype.itemsize
    engine.put_back(arrays)
    return engine
