"""The command line as a person meets it: help, errors, exit statuses."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
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
    assert {"service", "postgres", "kafka", "learned", "dev"} <= set(found["extras"])


def _actions() -> list[tuple[str, ...]]:
    """Every verb, with each of its actions where it has some."""
    found: list[tuple[str, ...]] = []
    for verb in VERBS:
        actions = getattr(importlib.import_module(f"zhenzan.cli.{verb}"), "ACTIONS", None)
        found += [(verb, action) for action in actions] if actions else [(verb,)]
    return found


@pytest.mark.parametrize("words", _actions(), ids=" ".join)
def test_every_verb_has_help_and_json(words: tuple[str, ...]):
    done = _run(*words, "-h")
    assert done.returncode == 0
    assert "--json" in done.stdout


def _log(path: Path, rows: int, *, ts: str = "2026-03-02T00:00:00Z") -> Path:
    lines = [f"e{k},{ts},like,a{k % 50},i{k % 7}" for k in range(rows)]
    path.write_text("\n".join(["event_id,ts,kind,account_id,item_id", *lines]) + "\n")
    return path


def test_a_log_without_a_row_gives_empty_outputs(tmp_path: Path):
    done = _run("score", str(_log(tmp_path / "log.csv", 0)), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "out" / "likes.parquet").num_rows == 0
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("verb", ["score", "audit"])
def test_a_log_of_which_no_row_can_be_read_is_one_error(verb: str, tmp_path: Path):
    log = _log(tmp_path / "log.csv", 3, ts="someday")
    done = _run(verb, str(log), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "none of the 3 rows of the log can be read (bad_time 3) (ZZ002)" in done.stderr
    assert "Traceback" not in done.stderr
    assert pq.read_table(tmp_path / "out" / "rejects.parquet").num_rows == 3


def test_a_memory_limit_that_is_none_is_an_error_with_a_hint(tmp_path: Path):
    log = _log(tmp_path / "log.csv", 100)
    done = _run("audit", str(log), "--out", str(tmp_path / "out"), "--memory-limit", "banana")
    assert done.returncode == 2
    assert "error: `banana` is no memory limit (ZZ001)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_folder_may_have_an_apostrophe(tmp_path: Path):
    done = _run("audit", str(_log(tmp_path / "log.csv", 100)), "--out", str(tmp_path / "it's"))
    assert done.returncode == 0, done.stderr


def test_a_closed_standard_input_is_an_error(tmp_path: Path):
    command = f'"{sys.executable}" -m zhenzan score - --out "{tmp_path / "out"}" <&-'
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, stdin=None
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard input is closed (ZZ002)")


def test_a_settings_file_that_is_no_yaml_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "settings.yaml").write_text("lateness_s: [1,\n")
    done = _run("settings", "--settings", str(tmp_path / "settings.yaml"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_so_in_its_status_and_tidies_up(number: signal.Signals, tmp_path: Path):
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-m", "zhenzan", "score", "-", "--out", str(out), "--format", "csv"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(b"event_id,ts,kind,account_id\ne,2026-03-02T00:00:00Z,view,a\n")
        running.stdin.flush()
        while not list(tmp_path.glob("zhenzan-*")):
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.05)
        running.send_signal(number)
        running.stdin.close()
        said = running.stderr.read().decode()
    assert running.returncode == 128 + number
    assert "Traceback" not in said
    assert not list(tmp_path.glob("zhenzan-*"))
