"""Fixtures of the audit's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_FILE = Path(__file__).with_name("planted.py")
_SPEC = importlib.util.spec_from_file_location("planted", _FILE)
assert _SPEC is not None and _SPEC.loader is not None
sys.modules["planted"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sys.modules["planted"])
