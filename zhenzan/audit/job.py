"""From months of history to groups, growths and revisions: the entry point of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import zhenzan
from zhenzan.audit import learned
from zhenzan.audit.growths import growths
from zhenzan.audit.history import History, read_history
from zhenzan.audit.options import AuditOptions
from zhenzan.audit.outputs import write_outputs
from zhenzan.audit.revision import check_likes
from zhenzan.audit.standing import CHANGES, Standing, Window, advance
from zhenzan.audit.state import State, agree, file_digest
from zhenzan.audit.windows import plan
from zhenzan.errors import CheckpointError, SettingError, SourceError
from zhenzan.events.ingest import Ingest
from zhenzan.events.mapping import load_mapping
from zhenzan.events.sources.discover import STANDARD_INPUT, log_files
from zhenzan.features.compile import feature_hash
from zhenzan.files import whole_folder
from zhenzan.groups.find import find_groups
from zhenzan.groups.schema import Groups
from zhenzan.scoring.job import Progress, silent
from zhenzan.scoring.learned.model import Model
from zhenzan.settings import Settings

Find = Callable[[pa.Table, AuditOptions], Groups]
"""What finds the groups among the likes of one window."""


@dataclass(frozen=True, slots=True)
class Source:
    """The history and what reads it; ``likes`` is what ``zhenzan score`` answered for it."""

    log: str
    mapping: str | None = None
    accounts: Path | None = None
    items: Path | None = None
    format: str | None = None
    likes: Path | None = None
    networks: Path | None = None


def _found(likes: pa.Table, options: AuditOptions) -> Groups:
    return find_groups(likes, options=options.groups)


def audit_log(
    source: Source,
    out: Path,
    options: AuditOptions,
    settings: Settings,
    *,
    find: Find = _found,
    model: Model | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Audit a history window by window and write the outputs to ``out``; return the summary.

    Memory follows the likes of one window (60 bytes each), the accounts and the items. A run
    that was interrupted goes on after its last finished window, and one over the same input and
    options writes the same bytes. A history that has grown at its end is taken further.

    Raises
    ------
    CheckpointError
        ``out`` holds an audit of another history, under other options, or of another version.
    SourceError
        The history is a stream, which cannot be read twice, or the likes cannot be revised.
    SchemaError
        The likes were written by a version that kept no evidence.
    SettingError
        A model is given, and no likes that it could revise.
    """
    report = progress or silent
    if model is not None and source.likes is None:
        raise SettingError("a model revises likes, and none are given", hint="name them: `--likes`")
    if source.likes is not None:
        check_likes(source.likes, out)
    out.mkdir(parents=True, exist_ok=True)
    state = State(out)
    begun = _begun_with(source, options, settings, model)
    history = _history(source, state, out, begun, settings, report)
    finished = [json.loads((path / "window.json").read_text("utf-8")) for path in state.windows()]
    ends = [one["end_us"] for one in finished]
    windows = plan(history.first_us, history.last_us, options, finished_us=ends)
    for window in windows[len(finished) :]:
        report("audit", window.index / len(windows))
        judged = _judged(source, model, windows, window, settings)
        _audit(window, state, history, options, find, judged)
    report("audit", 1.0)
    summary = write_outputs(state, history, windows, source.likes, out, settings)
    summary = {"version": zhenzan.__version__, "feature_hash": feature_hash(), **summary}
    summary["options"] = options.as_dict()
    if model is not None:
        summary["model"] = model.version
    text = json.dumps(summary, indent=2) + "\n"
    (out / "summary.json").write_text(text, encoding="utf-8")
    report("write", 1.0)
    return summary


def _history(
    source: Source,
    state: State,
    out: Path,
    begun: dict[str, Any],
    settings: Settings,
    report: Progress,
) -> History:
    """Open the coded likes, after reading the log where that was not done for these files."""
    digests = _digests(source)
    known = state.manifest()
    if known is not None:
        agree(known["begun_with"], begun, out=out)
    if known is None or known["files"] != digests or not state.history.is_dir():
        _read(source, state, out, settings, report, is_new=known is None)
        state.begin({"begun_with": begun, "files": digests})
    return History(state.history)


def _digests(source: Source) -> list[str | None]:
    if source.log == STANDARD_INPUT:
        raise SourceError("an audit reads its history more than once", hint="name a file or folder")
    paths = log_files(source.log)
    for path in paths:
        if not path.is_file():
            raise SourceError(f"`{path}` is a stream", hint="an audit needs files")
    return sorted(file_digest(path) or "" for path in paths)  # type: ignore[return-value]


def _begun_with(
    source: Source, options: AuditOptions, settings: Settings, model: Model | None
) -> dict[str, Any]:
    """Everything but the log itself that moves an answer."""
    mapping = load_mapping(source.mapping) if source.mapping is not None else None
    rules = json.dumps(asdict(mapping), sort_keys=True, default=str) if mapping else None
    content: dict[str, Any] = json.loads(
        json.dumps(
            {
                "version": zhenzan.__version__,
                "feature list": feature_hash(),
                "options": options.as_dict(),
                "settings": asdict(settings),
                "mapping": rules,
                "format": source.format,
                "accounts table": file_digest(source.accounts),
                "items table": file_digest(source.items),
                "networks": file_digest(source.networks),
                "model": None if model is None else model.version,
            }
        )
    )
    return content


def _read(
    source: Source,
    state: State,
    out: Path,
    settings: Settings,
    report: Progress,
    *,
    is_new: bool,
) -> None:
    with whole_folder(state.history) as folder:
        ingest = _opened(source, settings, rejects_path=out / "rejects.parquet")
        read_history(ingest, folder, lambda part: report("read", part))
        if not is_new:
            _unchanged(History(folder), state, out)


def _opened(
    source: Source, settings: Settings, *, kind: type[Ingest] = Ingest, rejects_path: Path | None
) -> Ingest:
    """Open the log with all that reads it."""
    return kind(
        source.log,
        settings,
        mapping=source.mapping,
        rejects_path=rejects_path,
        networks=source.networks,
        accounts=source.accounts,
        items=source.items,
        format=source.format,
    )


def _unchanged(history: History, state: State, out: Path) -> None:
    """Refuse a history that differs where windows have been finished."""
    after, start_us = "", 0
    for path in state.windows():
        window = json.loads((path / "window.json").read_text("utf-8"))
        after = history.digest(start_us, window["end_us"], after=after)
        start_us = window["end_us"]
        if after != window["digest"]:
            raise CheckpointError(
                f"the history has changed before {np.datetime64(window['end_us'], 'us')}, "
                f"where the audit in `{out}` has finished",
                hint="name another folder with `--out` to audit the changed history",
            )


def _judged(
    source: Source,
    model: Model | None,
    windows: Sequence[Window],
    window: Window,
    settings: Settings,
) -> pa.Table | None:
    """Ask the model about the likes that have settled since the window before; None without one."""
    if model is None:
        return None
    return learned.judge(
        lambda kind: _opened(source, settings, kind=kind, rejects_path=None),
        model,
        window,
        settings,
        former_end_us=windows[window.index - 1].end_us if window.index else None,
    )


def _audit(
    window: Window,
    state: State,
    history: History,
    options: AuditOptions,
    find: Find,
    judged: pa.Table | None,
) -> None:
    """Audit one window and keep what stands after it."""
    standing, after, start_us = Standing.empty(), "", 0
    if window.index:
        folder = state.window(window.index - 1)
        standing = Standing.read(folder)
        former = json.loads((folder / "window.json").read_text("utf-8"))
        after, start_us = former["digest"], former["end_us"]
    likes = history.likes(window.start_us, window.end_us)
    found = find(likes, options)
    first_row = history.row_at(window.start_us)
    standing, changes = advance(standing, window, found, likes["ts"].to_numpy(), first_row)
    ids = history.event_ids(changes["row"].to_numpy())
    changes = changes.append_column("event_id", ids)
    facts = {
        "start_us": window.start_us,
        "end_us": window.end_us,
        "digest": history.digest(start_us, window.end_us, after=after),
        "likes": len(likes),
        "groups": len(found.groups),
    }
    with whole_folder(state.window(window.index)) as folder:
        standing.write(folder)
        pq.write_table(changes.select(CHANGES.names).cast(CHANGES), folder / "changes.parquet")
        grown = growths(history, standing, window, options)
        pq.write_table(grown, folder / "growths.parquet")
        if judged is not None:
            pq.write_table(judged, folder / learned.FILE)
        (folder / "window.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if window.index:
        Standing.remove(state.window(window.index - 1))
