"""The page about the service says what the service does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zhenzan.api.app import ROUTERS
from zhenzan.api.export import Table
from zhenzan.api.problem import CODES
from zhenzan.counts.delivery import signature
from zhenzan.counts.export import TABLES


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "api.md").read_text("utf-8")


def test_every_problem_is_in_the_table(page: str):
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, str(code.status), code.title) for name, code in CODES.items()]


def test_every_route_is_named(page: str):
    paths = {route.path.replace(":path", "") for router in ROUTERS for route in router.routes}
    assert not [path for path in paths if path.removeprefix("/v1").split("/")[1] not in page]


def test_every_table_is_named_and_offered(page: str):
    assert set(Table.__args__) == set(TABLES)
    assert not [name for name in TABLES if f"`{name}`" not in page]


def test_the_example_knows_a_genuine_message(page: str):
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict = {}
    exec(example, names)
    header, body = signature("whsec", 1_000, b'{"a": 1}'), b'{"a": 1}'
    assert names["is_genuine"]("whsec", header, body, 1_200.0)
    assert not names["is_genuine"]("other", header, body, 1_200.0)
    assert not names["is_genuine"]("whsec", header, body + b" ", 1_200.0)
    assert not names["is_genuine"]("whsec", header, body, 1_400.0)
