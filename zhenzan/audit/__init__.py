"""The periodic audit: rolling windows over months of history, and what they revise.

Invariant: what an audit has answered for a window never changes; a later window adds to it, and
every change of an answer is an event. One entry point: `zhenzan.audit.job.audit_log`.
"""
