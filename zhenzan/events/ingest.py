"""Reads a log from its files to batches: the entry point of this folder."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from zhenzan.clock import SECOND_US
from zhenzan.errors import SourceError
from zhenzan.events.batch import LogBatch
from zhenzan.events.binding import Binding
from zhenzan.events.canonical import NUMBERS, STRINGS
from zhenzan.events.counts import IngestCounts
from zhenzan.events.duplicates import CONFLICTING, NEW, Duplicates
from zhenzan.events.encode import Encoder
from zhenzan.events.hashed import HashedRows
from zhenzan.events.mapping import Mapping, load_mapping
from zhenzan.events.network import Networks
from zhenzan.events.order import Ordered, Reorder, TickCutter, times
from zhenzan.events.plan import make_plan
from zhenzan.events.rejects import Rejects
from zhenzan.events.runs import RunSorter
from zhenzan.events.sources.chunk import Chunk, Source
from zhenzan.events.sources.discover import open_sources
from zhenzan.events.tables import AccountFacts, ItemFacts
from zhenzan.events.validate import Validator
from zhenzan.settings import Settings


class Ingest:
    """Iterates over the batches of a log, once; its counts are complete afterwards.

    Neither the order of the rows of files nor their event ids change an answer: rows are merged
    by time, and those of one time by what they say. Standard input is read as it comes; a row
    behind the lateness bound goes into a batch of its own that is marked late.

    Parameters
    ----------
    source_spec
        A file, a folder, a glob, or `-` for standard input.
    settings
        Batch size, lateness bound, duplicate memory, size of the quarantine.
    mapping
        A mapping, the path of one, or the bare name of a shipped one.
    rejects_path
        Where to write the quarantine file.
    networks
        Tables of network ranges: ip_start, ip_end, and kind, asn, region or country.
    accounts, items
        The side tables of the contract.
    format
        What the content is told to be; None to go by name and content.

    Raises
    ------
    SourceError
        The log cannot be opened, or is not what it claims to be.
    MappingError
        The mapping names something that does not exist.
    SchemaError
        A required column is missing.
    """

    def __init__(
        self,
        source_spec: str | Path,
        settings: Settings,
        mapping: Mapping | str | Path | None = None,
        *,
        rejects_path: Path | None = None,
        networks: Path | Sequence[Path] | None = None,
        accounts: Path | None = None,
        items: Path | None = None,
        format: str | None = None,  # noqa: A002
    ) -> None:
        self._rejects_path = rejects_path
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="zhenzan-"))
        self._clean = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        try:
            if mapping is not None and not isinstance(mapping, Mapping):
                mapping = load_mapping(mapping)
            self._sources = open_sources(source_spec, format=format, spool=self._folder)
            self._bindings = _bind(self._sources, mapping)
            self._encoder = Encoder(
                accounts=AccountFacts(accounts) if accounts else None,
                items=ItemFacts(items) if items else None,
                networks=Networks.read(networks),
            )
        except BaseException:
            self._clean()
            raise
        self.tables = self._encoder.tables
        self.accounts = self._encoder.accounts
        self.items = self._encoder.items
        unread = {name: None for binding in self._bindings for name in binding.unread}
        files = tuple(source.name for source in self._sources)
        self.counts = IngestCounts(unread_columns=tuple(unread), files=files)
        sizes = [source.size_bytes for source in self._sources]
        self._total_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        self._read_bytes = 0
        self._files_bytes = 0
        self._is_used = False

    @property
    def done(self) -> float:
        """Say which part of the log has been read, 0 to 1; 0 where its size is unknown."""
        return min(self._read_bytes / self._total_bytes, 1.0) if self._total_bytes else 0.0

    @property
    def ipv4(self) -> NDArray[np.uint32]:
        """View the IPv4 number behind each ip code; 0 where there is none."""
        return self._encoder.ipv4

    @property
    def asn(self) -> NDArray[np.int64]:
        """View the autonomous system behind each ip code; -1 where it is unknown."""
        return self._encoder.asn

    @property
    def created_us(self) -> NDArray[np.int64]:
        """View the time each account was created, by account code; empty without a table."""
        return self.accounts.created_at_us if self.accounts else np.zeros(0, np.int64)

    @property
    def verified(self) -> NDArray[np.int8] | None:
        """View who is verified (1), not (0) or unknown (-1), by account code."""
        return self.accounts.verified if self.accounts else None

    def item_authors(self) -> NDArray[np.int32]:
        """Name the account that made each item, by item code; -1 where the items table does not.

        An author who has done nothing in the log is no account of it.
        """
        authors = np.full(len(self.tables["item"]), -1, np.int32)
        if self.items is not None:
            known = self.tables["account"].find_hashed(self.items.author_hash)
            authors[: len(known)] = known
        return authors

    def merchant_accounts(self) -> NDArray[np.int32]:
        """Name the account that each merchant is, by merchant code; -1 where it is none.

        Two ids are one only where the operator says so (``merchants_are_accounts``): numbers of
        two tables often agree by accident, and ids carry no information (design.md, rule 5).
        """
        merchants = self.tables["merchant"]
        if not self._settings.merchants_are_accounts:
            return np.full(len(merchants), -1, np.int32)
        return self.tables["account"].find_hashed(merchants.hashes())

    def __iter__(self) -> Iterator[LogBatch]:
        assert not self._is_used, "a log is read once; make another Ingest"
        self._is_used = True
        settings = self._settings
        rejects = Rejects(self._rejects_path, rows_max=settings.rejects_max)
        self.counts.rejected = rejects.counts
        memory_us = settings.duplicate_memory_s * SECOND_US
        duplicates = Duplicates(memory_us=memory_us, folder=self._folder)
        cutter = TickCutter(settings.batch_rows)
        try:
            with rejects:
                for rows, is_late in self._ordered(rejects):
                    fresh = self._once(rows, duplicates, rejects)
                    if is_late:
                        self.counts.late_rows += len(fresh)
                        yield from self._encoded([[fresh]], late=True)
                    else:
                        yield from self._encoded(cutter.add(fresh), late=False)
                yield from self._encoded(cutter.finish(), late=False)
        finally:
            self._clean()

    def refuse_unreadable(self) -> None:
        """Refuse a log of which rows were set aside and none was left; call it after reading.

        A log without any row is no mistake: an hour in which nothing happened has none.

        Raises
        ------
        SourceError
            Every row was set aside.
        """
        counts = self.counts
        if counts.interactions or not counts.rejected_rows:
            return
        reasons = ", ".join(f"{name} {n:,}" for name, n in sorted(counts.rejected.items()))
        hint = "a mapping file (--map) reads a log with other columns"
        if self._rejects_path:
            hint = f"`{self._rejects_path.name}` among the outputs says why, row by row"
        raise SourceError(
            f"none of the {counts.rejected_rows:,} rows of the log can be read ({reasons})",
            hint=hint,
        )

    def _encoded(self, batches: list[list[HashedRows]], *, late: bool) -> Iterator[LogBatch]:
        for parts in batches:
            if any(len(part) for part in parts):
                batch = self._encoder.encode(parts, late=late)
                self.counts.interactions += len(batch)
                self.counts.bad_addresses = self._encoder.bad_addresses_count
                yield batch

    def _ordered(self, rejects: Rejects) -> Iterator[tuple[Ordered, bool]]:
        """Give canonical rows in order, with a mark for what is late."""
        bound_us = self._settings.lateness_s * SECOND_US
        order: tuple[int, ...] = (0,)
        if not self._sources[0].is_stream:
            plan = make_plan(self._sources, self._bindings, bound_us)
            if plan.disorder_us is None:
                yield from self._sorted(plan.order, rejects, bound_us)
                return
            order, bound_us = plan.order, plan.disorder_us
        reorder = Reorder(bound_us)
        for index in order:
            for table in self._valid(index, rejects):
                released, late = reorder.add(table)
                if released is not None:
                    yield released, False
                if late is not None:
                    yield late, True
        released = reorder.finish()
        if released is not None:
            yield released, False

    def _sorted(
        self, order: tuple[int, ...], rejects: Rejects, bound_us: int
    ) -> Iterator[tuple[Ordered, bool]]:
        sorter = RunSorter(self._folder)
        for index in order:
            newest_us = -(1 << 62)
            for table in self._valid(index, rejects):
                if table.num_rows:
                    ts = times(table)
                    newest = np.maximum.accumulate(np.maximum(ts, newest_us))
                    newest_us = int(newest[-1])
                    self.counts.late_rows += int(np.count_nonzero(ts < newest - bound_us))
                sorter.add(table)
        for rows in sorter.merged():
            yield rows, False

    def _valid(self, index: int, rejects: Rejects) -> Iterator[pa.Table]:
        source, binding = self._sources[index], self._bindings[index]
        validator = Validator(rejects)
        for chunk in self._counted(source, binding, rejects):
            table, rows, raw = binding.apply(chunk)
            self.counts.left_out += len(chunk) - len(rows)
            yield validator.check(table, rows=rows, file=source.name, file_index=index, raw=raw)
        self._files_bytes += source.done_bytes

    def _counted(self, source: Source, binding: Binding, rejects: Rejects) -> Iterator[Chunk]:
        """Count rows as they are read, those that the source itself sets aside included."""
        chunks = source.chunks(binding.reads, rejects)
        while True:
            aside = rejects.rows_count
            chunk = next(chunks, None)
            self.counts.rows_read += rejects.rows_count - aside
            if chunk is None:
                return
            self.counts.rows_read += len(chunk)
            self._read_bytes = self._files_bytes + source.done_bytes
            yield chunk

    def _once(self, found: Ordered, duplicates: Duplicates, rejects: Rejects) -> HashedRows:
        """Hash rows, leave out those whose event id was there before, and order peers."""
        rows = HashedRows.of(found.table, found.order)
        contents = rows.contents()
        newest_us = int(rows.ts[-1])
        verdicts = duplicates.check(rows.hashes["event_id"], contents, newest_us=newest_us)
        if not verdicts.any():
            return rows.peers_by(contents)
        conflicts = rows.row[verdicts == CONFLICTING]
        self.counts.duplicates += int(np.count_nonzero(verdicts)) - len(conflicts)
        if len(conflicts):
            self._set_aside(rows.table.take(pa.array(conflicts)), rejects)
        new = verdicts == NEW
        return rows.chosen(new).peers_by(contents[new])

    def _set_aside(self, rows: pa.Table, rejects: Rejects) -> None:
        files = [self.counts.files[index] for index in rows.column("file").to_pylist()]
        told = rows.select(["event_id", *NUMBERS, *STRINGS])
        rejects.add_rows(
            files,
            rows.column("row").to_numpy(),
            told,
            reason="duplicate_conflict",
            detail="the event id was used before with another content",
        )


def _bind(sources: list[Source], mapping: Mapping | None) -> list[Binding]:
    names = Counter(source.name.rsplit("/", 1)[-1] for source in sources)
    bindings = []
    for source in sources:
        short = source.name.rsplit("/", 1)[-1]
        mark = short if names[short] == 1 else source.name
        bindings.append(Binding(source, mapping, mark=mark))
    return bindings
