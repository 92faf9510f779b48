"""The service's log: one JSON object a line on standard error, with no personal data."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from zhenzan.telemetry.request import REQUEST_ID


class JsonLines(logging.Formatter):
    """Writes a record as one line: time, level, part, message, and where it failed.

    The request at hand and what a record carries as ``fields`` are added.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one record; what it carries as ``fields`` stands beside its message."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if (request_id := REQUEST_ID.get()) is not None:
            line["request"] = request_id
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_config(level: str = "INFO") -> dict[str, Any]:
    """Give the configuration that uvicorn hands to Python's logging."""
    handlers = {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines}},
        "handlers": handlers,
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            name: {"handlers": ["stderr"], "level": level, "propagate": False}
            for name in ("uvicorn", "zhenzan")
        },
    }
