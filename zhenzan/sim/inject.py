"""Add ordered attacks to a history from elsewhere, so that detectors meet real honest people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhenzan import clock
from zhenzan.clock import DAY_US, HOUR_US, SECOND_US
from zhenzan.errors import SchemaError
from zhenzan.events.schema import INTERACTION, KINDS, Kind
from zhenzan.sim import assemble
from zhenzan.sim.catalogue import Attention, stock
from zhenzan.sim.likeness import like_history
from zhenzan.sim.order import Order
from zhenzan.sim.population import populate
from zhenzan.sim.rows import CAMOUFLAGE, Rows
from zhenzan.sim.simulation import play_orders
from zhenzan.sim.stage import Stage
from zhenzan.sim.world import CATEGORIES, World


@dataclass(frozen=True, slots=True)
class Injected:
    """The history with the attacks in it, and labels for every row, in the same order.

    Rows of the given history are labelled honest: what was bought in it before stays unknown.
    ``accounts`` is the side table of the accounts that were made for the attacks; its regions are
    null, because the history has names of its own for them. ``orders`` numbers, for each row, the
    order for which it was made; null for rows of the history.
    """

    interactions: pa.Table
    labels: pa.Table
    accounts: pa.Table
    orders: pa.Array


@dataclass(frozen=True, slots=True)
class _Codes:
    """A string column as codes: -1 where null."""

    codes: NDArray[np.int64]
    names: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _Codes:
        coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        return cls(np.asarray(codes), coded.dictionary)


def inject(table: pa.Table, orders: Sequence[Order], *, seed: int = 7) -> Injected:
    """Play orders on a history that follows the contract.

    Only kinds that the history knows are added, columns that it leaves empty stay empty, nulls
    are as frequent as in it, and times have its resolution and follow its day. Ordinary channels
    are drawn as in it, and looks are as long as its own at the same rank. New accounts have opaque
    ids, so in a history whose ids follow a pattern the ids would tell.

    Raises
    ------
    SchemaError
        The history is empty, has no like, or is not in the contract's columns.
    """
    for field in INTERACTION:
        if field.name not in table.column_names:
            raise SchemaError(f"the history has no column `{field.name}`")
    table = table.select(INTERACTION.names).cast(INTERACTION)
    if not pc.any(pc.equal(table["kind"], Kind.LIKE.word)).as_py():
        raise SchemaError("the history holds no like", hint="attacks need items that people like")
    streams = clock.generator(seed).spawn(2 + len(orders))
    account, item = _Codes.of(table["account_id"]), _Codes.of(table["item_id"])
    merchant, device = _Codes.of(table["merchant_id"]), _Codes.of(table["device_id"])
    world = _world(table, len(account.names), len(item.names), len(merchant.names))
    stage = _stage(table, world, account, item, merchant, streams[0])
    _own_devices(stage, account, device)
    rows = Rows.join(play_orders(stage, orders, streams[2:]))
    known = [int(KINDS[word]) for word in pc.unique(table["kind"]).to_pylist() if word in KINDS]
    rows = rows.take(np.isin(rows.kind, known))
    rows = assemble.settle(rows, stage, streams[1])
    ids = assemble.Ids(
        int(np.random.SeedSequence(seed).generate_state(1)[0]),
        accounts=account.names,
        items=item.names,
        merchants=merchant.names,
        devices=device.names,
    )
    added = _as_history(assemble.interactions(rows, stage.catalogue, ids), table)
    added = like_history(added, table, cover=rows.role == CAMOUFLAGE, rng=streams[1])
    labels = assemble.labels(rows, added, ids, orders, [])
    both = pa.concat_tables([table, added])
    truth = pa.concat_tables([_honest(table), labels])
    place = pc.sort_indices(both, sort_keys=[("ts", "ascending"), ("event_id", "ascending")])
    number = pa.array(rows.order.astype(np.int32), mask=rows.order < 0)
    orders_of = pa.concat_arrays([pa.nulls(len(table), pa.int32()), number]).take(place)
    made = _made(stage, ids, len(account.names))
    return Injected(both.take(place), truth.take(place), made, orders_of)


def _made(stage: Stage, ids: assemble.Ids, known: int) -> pa.Table:
    """List the accounts that were made for the attacks."""
    table = assemble.accounts(stage.population, ids, stage.world.end_us)
    made = ids.of(np.arange(known, len(stage.population)), assemble.ACCOUNT)
    table = table.filter(pc.is_in(table["account_id"], value_set=made))
    place = table.schema.get_field_index("region")
    return table.set_column(place, "region", pa.nulls(len(table), pa.string()))


def _world(table: pa.Table, accounts: int, items: int, merchants: int) -> World:
    """Measure the platform behind a history."""
    ts = table["ts"].cast(pa.int64()).to_numpy()
    low, high = int(ts.min()), int(ts.max())
    likes = table.filter(pc.equal(table["kind"], Kind.LIKE.word))

    def nulls(column: str) -> float:
        return float(likes[column].null_count / len(likes))

    return World(
        days=max(1, -(-(high - low + 1) // DAY_US)),
        accounts=accounts,
        items=max(1, items),
        merchants=max(1, merchants),
        missing_device=nulls("device_id"),
        missing_ip=nulls("ip"),
        missing_session=nulls("session_id"),
        missing_view=0.0,
        old_client_share=0.0,
        web_share=0.0,
        start_us=low // SECOND_US * SECOND_US,
        resolution_us=SECOND_US if (ts % SECOND_US == 0).all() else 1_000,
    )


def _stage(
    table: pa.Table,
    world: World,
    account: _Codes,
    item: _Codes,
    merchant: _Codes,
    rng: np.random.Generator,
) -> Stage:
    """Set the stage with the people and items of the history."""
    people, shelf = populate(world, rng), stock(world, rng)
    # When these people joined is unknown; they were there.
    people.created_us[:] = world.start_us - DAY_US
    shown = np.flatnonzero(item.codes >= 0)
    code = item.codes[shown]
    first = np.full(len(shelf), -1, dtype=np.int64)
    first[code[::-1]] = shown[::-1]
    seen = first >= 0
    category = _Codes.of(table["category"])
    shelf.merchant[seen] = merchant.codes[first[seen]]
    shelf.category[seen] = category.codes[first[seen]].clip(0) % len(CATEGORIES)
    shelf.owner[:] = -1
    shelf.created_us[:] = world.start_us - DAY_US
    shelf.weight = np.bincount(code, minlength=len(shelf)).astype(np.float64) + 1e-9
    words = table["kind"].to_pylist()
    history = Rows.make(
        len(table),
        ts=table["ts"].cast(pa.int64()).to_numpy(),
        kind=np.array([KINDS.get(word, -1) for word in words]),
        account=account.codes,
        item=item.codes,
    )
    visits = np.bincount(account.codes, minlength=len(people)) / world.days
    people.activity = visits.astype(np.float32)
    attention = Attention(world, shelf, rng)
    return Stage(world, rng, people, shelf, attention, history=history, rhythm=_rhythm(history.ts))


def _rhythm(ts: NDArray[np.int64]) -> tuple[float, ...]:
    """Measure the weight of each hour of the day (UTC), 1 on average; no hour is quite empty."""
    counts = np.bincount(ts // HOUR_US % 24, minlength=24).astype(np.float64)
    return tuple((0.98 * counts / counts.mean() + 0.02).tolist())


def _own_devices(stage: Stage, account: _Codes, device: _Codes) -> None:
    """Let people of the history keep the first device on which they were seen."""
    people = stage.population
    people.device += len(device.names)
    people.second_device[:] = -1
    people.devices_count += len(device.names)
    seen = np.flatnonzero(device.codes >= 0)[::-1]
    people.device[account.codes[seen]] = device.codes[seen]


def _as_history(added: pa.Table, table: pa.Table) -> pa.Table:
    """Give added rows the categories of the history, and leave empty what it leaves empty."""
    columns: dict[str, Any] = {}
    items = table.filter(pc.is_valid(table["item_id"]))
    place = pc.index_in(added["item_id"], value_set=pc.unique(items["item_id"]))
    first = items.group_by("item_id", use_threads=False).aggregate(
        [("merchant_id", "first"), ("category", "first")]
    )
    order = pc.index_in(pc.unique(items["item_id"]), value_set=first["item_id"].combine_chunks())
    for name in INTERACTION.names:
        columns[name] = added[name]
        if name in ("merchant_id", "category"):
            columns[name] = first[f"{name}_first"].take(order).take(place)
        if table[name].null_count == len(table):
            columns[name] = pa.nulls(len(added), INTERACTION.field(name).type)
    return pa.table(columns, schema=INTERACTION)


def _honest(table: pa.Table) -> pa.Table:
    count = len(table)
    columns = {field.name: pa.nulls(count, field.type) for field in assemble.LABELS}
    columns["event_id"] = table["event_id"]
    columns["account_id"] = table["account_id"]
    columns["is_inauthentic"] = pa.array(np.zeros(count, dtype=np.bool_))
    columns["role"] = pa.array(["honest"] * count)
    return pa.table(columns, schema=assemble.LABELS)
