"""Writes what an audit has found: names for codes, times for counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zhenzan.audit.growths import (
    CONTROL_LIKES_MIN,
    CONTROLS,
    GROWTHS,
    LISTED_MAX,
    OUTCOMES,
)
from zhenzan.audit.history import History
from zhenzan.audit.learned import read_judged
from zhenzan.audit.revision import Changes, Revised, revise
from zhenzan.audit.standing import Standing, Window
from zhenzan.audit.state import State, file_digest
from zhenzan.files import whole_file
from zhenzan.groups.tables import FILES
from zhenzan.settings import Settings

Strings = Callable[[NDArray[np.int32]], pa.Array]

_TS = pa.timestamp("us", tz="UTC")
_KIND_OF = {"account_a": "account", "account_b": "account"}
_REVIEW = ("outcome", "notes")


def write_outputs(
    state: State,
    history: History,
    windows: list[Window],
    likes: Path | None,
    out: Path,
    settings: Settings,
) -> dict[str, Any]:
    """Write every table of an audit, each whole or not at all; return the summary."""
    standing = Standing.read(state.window(windows[-1].index)) if windows else Standing.empty()
    strings = {key: history.strings(key) for key in ("account", "item", "merchant", "category")}
    for name, file in FILES.items():
        _write(named(getattr(standing, name), strings), out / f"{file}.parquet")
    listed = _growths(state, windows, strings)
    _write(_reviewed(listed, out / "growths.parquet"), out / "growths.parquet")
    changes = [
        Changes(
            window,
            pq.read_table(state.window(window.index) / "changes.parquet"),
            read_judged(state.window(window.index)),
        )
        for window in windows
    ]
    revised = revise(changes, likes, out, settings)
    _write(revised.revisions, out / "revisions.parquet")
    return _summary(state, history, windows, standing, listed, revised, likes)


def named(table: pa.Table, strings: Mapping[str, Strings]) -> pa.Table:
    """Give columns of codes their strings as ``NAME_id``, and times in microseconds as ``_ts``.

    A category is a word of the log and keeps its name; times of an audit keep theirs: ``as_of``,
    ``first_seen``, ``last_seen``.
    """
    columns: dict[str, pa.ChunkedArray] = {}
    for field in table.schema:
        column = table[field.name]
        key = _KIND_OF.get(field.name, field.name)
        if field.name.endswith("_us"):
            stem = field.name.removesuffix("_us")
            name = stem if stem in ("as_of", "first_seen", "last_seen") else f"{stem}_ts"
            columns[name] = column.cast(_TS)
        elif key in strings:
            name = field.name if key == "category" else f"{field.name}_id"
            columns[name] = strings[key](column.to_numpy().astype(np.int32))
        else:
            columns[field.name] = column
    return pa.table(columns)


def _write(table: pa.Table, path: Path) -> None:
    with whole_file(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def _growths(state: State, windows: list[Window], strings: Mapping[str, Strings]) -> pa.Table:
    """Name the growths of all windows; the two columns of the reviewer stay open."""
    parts = [pq.read_table(state.window(w.index) / "growths.parquet") for w in windows]
    table = pa.concat_tables([GROWTHS.empty_table(), *parts])
    subject, code = table["subject"], table["code"].to_numpy().astype(np.int32)
    is_item = pc.equal(subject, "item").to_numpy()
    owner = table["merchant"].to_numpy().astype(np.int32)
    columns = {
        "subject": subject,
        "item": pa.array(np.where(is_item, code, -1).astype(np.int32)),
        "merchant": pa.array(np.where(is_item, owner, code).astype(np.int32)),
    }
    for name in table.column_names:
        columns.setdefault(name, table[name])
    del columns["code"]
    result = named(pa.table(columns), strings)
    for name in _REVIEW:
        result = result.append_column(name, pa.nulls(len(result), pa.string()))
    return result


def _reviewed(table: pa.Table, path: Path) -> pa.Table:
    """Keep what a reviewer has written into the file of an earlier run."""
    if not path.is_file():
        return table
    known = pq.read_table(path)
    key = ("as_of", "subject", "item_id", "merchant_id")
    rows = {tuple(row[k] for k in key): row for row in known.to_pylist()}
    here = [rows.get(tuple(row[k] for k in key), {}) for row in table.select(key).to_pylist()]
    for name in _REVIEW:
        written = pa.array([row.get(name) for row in here], pa.string())
        table = table.set_column(table.column_names.index(name), name, written)
    return table


def _summary(
    state: State,
    history: History,
    windows: list[Window],
    standing: Standing,
    listed: pa.Table,
    revised: Revised,
    likes: Path | None,
) -> dict[str, Any]:
    def counted(column: pa.ChunkedArray) -> dict[str, int]:
        values = pc.value_counts(column).to_pylist()
        return dict(sorted((row["values"], row["counts"]) for row in values))

    told = [
        json.loads((state.window(window.index) / "window.json").read_text("utf-8"))
        for window in windows
    ]
    for one in told:
        one["as_of"] = str(np.datetime64(one.pop("end_us"), "us"))
        one["from"] = str(np.datetime64(one.pop("start_us"), "us"))
    selection = listed["selection"]
    return {
        "counts": {**history.facts, "likes": len(history)},
        "as_of_us": windows[-1].end_us if windows else 0,
        "windows": told,
        "groups": {
            "status": counted(standing.groups["status"]),
            "kinds": counted(standing.groups["kind"]),
            "benign": pc.sum(standing.groups["benign"]).as_py() or 0,
        },
        "growths": counted(selection),
        "sampling": {
            "unusual": f"all, at most {LISTED_MAX['item']} items and {LISTED_MAX['merchant']} "
            "merchants a period, most surprising first",
            "control": f"drawn at random among the others with at least {CONTROL_LIKES_MIN} likes "
            f"in the period: {CONTROLS['item']} items and {CONTROLS['merchant']} merchants",
            "outcomes": list(OUTCOMES),
        },
        "likes": file_digest(likes),
        "revisions": revised.counts,
    }
