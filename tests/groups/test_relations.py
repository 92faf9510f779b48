"""The relational text keeps to words that DuckDB and Spark SQL read alike (methods.md, target b6).

`python -m bench.spark` runs the text itself on both; this holds what needs no Spark.
"""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import zhenzan.groups

FUNCTIONS = frozenset(
    [
        "abs",
        "any_value",
        "avg",
        "coalesce",
        "count",
        "exp",
        "greatest",
        "lag",
        "lead",
        "least",
        "ln",
        "max",
        "median",
        "min",
        "percentile_cont",
        "pi",
        "rank",
        "round",
        "row_number",
        "sign",
        "sqrt",
        "stddev_pop",
        "sum",
        "var_pop",
    ]
)
"""Functions that both engines have, under one name and with one meaning of null."""

FOLLOWED_BY_A_BRACKET = frozenset(
    [
        "and",
        "as",
        "by",
        "case",
        "distinct",
        "exists",
        "filter",
        "from",
        "group",
        "in",
        "join",
        "on",
        "or",
        "over",
        "select",
        "using",
        "values",
        "when",
        "where",
        "with",
        "then",
        "else",
        "between",
        "not",
        "partition",
    ]
)
ENGINES_OWN = ("list(", "unnest(", "struct", "::", "qualify", "asof", "exclude", "pivot", " ilike ")


def statements() -> list[tuple[str, str]]:
    """Every text of SQL in the modules of groups, by name."""
    found = []
    for module in pkgutil.iter_modules(zhenzan.groups.__path__):
        named = importlib.import_module(f"zhenzan.groups.{module.name}")
        for name, value in vars(named).items():
            texts = value.values() if isinstance(value, dict) else [value]
            for text in texts:
                if isinstance(text, str) and re.search(r"\bSELECT\b", text):
                    found.append((f"{module.name}.{name}", re.sub(r"--.*", "", text)))
    return found


def test_there_are_statements():
    assert len(statements()) > 50


@pytest.mark.parametrize(("name", "text"), statements())
def test_a_statement_calls_what_both_engines_know(name, text):
    called = {word.lower() for word in re.findall(r"\b([A-Za-z_]+)\s*\(", text)}
    defined = {word.lower() for word in re.findall(r"\b(\w+)\s+AS\s*\(", text)}
    columns = {"w", "e"}  # the names behind VALUES (...)
    types = {"cast"}
    assert called - FUNCTIONS - FOLLOWED_BY_A_BRACKET - defined - columns - types == set(), name
    assert not [word for word in ENGINES_OWN if word in text.lower()], name
