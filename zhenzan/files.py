"""Files and folders that take their place when all of them is on disk, or never do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".unfinished"
"""Ends the name of what is being written; what a killed run left may be removed."""

REPLACING = "unfinished"
"""Name, inside a folder of outputs, of the folder that holds the next ones until all are there."""


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write into; it takes its place when all is on disk, or never does."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(folder.name + UNFINISHED)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    try:
        yield unfinished
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    for path in sorted(unfinished.iterdir()):
        force(path)
    if folder.exists():
        shutil.rmtree(folder)
    unfinished.replace(folder)
    force(folder.parent)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a file to write; it takes its place when all is on disk, or never does."""
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        yield unfinished
        force(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    force(path.parent)


@contextmanager
def outputs_replaced(out: Path, *, kept: str) -> Iterator[Path]:
    """Give a folder to write outputs into; on success they replace those of the same names.

    On failure what ``out`` held stays as it was, and of the new files only ``kept`` remains: in
    ``out`` if that was empty, else in the folder that was given.

    Parameters
    ----------
    kept
        Name of the file that explains a failure.
    """
    folder = out / REPLACING
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        for path in folder.iterdir():
            if path.name != kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if set(out.iterdir()) == {folder} and (folder / kept).exists():
            (folder / kept).replace(out / kept)
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    for path in sorted(folder.iterdir()):
        force(path)
    for path in sorted(folder.iterdir()):
        path.replace(out / path.name)
    folder.rmdir()
    force(out)


def force(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
