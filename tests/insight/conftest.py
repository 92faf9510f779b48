"""Output folders for the tests of the report."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

_FILE = Path(__file__).with_name("synthetic.py")


@pytest.fixture(scope="session")
def write_outputs() -> Callable[..., Path]:
    """Give the builder of synthetic output folders."""
    spec = importlib.util.spec_from_file_location("synthetic_outputs", _FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    builder: Callable[..., Path] = module.write_outputs
    return builder
