"""The silence alarm: says when a detector falls silent or the input changes its shape.

A detector that no longer fires looks like a clean platform, and a column that goes missing looks
like many innocent people, so nobody notices unless somebody counts. Invariants: alarms are a
function of the rows and their order, whatever batches they came in, and of no clock; a share is
compared with its own past and with nothing else; the rate of false alarms is stated. Entry point:
`zhenzan.alarm.silence.SilenceAlarm`.
"""
