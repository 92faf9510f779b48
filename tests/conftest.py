"""What every test may use, and what a skip means on the build machine."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# Found by the name in HYPOTHESIS_PROFILE, else by CI; deadlines are off because the first call
# of a kernel compiles it.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("debug", max_examples=10, deadline=None)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if in_ci() else "dev"))

DATA_VARIABLE = "ZHENZAN_DATA"
"""Public data sets are not part of the repository, so their absence is the one good reason to
skip; such a reason must name this variable."""


def data_folder() -> Path:
    """The folder of public data sets, whether or not it is there."""
    return Path(os.environ.get(DATA_VARIABLE) or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public data sets; the test is skipped where it is absent."""
    folder = data_folder()
    if not folder.is_dir():
        pytest.skip(f"no public data: set {DATA_VARIABLE} to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


def pytest_report_header(config: pytest.Config) -> str:
    found = "found" if data_folder().is_dir() else f"absent (set {DATA_VARIABLE})"
    return f"public data: {found}; a skip without that reason {'fails' if in_ci() else 'passes'}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _fail_bad_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _fail_bad_skip(report)


def _fail_bad_skip(report: Report) -> Report:
    """Turn a skip for a missing browser or server into a failure on the build machine."""
    expected = hasattr(report, "wasxfail") or DATA_VARIABLE in str(report.longrepr)
    if in_ci() and report.outcome == "skipped" and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be missing: {report.longrepr}"
    return report
