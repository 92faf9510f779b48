"""Looks addresses up in lists of network ranges: hosting, VPN, and who runs a network.

A hit is weak evidence: company networks and private relays stand in such lists too. It never
excludes a like alone (T18).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.errors import SchemaError, SourceError, nearest

UNKNOWN, ORDINARY, HOSTING, VPN = -1, 0, 1, 2

# Later in this table wins where ranges overlap: a VPN exit inside a hosting range is a VPN exit.
_CLASS_OF = {
    "ordinary": ORDINARY,
    "hosting": HOSTING,
    "cloud": HOSTING,
    "datacenter": HOSTING,
    "datacenter_or_vpn": HOSTING,
    "vpn": VPN,
}

_I64 = NDArray[np.int64]


class NetworkRanges:
    """Classes of IPv4 addresses, as flat intervals that do not overlap."""

    def __init__(self, starts: _I64, ends: _I64, classes: NDArray[np.int8]) -> None:
        self._edges, self._classes = _flatten(starts, ends, classes)

    @classmethod
    def read(cls, path: Path) -> NetworkRanges:
        """Read a Parquet table with the columns ip_start, ip_end and kind.

        Raises
        ------
        SourceError
            The file cannot be read.
        SchemaError
            A column is missing, or a kind is unknown.
        """
        table = _read(path, ("ip_start", "ip_end", "kind"))
        words = table["kind"].cast(pa.string()).combine_chunks().dictionary_encode()
        codes = []
        for word in words.dictionary.to_pylist():
            if word not in _CLASS_OF:
                raise SchemaError(
                    f"`{path}` has the unknown network kind `{word}`", hint=nearest(word, _CLASS_OF)
                )
            codes.append(_CLASS_OF[word])
        classes = np.array([*codes, ORDINARY], np.int8)
        indices = words.indices.fill_null(len(codes)).to_numpy(zero_copy_only=False)
        return cls(_whole(table, "ip_start"), _whole(table, "ip_end"), classes[indices])

    def classes_of(self, ipv4: NDArray[np.uint32]) -> NDArray[np.int8]:
        """Give the class of each address; -1 for 0, which stands for no IPv4 address."""
        at = np.searchsorted(self._edges, ipv4.astype(np.int64), side="right") - 1
        found = np.where(at >= 0, self._classes[np.maximum(at, 0)], ORDINARY)
        return np.where(ipv4 == 0, UNKNOWN, found).astype(np.int8)


class Networks:
    """What is known of networks; without tables everything is unknown."""

    def __init__(
        self,
        *,
        ranges: NetworkRanges | None = None,
        asns: AsnRanges | None = None,
        regions: RegionRanges | None = None,
    ) -> None:
        self._ranges = ranges
        self._asns = asns
        self._regions = regions

    @classmethod
    def read(cls, paths: Path | Sequence[Path] | None) -> Networks:
        """Read tables of ranges: `kind` gives their classes, `asn` who runs them, `region` where.

        A table may tell several of them; `country` stands for a region where there is none.
        """
        ranges, asns, regions = None, None, None
        for path in [paths] if isinstance(paths, Path) else paths or ():
            columns = _columns(path)
            if {"region", "country"} & set(columns):
                regions = RegionRanges.read(path)
            if "kind" in columns or not {"asn", "region", "country"} & set(columns):
                ranges = NetworkRanges.read(path)
            elif "asn" in columns:
                asns = AsnRanges.read(path)
        return cls(ranges=ranges, asns=asns, regions=regions)

    @property
    def region_names(self) -> pa.Array:
        """List the regions that ``regions_of`` counts; empty without a table."""
        return pa.array([], pa.string()) if self._regions is None else self._regions.names

    def regions_of(self, ipv4: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Give the place in ``region_names`` of each address; -1 where none is known."""
        if self._regions is None:
            return np.full(len(ipv4), -1, np.int32)
        return self._regions.regions_of(ipv4)

    def classes_of(self, ipv4: NDArray[np.uint32]) -> NDArray[np.int8]:
        """Give the class of each address; -1 where nothing is known."""
        if self._ranges is None:
            return np.full(len(ipv4), UNKNOWN, np.int8)
        return self._ranges.classes_of(ipv4)

    def asn_of(self, ipv4: NDArray[np.uint32]) -> _I64:
        """Give the number of the system behind each address; -1 where none is known."""
        return np.full(len(ipv4), -1, np.int64) if self._asns is None else self._asns.asn_of(ipv4)


class AsnRanges:
    """Which autonomous system announces an IPv4 address."""

    def __init__(self, starts: _I64, ends: _I64, asn: _I64) -> None:
        self._lines = _Lines(starts, ends)
        self._asn = asn

    @classmethod
    def read(cls, path: Path) -> AsnRanges:
        """Read a Parquet table with the columns ip_start, ip_end and asn."""
        table = _read(path, ("ip_start", "ip_end", "asn"))
        return cls(_whole(table, "ip_start"), _whole(table, "ip_end"), _whole(table, "asn"))

    def asn_of(self, ipv4: NDArray[np.uint32]) -> _I64:
        """Give the number of the system behind each address; -1 where none is known."""
        line = self._lines.of(ipv4)
        if not len(self._asn):
            return np.full(len(ipv4), -1, np.int64)
        return np.where(line >= 0, self._asn[line], -1)


class RegionRanges:
    """In which region, or country, an IPv4 address is used."""

    def __init__(self, starts: _I64, ends: _I64, region: pa.Array) -> None:
        coded = region.dictionary_encode()
        self.names = coded.dictionary
        self._lines = _Lines(starts, ends)
        self._region = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)

    @classmethod
    def read(cls, path: Path) -> RegionRanges:
        """Read a Parquet table with the columns ip_start, ip_end and region, or country."""
        name = "region" if "region" in _columns(path) else "country"
        table = _read(path, ("ip_start", "ip_end", name))
        words = table[name].cast(pa.string()).combine_chunks()
        return cls(_whole(table, "ip_start"), _whole(table, "ip_end"), words)

    def regions_of(self, ipv4: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Give the place in ``names`` of each address's region; -1 where none is known."""
        line = self._lines.of(ipv4)
        if not len(self._region):
            return np.full(len(ipv4), -1, np.int32)
        return np.where(line >= 0, self._region[line], -1).astype(np.int32)


class _Lines:
    """Finds the line of a table of ranges that do not overlap, by an address inside it."""

    def __init__(self, starts: _I64, ends: _I64) -> None:
        self._order = np.argsort(starts, kind="stable")
        self._starts, self._ends = starts[self._order], ends[self._order]

    def of(self, ipv4: NDArray[np.uint32]) -> _I64:
        numbers = ipv4.astype(np.int64)
        if not len(self._starts):
            return np.full(len(numbers), -1, np.int64)
        at = np.maximum(np.searchsorted(self._starts, numbers, side="right") - 1, 0)
        inside = (numbers >= self._starts[at]) & (numbers <= self._ends[at]) & (numbers > 0)
        lines: _I64 = np.where(inside, self._order[at], -1)
        return lines


def _read(path: Path, names: tuple[str, ...]) -> pa.Table:
    columns = _columns(path)
    for name in names:
        if name not in columns:
            raise SchemaError(f"`{path}` has no column `{name}`", hint=nearest(name, columns))
    try:
        return pq.read_table(path, columns=list(names))
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def _columns(path: Path) -> list[str]:
    try:
        names: list[str] = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    return names


def _damaged(path: Path, error: Exception) -> SourceError:
    reason = str(error).splitlines()[0].rstrip(".")
    hint = "write the ranges as Parquet"
    return SourceError(f"`{path}` cannot be read as Parquet ({reason})", hint=hint)


def _whole(table: pa.Table, name: str) -> _I64:
    numbers: _I64 = table[name].cast(pa.int64()).combine_chunks().to_numpy(zero_copy_only=False)
    return numbers


def _flatten(starts: _I64, ends: _I64, classes: NDArray[np.int8]) -> tuple[_I64, NDArray[np.int8]]:
    """Cut overlapping ranges into intervals, each with the strongest class that covers it."""
    edges = np.unique(np.concatenate((starts, ends + 1)))
    strongest = np.zeros(len(edges), np.int8)
    for wanted in (HOSTING, VPN):
        mine = classes == wanted
        opened = np.searchsorted(edges, starts[mine])
        closed = np.searchsorted(edges, ends[mine] + 1)
        depth = np.zeros(len(edges) + 1, np.int64)
        np.add.at(depth, opened, 1)
        np.add.at(depth, closed, -1)
        strongest[np.cumsum(depth)[:-1] > 0] = wanted
    if not len(edges):
        return np.zeros(1, np.int64), np.zeros(1, np.int8)
    return edges, strongest
