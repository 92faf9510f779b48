"""Topics of a Kafka-protocol broker: interactions in; answers, revisions and dead letters out.

Invariants: an offset is given back only after the service has the interactions of every message
before it on disk and their answers are with the broker, so a crash repeats messages and loses
none; the service knows an interaction by its id, so a repeat counts once; a message that cannot be
read or is refused becomes a dead letter with its reason and its place, and holds nobody up; what
waits is bounded. Entry point: `zhenzan.broker.bridge.Bridge`.
"""
