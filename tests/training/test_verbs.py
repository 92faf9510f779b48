"""The verbs about models read a log as it was trained on: with its mapping and its side tables."""

from __future__ import annotations

import inspect
import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pytest

from zhenzan.cli.models import compare, drift
from zhenzan.cli.redteam import redteam
from zhenzan.cli.score import score
from zhenzan.cli.train import train
from zhenzan.errors import SchemaError
from zhenzan.training.history import read_history
from zhenzan.training.measure import measure


@pytest.mark.parametrize("verb", [compare, drift, redteam, score])
def test_what_reads_a_log_takes_what_training_took(verb):
    sides = {"mapping", "accounts", "items", "networks"}
    assert sides <= set(inspect.signature(train).parameters)
    assert sides <= set(inspect.signature(verb).parameters)


@pytest.mark.slow
def test_a_foreign_log_is_compared_by_its_mapping(platform, models, tmp_path, capsys):
    table = platform.history.table.filter(pc.equal(platform.history.table["kind"], "like"))
    renamed = pa.table(
        {
            "who": table["account_id"],
            "what": table["item_id"],
            "when": pc.divide(table["ts"].cast(pa.int64()), 1_000_000),
        }
    )
    pcsv.write_csv(renamed, tmp_path / "likes.csv")
    (tmp_path / "map.yaml").write_text(
        "columns:\n"
        '  event_id: {template: "{who}:{what}:{when}"}\n'
        "  ts: {column: when, unit: s}\n"
        "  kind: {constant: like}\n"
        "  account_id: who\n"
        "  item_id: what\n"
        "where:\n"
        "  what: {not_null: true}\n"
    )
    log, mapping = str(tmp_path / "likes.csv"), str(tmp_path / "map.yaml")
    version = next((models / "versions").iterdir()).name
    compare(models, "none", version, log, mapping=mapping, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["likes"] == len(measure(read_history(log, mapping=mapping)))
    drift(models, log, version=version, mapping=mapping, as_json=True)
    moved = {row["input"]: row["word"] for row in json.loads(capsys.readouterr().out)}
    # A log of likes alone knows no devices, and the drift says so.
    assert moved["near_device_mean"] != "same"
    with pytest.raises(SchemaError):
        compare(models, "none", version, log, as_json=True)
