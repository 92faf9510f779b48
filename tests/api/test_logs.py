"""The log is one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys

from zhenzan.api.logs import JsonLines


def _line(**changes: object) -> dict[str, object]:
    record = logging.LogRecord("zhenzan.x", logging.WARNING, "", 0, "fell %s", ("silent",), None)
    record.created = 1_700_000_000.25
    vars(record).update(changes)
    return json.loads(JsonLines().format(record))


def test_a_line_tells_when_how_bad_where_and_what():
    assert _line() == {
        "time": "2023-11-14T22:13:20.250+00:00",
        "level": "warning",
        "part": "zhenzan.x",
        "message": "fell silent",
    }


def test_fields_stand_beside_the_message():
    assert _line(fields={"detector": "BEH001", "文": "赞"})["detector"] == "BEH001"


def test_an_error_brings_the_place_where_it_happened():
    try:
        raise ValueError("odd\nvalue")
    except ValueError:
        line = _line(exc_info=sys.exc_info())
    assert "ValueError: odd" in str(line["error"])
