"""What comes in: the contract, sources, validation, order, and the count state.

Entry point: ``zhenzan.events.ingest``. Nothing is dropped in silence: a row is either in a
batch, a counted duplicate, or in ``rejects`` with its reason.
"""
