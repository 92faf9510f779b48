"""The service that answers while interactions happen, and loses none of them.

An interaction is validated, checked against the ids that were there before, written to the
journal, and acknowledged only once its record is on disk; then it is scored against the state of
the moment. Invariants: the journal is the truth and everything else can be rebuilt from it; the
answers are a function of the order of the journal alone, however it was cut into batches; a
record has its effect on the counts once. Entry point: ``open_service``.
"""

from zhenzan.live.opening import open_service

__all__ = ["open_service"]
