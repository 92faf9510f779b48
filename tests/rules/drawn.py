"""Draws rules, lists and likes at random: every construct of the language comes up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from zhenzan.events.codes import CodeTable
from zhenzan.rules import tree
from zhenzan.rules.grammar import PLACES

TEXTS = ("red", "green", "blue", 'a "b" \\c', "真赞")
COLUMNS = ("merchant", "category", "channel")
START_SECOND = 1_700_000_000

NAMES = {
    "count": ("account_likes_1h", "item_likes_24h", "device_accounts_24h", "missing_fields"),
    "duration": ("account_age_seen", "account_idle", "account_age"),
    "share": ("item_like_device_top_share_24h", "item_like_block_top_share_1h"),
    "number": ("account_like_share_7d", "item_like_block_entropy_24h"),
    "nats": ("evidence_group", "evidence_network"),
}
UNITS = {"count": ("",), "duration": ("ms", "s", "m", "h", "d"), "share": ("%",),
         "number": ("",), "nats": ("nats",)}  # fmt: skip

LISTS = {
    f"some_{column}": tree.ListOf(
        f"some_{column}",
        column,
        "tests",
        tuple(
            tree.Entry(text, tree.Date(START_SECOND + 40 * place))
            for place, text in enumerate(TEXTS[:3])
        ),
    )
    for column in COLUMNS
}

digits = st.one_of(
    st.integers(0, 5).map(str),
    st.sampled_from(["20", "0.5", "2.25", "100000", "999999999999999"]),
)


def _literal(kind: str, text: str, unit: str) -> tree.Number:
    if kind == "number" and "." not in text:
        text += ".5"
    if kind == "count":
        text = text.split(".")[0]
    return tree.Number(text, unit)


def literals(kind: str) -> st.SearchStrategy[tree.Expr]:
    return st.builds(_literal, st.just(kind), digits, st.sampled_from(UNITS[kind]))


@st.composite
def quantities(draw: Any, kind: str, depth: int = 2) -> tree.Expr:
    """Something that measures what ``kind`` says."""
    form = draw(st.integers(0, 8 if depth else 1))
    if form <= 1:
        names = st.sampled_from(NAMES[kind]).map(tree.Name)
        return draw(names if form else st.one_of(names, literals(kind)))
    part = quantities(kind, depth - 1)
    if form <= 3:
        return tree.Binary(draw(st.sampled_from("+-")), draw(part), draw(part))
    if form == 4:
        return tree.Negative(draw(part))
    if form == 5:
        parts = draw(st.lists(part, min_size=2, max_size=3))
        return tree.Extreme(draw(st.sampled_from(["min", "max"])), tuple(parts))
    other = draw(quantities("count", depth - 1))
    if kind == "number" and form == 6:
        same = quantities(draw(st.sampled_from(["duration", "nats", "count"])), 0)
        return tree.Binary("/", draw(same), draw(same))
    if kind in ("duration", "nats"):
        sign = draw(st.sampled_from("*/"))
        return tree.Binary(sign, draw(part), other)
    return draw(part)


@st.composite
def comparisons(draw: Any) -> tree.Expr:
    form = draw(st.integers(0, 7))
    if form <= 2:
        kind = draw(st.sampled_from(sorted(NAMES)))
        name = tree.Name(draw(st.sampled_from(NAMES[kind])))
        left = draw(st.one_of(st.just(name), quantities(kind)))
        right = draw(quantities(kind))
        # A comparison between constants is refused, so one side names something.
        named = any(isinstance(n, tree.Name) for side in (left, right) for n in tree.walk(side))
        sign = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
        return tree.Compare(sign, left if named else name, right)
    if form == 3:
        kind = draw(st.sampled_from(sorted(NAMES)))
        name = tree.Name(draw(st.sampled_from(NAMES[kind])))
        return tree.Between(name, draw(quantities(kind)), draw(quantities(kind)))
    if form == 4:
        return tree.Name("campaign")
    column = draw(st.sampled_from(COLUMNS))
    if form == 5:
        sign, text = draw(st.sampled_from(["=", "!="])), draw(st.sampled_from(TEXTS))
        return tree.Compare(sign, tree.Name(column), tree.Text(text))
    if form == 6:
        name = draw(st.sampled_from([column, "account_idle", "account_like_share_7d"]))
        return tree.Known(tree.Name(name), draw(st.booleans()))
    texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(
        lambda chosen: tuple(tree.Text(text) for text in chosen)
    )
    within = draw(st.one_of(texts, st.just(tree.ListName(f"some_{column}"))))
    return tree.Member(tree.Name(column), within, draw(st.booleans()))


def _joined(kind: type[tree.All] | type[tree.Any], parts: list[tree.Expr]) -> tree.Expr:
    flat: list[tree.Expr] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return kind(tuple(flat))


conditions: st.SearchStrategy[tree.Expr] = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(tree.Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(tree.All, parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: _joined(tree.Any, parts)),
        st.tuples(st.integers(1, 3), st.lists(inner, min_size=3, max_size=4)).map(
            lambda drawn: tree.AtLeast(drawn[0], tuple(drawn[1]))
        ),
    ),
    max_leaves=6,
)

plain = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1,
                max_size=20)  # fmt: skip
dates = st.builds(tree.Date, st.integers(0, 4_000_000_000))
effects = st.one_of(
    st.just(tree.Effect("hold")),
    st.builds(
        tree.Effect,
        st.sampled_from(["for", "against"]),
        st.sampled_from(["0.5", "1", "2.75"]).map(lambda text: tree.Number(text, "nats")),
    ),
)
values = st.one_of(
    st.builds(tree.Number, digits, st.sampled_from(["", "%", "h", "nats"])),
    dates,
    st.sampled_from(TEXTS).map(tree.Text),
    st.booleans().map(tree.Truth),
)
examples = st.builds(
    tree.Example,
    st.booleans(),
    plain,
    st.lists(st.tuples(st.sampled_from(["account_idle", "campaign", "NET001"]), values),
             max_size=3).map(tuple),
)  # fmt: skip
rules = st.builds(
    tree.Rule,
    name=st.sampled_from(["a", "b_2", "long_name"]),
    version=st.integers(1, 9),
    owner=plain,
    family=st.sampled_from(["account", "network"]),
    valid_from=dates,
    valid_until=dates,
    reason=plain,
    reason_zh=plain,
    when=conditions,
    then=effects,
    examples=st.lists(examples, max_size=2).map(tuple),
    about=st.one_of(st.just(""), plain),
)
lists = st.builds(
    tree.ListOf,
    name=st.sampled_from(["a", "z"]),
    column=st.sampled_from(COLUMNS),
    owner=plain,
    entries=st.lists(st.builds(tree.Entry, plain, dates), max_size=3).map(tuple),
)


@st.composite
def documents(draw: Any) -> tree.Document:
    """A document with comments before things that it holds."""
    parts = tuple(draw(st.lists(st.one_of(rules, lists), min_size=1, max_size=3)))
    places: list[tree.Anchor] = [(len(parts), 0, 0)]
    for number, part in enumerate(parts):
        if isinstance(part, tree.Rule):
            names = [n for n in PLACES if n not in ("part", "example", "entry", "about")]
            many = {"part": len(getattr(part.when, "parts", "x")), "example": len(part.examples)}
            if isinstance(part.when, tree.AtLeast):
                many["part"] = 1
        else:
            names, many = ["start", "owner"], {"entry": len(part.entries)}
        places += [(number, PLACES.index(name), 0) for name in names]
        places += [(number, PLACES.index(n), i) for n, count in many.items() for i in range(count)]
    said = draw(st.lists(st.tuples(st.sampled_from(places), plain.map(str.strip)), max_size=4))
    return tree.Document(parts, tuple(sorted(said, key=lambda pair: pair[0])))


class Drawn:
    """Likes as arrays, and the same likes one by one."""

    def __init__(self, seed: int, rows: int) -> None:
        random = np.random.default_rng(seed)
        ts = (START_SECOND + random.integers(0, 120, rows)) * 1_000_000
        self.tables = {column: CodeTable(keep=True) for column in COLUMNS}
        self.arrays: dict[str, Any] = {"ts": ts}
        self.rows: list[dict[str, Any]] = [{"ts": float(at)} for at in ts]
        for column in COLUMNS:
            words = random.choice(np.array([*TEXTS, "", ""], object), rows)
            self.arrays[column] = self.tables[column].encode(pa.array(words, pa.string()))
            self._tell(column, [word or None for word in words])
        for name in ("account_likes_1h", "item_likes_24h", "device_accounts_24h"):
            self._whole(name, random.integers(-1, 5, rows))
        for name in ("account_age_seen", "account_idle"):
            self._whole(name, random.choice([-1, 0, 1_000_000, 3_600_000_000], rows))
        fractions = [*NAMES["share"], *NAMES["number"]]
        for name in fractions:
            numbers = random.choice([np.nan, 0.0, 0.05, 0.5, 1.0], rows)
            self.arrays[name] = numbers
            self._tell(name, [None if np.isnan(x) else float(x) for x in numbers])
        days = random.choice([np.nan, 0.0, 0.5, 2.0], rows)
        self.arrays["account_age_days"] = days
        self._tell("account_age", [None if np.isnan(x) else float(x) * 86_400e6 for x in days])
        self.arrays["missing_fields"] = random.integers(0, 4, rows)
        self._tell("missing_fields", [float(x) for x in self.arrays["missing_fields"]])
        self.arrays["campaign"] = random.random(rows) < 0.5
        self._tell("campaign", [bool(x) for x in self.arrays["campaign"]])
        self.arrays["evidence"] = random.choice([0.0, 0.5, -1.0, 2.0], (rows, 6)).astype("f4")
        for name, family in (("evidence_network", 2), ("evidence_group", 4)):
            self._tell(name, [float(x) for x in self.arrays["evidence"][:, family]])

    def _whole(self, name: str, numbers: Any) -> None:
        self.arrays[name] = numbers.astype(np.int64)
        self._tell(name, [None if x < 0 else float(x) for x in numbers])

    def _tell(self, name: str, column: list[Any]) -> None:
        for row, value in zip(self.rows, column, strict=True):
            row[name] = value
