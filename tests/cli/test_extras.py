"""The base install goes on without the parts of the service, and says what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BLOCKED = ("sqlalchemy", "fastapi", "uvicorn", "alembic", "starlette", "prometheus_client")

WITHOUT = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None  # as if it were not installed
import zhenzan.cli.score, zhenzan.scoring.job
from zhenzan.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("verb", ["serve", "verify"])
def test_a_verb_of_the_service_names_the_command_that_installs_it(tmp_path: Path, verb: str):
    (tmp_path / "counts.db").touch()
    words = [verb, "--data", str(tmp_path), *(["--port", "0"] if verb == "serve" else [])]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "pip install 'zhenzan[service]'" in done.stderr
    assert "Traceback" not in done.stderr
