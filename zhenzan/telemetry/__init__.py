"""What the service tells of itself beside its answers: lines of the log, and spans of traces.

Invariant: neither holds personal data; ids of people, items and devices stay out of both.
"""
