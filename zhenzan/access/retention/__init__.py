"""How long each class of records is kept, and the runs that remove what is over.

Requirements, section 6: each record takes the longest statutory minimum that applies, then is
deleted; a legal hold overrides. Entry points: ``run.Retention`` for everything by class,
``history.strip_history`` for a folder of interactions, ``schedule.Schedule`` for runs by the clock.
"""
