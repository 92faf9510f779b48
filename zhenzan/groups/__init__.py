"""Accounts that act together.

Invariant: every answer is about a like (an account's on an item), never about an account as
such; and it is relational, joins and aggregations that any SQL engine can run.
"""
