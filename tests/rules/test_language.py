"""The compiled form equals the naive one, the formatter loses nothing, and no text breaks out."""

from __future__ import annotations

import drawn
import naive
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zhenzan.errors import RuleError
from zhenzan.rules import tree
from zhenzan.rules.canonical import content_hash, render
from zhenzan.rules.compiled import Frame, TableCodes, compile_condition
from zhenzan.rules.faults import Source
from zhenzan.rules.grammar import parse
from zhenzan.rules.load import format_text, load_shipped, load_texts
from zhenzan.rules.meaning import Typer


@given(condition=drawn.conditions, seed=st.integers(0, 2**32), rows=st.integers(0, 30))
def test_arrays_give_what_one_like_after_the_other_gives(
    condition: tree.Expr, seed: int, rows: int
):
    source = Source("drawn", "")
    Typer(source, drawn.LISTS).condition(condition)
    assert not source.faults, [fault.text() for fault in source.faults]
    likes = drawn.Drawn(seed, rows)
    frame = Frame(likes.arrays, TableCodes(likes.tables))
    with np.errstate(all="ignore"):
        yes, no = compile_condition(condition, drawn.LISTS)(frame)
    told = [naive.holds(condition, like, drawn.LISTS) for like in likes.rows]
    assert yes.tolist() == [answer is True for answer in told]
    assert no.tolist() == [answer is False for answer in told]


@given(drawn.documents())
def test_what_is_formatted_reads_as_the_same(document: tree.Document):
    source = Source("drawn", render(document))
    again = parse(source)
    assert not source.faults, [fault.text() for fault in source.faults]
    assert again == document
    assert render(again) == source.text


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_rule_error(content: bytes):
    for read in (lambda: load_texts({"x": content}), lambda: format_text("x", content)):
        try:
            read()
        except RuleError as error:
            assert error.faults


WORDS = st.sampled_from(
    ["rule", "a", "version", "1", "owner", '"x"', "family", "account", "valid_from", "2026-01-01",
     "valid_until", "2026-13-01", "reason", "reason_zh", "when", "account_age", "<", "3d", "and",
     "or", "not", "(", ")", "in", "[", "]", ",", "at", "least", "of", "between", "is", "known",
     "min", "-", "*", "/", "then", "for", "1.5 nats", "hold", "fires", "spares", "=", "list",
     "entry", "until", "# c\n", "\n", "\x00", "\"", "\ud800", "yes", "12 %", "9" * 30]
)  # fmt: skip


@given(st.lists(WORDS, max_size=60).map(" ".join))
@example("rule a when " + "(" * 5_000)
@example("rule a when " + "not " * 5_000 + "campaign")
@example("rule a when " + "-" * 5_000 + "1 > 2")
@example("rule a when account_likes_1h " + "+ 1 " * 5_000 + "> 3")
@example("rule a when " + " or ".join(["campaign"] * 5_000))
@example('list a of item owner "x" entry "' + "y" * 10_000 + '" until 2026-01-01')
def test_no_order_of_words_raises_anything_but_a_rule_error(text: str):
    try:
        load_texts({"x": text})
    except RuleError as error:
        assert error.faults
        assert str(error)


def test_an_unknown_value_never_fires_a_rule_nor_its_opposite():
    likes = {"ts": np.array([0]), "account_age_days": np.array([np.nan])}
    condition = tree.Compare("<", tree.Name("account_age"), tree.Number("3", "d"))
    for part in (condition, tree.Not(condition)):
        yes, no = compile_condition(part, {})(Frame(likes, TableCodes({})))
        assert not yes.any()
        assert not no.any()


def test_an_entry_of_a_list_ends_at_its_time():
    likes = drawn.Drawn(1, 2)
    end_us = (drawn.START_SECOND + 40) * 1_000_000
    likes.arrays["ts"] = np.array([end_us - 1, end_us])
    likes.arrays["merchant"] = likes.tables["merchant"].encode(pa.array(["green", "green"]))
    within = tree.ListName("some_merchant")
    member = compile_condition(tree.Member(tree.Name("merchant"), within), drawn.LISTS)
    yes, no = member(Frame(likes.arrays, TableCodes(likes.tables)))
    assert (yes.tolist(), no.tolist()) == ([True, False], [False, True])


def test_a_code_that_appears_later_is_found_from_then_on():
    likes = drawn.Drawn(1, 3)
    tables = TableCodes(likes.tables)
    condition = compile_condition(tree.Compare("=", tree.Name("merchant"), tree.Text("later")), {})
    assert not condition(Frame(likes.arrays, tables))[0].any()
    likes.arrays["merchant"] = likes.tables["merchant"].encode(pa.array(["later", "red", None]))
    yes, no = condition(Frame(likes.arrays, tables))
    assert yes.tolist() == [True, False, False]
    assert no.tolist() == [False, True, False]


@pytest.mark.parametrize("name", load_shipped().rules)
def test_a_shipped_rule_is_formatted_and_its_examples_come_out(name: str):
    # Loading runs the examples; see the next test for one that does not come out.
    loaded = load_shipped()
    document = loaded.documents[f"{name}.rule"]
    assert len(document.rules) == 1
    rule = document.rules[0]
    assert {example.fires for example in rule.examples} == {True, False}
    text = render(document)
    assert format_text(name, text) == text
    assert content_hash(rule) == content_hash(parse(Source("again", text)).rules[0])


def test_an_example_that_does_not_come_out_is_a_fault():
    text = render(load_shipped().documents["phone_wall.rule"])
    with pytest.raises(RuleError, match="RL022 the rule does not fire at"):
        load_texts({"x": text.replace("device_likes_1h = 120", "device_likes_1h = 12")})


def test_the_shipped_files_are_in_canonical_form(root):
    for path in sorted((root / "zhenzan/rules/shipped").glob("*.rule")):
        assert format_text(path.name, path.read_bytes()) == path.read_text("utf-8"), path.name
