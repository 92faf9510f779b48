"""Make rows that were played look like the rows of the history that they are added to.

Otherwise a learner would tell played rows by how long looks are and through which channels people
come on the simulated platform, which says nothing about attacks.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan.events.schema import Kind

SPECIAL: tuple[str, ...] = ("api", "campaign", "live", "share_link")
"""Channels that an attack means: they stay where the history knows them."""

REFERENCE_MIN = 200
"""Looks of cover below which lengths stay as played: ranks among fewer say little."""

Bools = NDArray[np.bool_]


def like_history(
    added: pa.Table, table: pa.Table, *, cover: Bools, rng: np.random.Generator
) -> pa.Table:
    """Give added rows the channels and the lengths of looks of the history.

    Parameters
    ----------
    added
        Rows in the contract's columns.
    table
        The history.
    cover
        True for added rows that were played as honest people act: the scale of lengths.
    """
    if not len(added):
        return added
    views = table.filter(pc.equal(table["kind"], Kind.VIEW.word))
    for name in ("dwell_ms", "completion"):
        added = _set(added, name, _lengths(added[name], views[name], cover, rng))
    return _set(added, "channel", _channels(added, table, rng))


def _set(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), values)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.array(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy())


def _lengths(
    played: pa.ChunkedArray, seen: pa.ChunkedArray, cover: Bools, rng: np.random.Generator
) -> pa.Array:
    """Map each length to the history's length of the same rank, and lose as many."""
    values, known = _floats(played), _floats(seen)
    lost = float(np.isnan(known).mean()) if len(known) else 1.0
    told = ~np.isnan(values)
    scale, target = np.sort(values[told & cover]), np.sort(known[~np.isnan(known)])
    if len(scale) >= REFERENCE_MIN and len(target):
        rank = np.searchsorted(scale, values[told], side="right") / len(scale)
        blurred = np.clip(rank + rng.normal(0.0, 0.5 / len(scale), len(rank)), 0.0, 1.0)
        values[told] = target[(blurred * (len(target) - 1)).astype(np.int64)]
    elif not len(target):
        values[:] = np.nan
    values[rng.random(len(values)) < lost] = np.nan
    if pa.types.is_integer(played.type):
        values = np.round(values)
    return pa.array(values, mask=np.isnan(values)).cast(played.type)


def _channels(added: pa.Table, table: pa.Table, rng: np.random.Generator) -> pa.Array:
    """Draw ordinary channels anew by session, as the history has them; keep those that are meant.

    What came from outside comes through one of the history's outside channels, if it has any.
    """
    counts = pc.value_counts(pc.drop_null(table["channel"]))
    words = counts.field("values").to_pylist()
    if not words:
        return pa.nulls(len(added), pa.string())
    share = counts.field("counts").to_numpy().astype(np.float64)
    order = np.argsort(np.array(words))
    words, share = [words[place] for place in order], share[order]
    outside = np.array([word.startswith("external") for word in words])
    inside = ~outside & ~np.isin(words, SPECIAL)
    if not inside.any():
        inside = np.ones(len(words), np.bool_)
    played = pc.fill_null(added["channel"], "").to_numpy(zero_copy_only=False).astype(object)
    visit = _visits(added)
    lot = rng.random(visit.max() + 1)[visit]
    drawn = _draw(words, share, inside, lot)
    abroad = np.array([word.startswith("external") for word in played])
    meant = np.isin(played.astype(str), [word for word in SPECIAL if word in words])
    result = np.where(meant, played, drawn)
    if outside.any():
        result = np.where(abroad, _draw(words, share, outside, lot), result)
    lost = rng.random(visit.max() + 1)[visit] < table["channel"].null_count / len(table)
    return pa.array(result.tolist(), pa.string(), mask=(played == "") | lost)


def _visits(added: pa.Table) -> NDArray[np.int64]:
    """Number the visits: rows of one session, or of one account where it has none."""
    key = pc.coalesce(added["session_id"], added["account_id"]).combine_chunks()
    codes = key.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return np.asarray(codes, np.int64)


def _draw(
    words: list[str], share: NDArray[np.float64], chosen: Bools, lot: NDArray[np.float64]
) -> NDArray[np.object_]:
    odds = np.cumsum(np.where(chosen, share, 0.0))
    place = np.searchsorted(odds / odds[-1], lot, side="right").clip(0, len(words) - 1)
    drawn: NDArray[np.object_] = np.array(words, dtype=object)[place]
    return drawn
