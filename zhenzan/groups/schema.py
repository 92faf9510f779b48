"""What the search for groups reads and what it answers: Arrow schemas and the fixed words.

Accounts, items and merchants are integer codes of the caller; ``row`` is the caller's number of a
like. Codes and row order carry no information: renumber them and the same groups come back under
the same ``group_id``, which is made from the times of the members' likes on the targets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import pyarrow as pa

from zhenzan.errors import SchemaError

MISSING = -1
"""The code of a missing value; it joins with nothing (safety rule 3)."""

REQUIRED = ("row", "ts", "account", "item")
OPTIONAL = (
    "merchant", "category", "device", "block", "channel", "registered_us", "campaign", "author",
)  # fmt: skip
"""Columns of ``likes`` that may be absent; an absent column is missing in every row."""

LIKES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("account", pa.int32(), nullable=False),
        pa.field("item", pa.int32(), nullable=False),
        pa.field("merchant", pa.int32(), nullable=False),
        pa.field("category", pa.int32(), nullable=False),
        pa.field("device", pa.int32(), nullable=False),
        pa.field("block", pa.int32(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("registered_us", pa.int64(), nullable=False),
        pa.field("campaign", pa.int8(), nullable=False),
        pa.field("author", pa.int32(), nullable=False),
    ]
)
"""Input: one row a like. ``ts`` and ``registered_us`` are microseconds since 1970 (UTC), ``block``
is an address block, ``campaign`` is 1 inside the official channel and 0 outside, -1 unknown;
``author`` is the account that made the item."""

KINDS = (
    "scripted_farm",
    "paid_crowd",
    "mutual_help_ring",
    "nurtured_farm",
    "cross_platform_drive",
    "reseller_pool",
    "fan_club",
    "page_network",
    "dormitory",
    "sanctioned_team",
    "shared_taste",
    "friends",
)
"""Every kind of group; see `zhenzan.groups.typology` for what sets them apart."""

BENIGN_KINDS = frozenset(
    {"fan_club", "page_network", "dormitory", "sanctioned_team", "shared_taste", "friends"}
)
"""Lockstep without purchase: reported, never a reason to exclude by itself."""

MEMBER_ROLES = ("executor", "distributor", "supplier")
TARGET_ROLES = ("beneficiary", "camouflage")
"""Chain roles (S3-14). A beneficiary gained likes; whether it ordered them is another question."""

GROUPS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("benign", pa.bool_(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("items", pa.int64(), nullable=False),
        pa.field("merchants", pa.int64(), nullable=False),
        pa.field("likes", pa.int64(), nullable=False),
        pa.field("first_us", pa.int64(), nullable=False),
        pa.field("last_us", pa.int64(), nullable=False),
        pa.field("cohesion", pa.float64(), nullable=False),
        pa.field("log10_p", pa.float64(), nullable=False),
        pa.field("q_value", pa.float64(), nullable=False),
        pa.field("order_asymmetry", pa.float64(), nullable=False),
        pa.field("supplier", pa.string()),
    ]
)
"""One row a group, most significant first.

``confidence`` is that of the kind, 0 to 1, and below 0.5 where no target's merchant is known: a fan
club cannot be excluded then. ``size`` counts members, ``items`` and ``merchants``
the targets, ``likes`` the members' likes on targets between ``first_us`` and ``last_us``.
``cohesion`` is ``likes`` over members times targets, 0 to 1. ``log10_p`` bounds the chance that
*any* set of as many accounts and items agrees as much under the null (`zhenzan.groups.null`);
``q_value`` is the false-discovery bound over all candidates of the run. ``order_asymmetry`` is how
far members' places in the order of likes differ beyond chance, 0 (takes turns) to 1 (always in
the same order). ``supplier`` names the pool that this group shares with others, else null.
"""

MEMBERS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("account", pa.int32(), nullable=False),
        pa.field("strength", pa.float64(), nullable=False),
        pa.field("likes", pa.int64(), nullable=False),
        pa.field("first_us", pa.int64(), nullable=False),
        pa.field("last_us", pa.int64(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
    ]
)
"""``strength`` is the evidence that the account belongs, in nats; ``likes`` those on targets."""

TARGETS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("item", pa.int32(), nullable=False),
        pa.field("merchant", pa.int32(), nullable=False),
        pa.field("likes", pa.int64(), nullable=False),
        pa.field("role", pa.string(), nullable=False),
    ]
)
"""``likes`` counts those of members; one account may serve many groups, one item as well."""

PAIRS = pa.schema(
    [
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("account_a", pa.int32(), nullable=False),
        pa.field("account_b", pa.int32(), nullable=False),
        pa.field("shared", pa.int64(), nullable=False),
        pa.field("expected", pa.float64(), nullable=False),
        pa.field("surprise", pa.float64(), nullable=False),
        pa.field("gap_s", pa.float64(), nullable=False),
    ]
)
"""The pairs that hold a group together, strongest first.

``shared`` targets against ``expected`` under the null, ``surprise`` in nats, ``gap_s`` the median
time between their likes of one target in seconds. ``account_a`` came first at least as often.
"""

EVIDENCE = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
    ]
)
"""Members' likes on their group's targets only: nothing of an account's other life is here."""

ACCOUNTS = pa.schema(
    [
        pa.field("account", pa.int32(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
    ]
)
"""A ranking of accounts by all evidence of acting together, groups that are benign left out."""

SCORES = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("nats", pa.float64(), nullable=False),
    ]
)
"""A ranking of likes by the same; evidence too weak for a named group counts as well."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one run, as Arrow tables with the schemas of this module.

    ``accounts`` and ``scores`` hold only what has evidence; everything else has none (0 nats).
    """

    groups: pa.Table
    members: pa.Table
    targets: pa.Table
    pairs: pa.Table
    evidence: pa.Table
    accounts: pa.Table
    scores: pa.Table


SCHEMAS: dict[str, pa.Schema] = {
    "groups": GROUPS,
    "members": MEMBERS,
    "targets": TARGETS,
    "pairs": PAIRS,
    "evidence": EVIDENCE,
    "accounts": ACCOUNTS,
    "scores": SCORES,
}
"""The schema of each table of `Groups`, by its name."""


def no_groups() -> Groups:
    """Return the answer of a log in which nobody acts together."""
    return Groups(**{field.name: SCHEMAS[field.name].empty_table() for field in fields(Groups)})


def complete(likes: pa.Table) -> pa.Table:
    """Return ``likes`` with every column of `LIKES`, absent ones filled with `MISSING`.

    Raises
    ------
    SchemaError
        A required column is absent.
    """
    absent = [name for name in REQUIRED if name not in likes.column_names]
    if absent:
        raise SchemaError(
            f"likes have no column `{absent[0]}`", hint=f"needed are {', '.join(REQUIRED)}"
        )
    columns = []
    for field in LIKES:
        if field.name in likes.column_names:
            columns.append(likes[field.name].cast(field.type))
        else:
            columns.append(
                pa.chunked_array([pa.repeat(pa.scalar(MISSING, field.type), len(likes))])
            )
    return pa.table(columns, schema=LIKES)
