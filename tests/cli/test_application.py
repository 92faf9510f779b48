"""The command line as a person meets it: help, errors, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from zhenzan import __version__
from zhenzan.cli import VERBS


def _run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # The developer's own settings must not leak into a test.
    own = {key: text for key, text in os.environ.items() if not key.startswith("ZHENZAN_")}
    return subprocess.run(
        [sys.executable, "-m", "zhenzan", *words],
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_verb(flag: str):
    done = _run(flag)
    assert done.returncode == 0
    assert all(f"\n  {verb}" in done.stdout for verb in VERBS)


def test_help_loads_no_kernel_and_no_table_library():
    code = (
        "import sys\nfrom zhenzan.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numba', 'numpy', 'pyarrow', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_is_printed():
    assert _run("--version").stdout == f"zhenzan {__version__}\n"


def test_an_unknown_verb_exits_with_2_and_names_the_nearest():
    done = _run("scor")
    assert done.returncode == 2
    assert "'score'" in done.stderr


def test_an_error_is_one_line_with_its_code_and_a_hint():
    done = _run("settings", ZHENZAN_LATENES_S="5")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: no setting is named `latenes_s` (ZZ001)",
        "hint: did you mean `lateness_s`?",
    ]


def test_settings_say_where_each_value_came_from():
    rows = json.loads(_run("settings", "--json", ZHENZAN_LATENESS_S="5").stdout)
    found = {row["name"]: (row["value"], row["origin"]) for row in rows}
    assert found["lateness_s"] == (5, "environment")
    assert found["batch_rows"][1] == "default"


def test_the_variable_of_the_data_folder_is_not_taken_for_a_setting():
    assert _run("settings", ZHENZAN_DATA="data").returncode == 0


def test_doctor_finds_everything_the_base_install_needs():
    done = _run("doctor", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["missing"] == []
    assert found["versions"]["zhenzan"] == __version__
    assert set(found["extras"]) == {"bench", "browser", "dev"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_json(verb: str):
    done = _run(verb, "-h")
    assert done.returncode == 0
    assert "--json" in done.stdout
