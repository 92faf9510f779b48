"""Finds the files that a source names and opens each as what it is."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from zhenzan.errors import SourceError, nearest
from zhenzan.events.sources.chunk import Source
from zhenzan.events.sources.csv import CsvSource
from zhenzan.events.sources.jsonl import JsonlSource
from zhenzan.events.sources.parquet import ParquetSource
from zhenzan.events.sources.sniff import FORMATS, Format, claim_of, format_of
from zhenzan.events.sources.stream import ByteStream, open_stream

STANDARD_INPUT = "-"


def open_sources(spec: str | Path, *, format: str | None = None, spool: Path) -> list[Source]:  # noqa: A002
    """Open a file, every log in a folder, every match of a glob, or standard input (`-`).

    Parameters
    ----------
    spec
        What to open.
    format
        What the content is told to be; None to go by name and content.
    spool
        A folder for Parquet that has to be unpacked before it can be read.

    Raises
    ------
    SourceError
        Nothing is found, or a file is not what it claims to be.
    """
    told = _told(format)
    if str(spec) == STANDARD_INPUT:
        if sys.stdin is None:
            raise SourceError("standard input is closed", hint="name a file, or pipe a log in")
        stream = ByteStream(STANDARD_INPUT, sys.stdin.buffer)
        return [_open(lambda: stream, None, told=told, spool=spool, is_stream=True)]
    return [_open_file(path, told, spool) for path in log_files(str(spec))]


def _told(name: str | None) -> Format | None:
    if name is None:
        return None
    for known in FORMATS:
        if name == known:
            return known
    raise SourceError(f"no format is named `{name}`", hint=nearest(name, FORMATS))


def log_files(spec: str) -> list[Path]:
    """List the files that a source names: the file, the logs in the folder, the matches."""
    path = Path(spec)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.is_file()
            and claim_of(file.name).format
            and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        )
        found = [file for file in found if file.stat().st_size]
        if not found:
            raise SourceError(
                f"the folder `{spec}` holds no log",
                hint="it needs files that end in .parquet, .csv or .jsonl, also with .gz or .zst",
            )
        return found
    if any(symbol in spec for symbol in "*?["):
        root = Path(path.anchor or ".")
        pattern = str(path.relative_to(path.anchor)) if path.anchor else spec
        found = sorted(file for file in root.glob(pattern) if file.is_file())
        if not found:
            raise SourceError(f"nothing matches `{spec}`", hint="quote the pattern in the shell")
        return found
    if path.exists():
        return [path]  # a pipe or a device
    folder = path.parent
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    hint = nearest(path.name, names[:1000]) if names else f"there is no folder `{folder}`"
    if len(hint) > 200:
        hint = "check the path"
    raise SourceError(f"there is no log at `{spec}`", hint=hint)


def _open_file(path: Path, told: Format | None, spool: Path) -> Source:
    is_stream = not path.is_file()
    size = None if is_stream else path.stat().st_size
    if is_stream:
        stream = open_stream(path)
        return _open(lambda: stream, None, told=told, spool=spool, is_stream=True)
    return _open(
        lambda: open_stream(path), size, told=told, spool=spool, is_stream=False, path=path
    )


def _open(
    opened: Callable[[], ByteStream],
    size: int | None,
    *,
    told: Format | None,
    spool: Path,
    is_stream: bool,
    path: Path | None = None,
) -> Source:
    stream = opened()
    try:
        found = format_of(stream.name, stream.head, told=told)
    except SourceError:
        stream.close()
        raise
    if found == "parquet":
        with stream:
            if path is not None and not stream.is_packed:
                return ParquetSource(path)
            with tempfile.NamedTemporaryFile(dir=spool, suffix=".parquet", delete=False) as file:
                shutil.copyfileobj(stream, file, 1 << 20)
            return ParquetSource(Path(file.name), name=stream.name)
    if not is_stream:
        stream.close()
    if found == "csv":
        return CsvSource(opened, size_bytes=size, is_stream=is_stream)
    return JsonlSource(opened, size_bytes=size, is_stream=is_stream)
