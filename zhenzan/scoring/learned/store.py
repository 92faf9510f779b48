"""Keeps what a model read of the likes that do not count, so that reasons can be made again.

``inputs.parquet`` holds the inputs, bins and own evidence of each such like; ``evidence.npz`` what
the run found usual. With the model's version they give the same reasons at any later time (S1-02,
"What every decision must carry").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhenzan.detectors.registry import all_detectors
from zhenzan.errors import ModelError, SourceError
from zhenzan.events.state import CountState
from zhenzan.scoring.evidence import Evidence
from zhenzan.scoring.learned.inputs import assemble, inputs
from zhenzan.scoring.learned.judge import by_family
from zhenzan.scoring.learned.model import load_model
from zhenzan.scoring.learned.reasons import family_words, merged_reasons
from zhenzan.scoring.reasons import Reasoner

if TYPE_CHECKING:
    from zhenzan.scoring.job import Run
    from zhenzan.scoring.outputs import Settlement

_CHUNK = 65_536
_FILE = "inputs.parquet"
_KNOWN = "evidence.npz"


def write_inputs(run: Run, settlement: Settlement, out: Path) -> None:
    """Write the inputs of every like that is not counted or that the model has strengthened."""
    stronger = settlement.stronger
    if stronger is None or run.model is None:
        return
    settled = settlement.settled
    known = Evidence(settled.table, *settled.baseline.usual())
    np.savez_compressed(out / _KNOWN, table=known.table, low=known.low, high=known.high)
    baseline = settlement.settled.baseline
    segments = baseline.segments(run.spill.key("category"), run.spill.key("campaign"))
    chosen = np.flatnonzero((settlement.states != CountState.COUNTED) | stronger.by_model)
    ids = run.spill.event_ids()
    measured = settlement.measured
    schema = _schema(len(all_detectors()), run.model.version, str(run.model.folder))
    with pq.ParquetWriter(out / _FILE, schema, compression="zstd") as writer:
        for start in range(0, len(chosen), _CHUNK):
            rows = chosen[start : start + _CHUNK]
            bins = np.asarray(measured.bins[rows])
            matrix = assemble(measured.matrix(rows), bins, stronger.near[rows])
            columns = [
                ids.take(pa.array(rows)).cast(pa.string()).combine_chunks(),
                pa.array(stronger.by_model[rows]),
                pa.array(segments[rows]),
                pa.array(stronger.score[rows]),
                _lists(stronger.nats[rows]),
                _lists(bins),
                _lists(matrix),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _schema(detectors: int, version: str, folder: str) -> pa.Schema:
    width = len(inputs("settled"))
    return pa.schema(
        [
            pa.field("event_id", pa.string(), nullable=False),
            pa.field("by_model", pa.bool_(), nullable=False),
            pa.field("segment", pa.int16(), nullable=False),
            pa.field("score", pa.float64(), nullable=False),
            pa.field("nats", pa.list_(pa.float32(), 6), nullable=False),
            pa.field("bins", pa.list_(pa.int8(), detectors), nullable=False),
            pa.field("inputs", pa.list_(pa.float32(), width), nullable=False),
        ],
        metadata={"model": version, "folder": folder},
    )


def _lists(matrix: Any) -> pa.FixedSizeListArray:
    flat = pa.array(np.ascontiguousarray(matrix).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one like was answered as it was.

    Attributes
    ----------
    like
        Its row in ``likes.parquet``.
    version
        The model; None where the evidence alone has answered.
    reasons
        Made again where a model has strengthened the answer, else as they were written.
    families
        Evidence by family, in nats.
    evidence_score, model_score
        What the evidence says without the model, and the model's own probability; None where no
        inputs were kept.
    same
        True if what was made again equals what was written; None where nothing was made again.
    """

    like: Mapping[str, Any]
    version: str | None
    reasons: list[dict[str, Any]]
    families: dict[str, float]
    evidence_score: float | None
    model_score: float | None
    same: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Turn the explanation into plain values."""
        shown = ("event_id", "score", "count_state", "score_at_once", "count_state_at_once")
        return {
            **{name: self.like[name] for name in shown},
            "model": self.version,
            "evidence_score": self.evidence_score,
            "model_score": self.model_score,
            "families": self.families,
            "reasons": self.reasons,
            "same": self.same,
        }


def explain_like(out: Path, event_id: str, *, models: Path | None = None) -> Explanation:
    """Explain one like of a scored log, from what was stored.

    Parameters
    ----------
    out
        The folder that scoring wrote.
    models
        Where the model lies; None: where it lay when the log was scored.

    Raises
    ------
    SourceError
        The folder holds no answers, or no such like.
    ModelError
        The model is not there any more, or is another version.
    """
    try:
        found = pq.read_table(out / "likes.parquet", filters=[("event_id", "=", event_id)])
        summary = json.loads((out / "summary.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"`{out}` holds no answers: {error}") from error
    if not len(found):
        raise SourceError(f"`{out}` answers no like `{event_id}`")
    like = found.to_pylist()[0]
    reasons = like["reasons"] or []
    plain = Explanation(like, summary.get("model"), reasons, like["evidence"], None, None, None)
    if plain.version is None:
        return plain
    kept = pq.read_table(out / _FILE, filters=[("event_id", "=", event_id)])
    return _again(plain, kept, out, models) if len(kept) else plain


def _again(plain: Explanation, kept: pa.Table, out: Path, models: Path | None) -> Explanation:
    """Make score, evidence and reasons again and compare them with what was written."""
    folder = Path(kept.schema.metadata[b"folder"].decode()) if models is None else models
    assert plain.version is not None
    model = load_model(folder, plain.version if (folder / "versions").is_dir() else None)
    if model.version != plain.version:
        raise ModelError(f"`{folder}` is {model.version}", hint=f"scored with {plain.version}")
    with np.load(out / _KNOWN) as stored:
        known = Evidence(stored["table"], stored["low"], stored["high"])
    row = {name: np.array(kept[name].to_pylist()) for name in kept.column_names}
    part, matrix = model.parts["settled"], row["inputs"].astype(np.float32)
    probability = float(part.probability(row["score"], matrix)[0])
    evidence_score = float(row["score"][0])
    like = plain.like
    score = max(evidence_score, probability)
    same = bool(np.float32(score) == np.float32(like["score"]))
    families, reasons = plain.families, plain.reasons
    if row["by_model"][0]:
        families = family_words(by_family(part, row["nats"].astype(np.float32), matrix)[0])
        reasoner = Reasoner(all_detectors(), known)
        bins, segment = row["bins"].astype(np.int8), row["segment"].astype(np.int16)
        reasons = merged_reasons(reasoner, part, matrix, bins, segment).to_pylist()[0]
        written = {name: round(value, 3) for name, value in like["evidence"].items()}
        same &= reasons == plain.reasons and families == written
    return Explanation(like, plain.version, reasons, families, evidence_score, probability, same)
