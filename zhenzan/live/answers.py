"""How answers are written as JSON: the same over HTTP and on a topic."""

from __future__ import annotations

from typing import Any

from zhenzan.counts.wire import time_text
from zhenzan.live.interface import Answer

CONFLICT = "duplicate_conflict"
"""The reason of the quarantine file for an id that was used for another body."""


def answer_body(answer: Answer) -> dict[str, Any]:
    """Write one answer as JSON."""
    problem = answer.problem
    return {
        "event_id": answer.event_id,
        "status": answer.status,
        "position": answer.position,
        "score": answer.score,
        "count_state": answer.count_state,
        "reasons": answer.reasons,
        "as_of": time_text(answer.as_of_us) if answer.as_of_us else None,
        "late_by_us": answer.late_by_us,
        "problem": problem
        and {
            "code": problem_code(problem.reason),
            "reason": problem.reason,
            "detail": problem.detail,
            "detail_zh": problem.detail_zh,
        },
    }


def problem_code(reason: str) -> str:
    """Name the kind of problem that a refused row has.

    Examples
    --------
    >>> problem_code("bad_time"), problem_code("duplicate_conflict")
    ('invalid', 'conflict')
    """
    return "conflict" if reason == CONFLICT else "invalid"
