"""Output folders for the tests of the report."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def _beside(name: str) -> ModuleType:
    file = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"report_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # a dataclass looks its own module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def write_outputs() -> Callable[..., Path]:
    """Give the builder of synthetic output folders."""
    builder: Callable[..., Path] = _beside("synthetic").write_outputs
    return builder


@pytest.fixture(scope="session")
def synthetic_groups() -> ModuleType:
    """Give the module that adds groups to an output folder."""
    return _beside("synthetic_groups")
