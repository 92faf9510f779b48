"""Looks at the first bytes of a log to learn what it is, whatever its name says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, get_args

from zhenzan.errors import SourceError

Format = Literal["parquet", "csv", "jsonl"]
Compression = Literal["gz", "zst"]

FORMATS: tuple[Format, ...] = get_args(Format)

_TITLES: dict[Format, str] = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSON Lines"}
_ENDINGS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_PACKED: dict[str, Compression] = {".gz": "gz", ".gzip": "gz", ".zst": "zst", ".zstd": "zst"}

# First bytes of files that people hand over by mistake, with what to do instead.
_STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as CSV"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV or Parquet"),
    (b"ARROW1", "an Arrow IPC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"BZh", "bzip2", "compress it with gzip or zstd"),
    (b"\xfd7zXZ", "xz", "compress it with gzip or zstd"),
    (b"\x04\x22\x4d\x18", "LZ4", "compress it with gzip or zstd"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
    (b"\x89PNG", "a picture", "name a log"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)

MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What the name of a file says about its content; None where it says nothing."""

    format: Format | None
    compression: Compression | None


def claim_of(name: str) -> Claim:
    """Read the endings of a file name."""
    endings = [ending.lower() for ending in PurePath(name).suffixes]
    packed = _PACKED.get(endings[-1]) if endings else None
    if packed:
        endings.pop()
    return Claim(_ENDINGS.get(endings[-1]) if endings else None, packed)


def compression_of(head: bytes) -> Compression | None:
    """Tell the compression from the first bytes."""
    for magic, compression in MAGIC.items():
        if head.startswith(magic):
            return compression
    return None


def check_compression(name: str, head: bytes) -> Compression | None:
    """Compare the compression that a name claims with the first bytes.

    Raises
    ------
    SourceError
        The name claims a compression that the bytes do not have, or the other way round.
    """
    claim, found = claim_of(name), compression_of(head)
    if claim.compression and found != claim.compression:
        looks = f".{found}" if found else "plain, not compressed"
        raise SourceError(
            f"`{name}` claims to be .{claim.compression} but looks {looks}",
            hint="rename it after what it is",
        )
    if found and claim.format and not claim.compression:
        raise SourceError(
            f"`{name}` claims to be plain {_TITLES[claim.format]} but looks .{found}",
            hint=f"rename it to `{name}.{found}`",
        )
    return found


def format_of(name: str, head: bytes, *, told: Format | None = None) -> Format:
    """Tell the format from the first unpacked bytes and compare it with what is claimed.

    Raises
    ------
    SourceError
        The content is none of the three formats, or not the one that is claimed.
    """
    claimed = told or claim_of(name).format
    says = f" claims to be {_TITLES[claimed]} but" if claimed else ""
    if not head.strip():
        raise SourceError(f"`{name}` is empty", hint="name a log with at least one line")
    if head.startswith(b"PAR1"):
        found: Format = "parquet"
    else:
        _refuse_strangers(name, head, says)
        found = "jsonl" if _is_json(name, head, says) else "csv"
    if claimed and claimed != found:
        way = f"pass `--format {found}`" if told or name == "-" else f"rename it to .{found}"
        raise SourceError(f"`{name}`{says} looks like {_TITLES[found]}", hint=way)
    return found


def _refuse_strangers(name: str, head: bytes, says: str) -> None:
    for magic, title, way in _STRANGERS:
        if head.startswith(magic):
            raise SourceError(f"`{name}`{says} looks like {title}", hint=way)
    if compression_of(head):
        raise SourceError(f"`{name}`{says} is compressed twice", hint="unpack it once")
    first = head[:4096]
    control = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in first)
    if 20 * control > len(first) + 40:  # text has hardly any control characters
        raise SourceError(
            f"`{name}`{says} looks like binary data",
            hint="name a Parquet, CSV or JSON Lines file",
        )


def _is_json(name: str, head: bytes, says: str) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        rest = text[1:].lstrip()
        if rest[:1] in (b"{", b"[", b"]", b""):
            raise SourceError(
                f"`{name}`{says} looks like one JSON array",
                hint="write one JSON object a line, for instance with `jq -c '.[]'`",
            )
        return False
    if not text.startswith(b"{"):
        return False
    line = text.split(b"\n", 1)[0].strip()
    if line == b"{":
        raise SourceError(
            f"`{name}`{says} looks like one JSON object over several lines",
            hint="write one JSON object a line, for instance with `jq -c`",
        )
    return True
