"""The wheel works in an environment that holds nothing but the base install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _run(*words: str | Path, folder: Path) -> str:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ZHENZAN_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The build tools of the lock are used, so nothing is fetched.
    out = tmp_path_factory.mktemp("wheel")
    _run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, root,
        folder=out,
    )  # fmt: skip
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_carries_the_data_files_and_nothing_foreign(root: Path, wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    kinds = {".yaml", ".json", ".html", ".j2", ".css", ".js", ".typed"}
    expected = {
        path.relative_to(root).as_posix()
        for path in (root / "zhenzan").rglob("*")
        if path.suffix in kinds or path.name == "py.typed"
    }
    assert expected <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"zhenzan"}


def test_the_wheel_runs_with_no_extras(root: Path, wheel: Path, tmp_path: Path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--require-hashes", "-r", root / "requirements.lock", folder=tmp_path)
    _run(*pip, "--no-deps", "--no-index", wheel, folder=tmp_path)
    command = tmp_path / "env" / "bin" / "zhenzan"
    assert "score" in _run(command, "--help", folder=tmp_path)
    found = json.loads(_run(command, "doctor", "--json", folder=tmp_path))
    assert found["missing"] == []
    assert found["extras"]["browser"] == {"playwright": None}
