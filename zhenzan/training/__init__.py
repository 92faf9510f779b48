"""What learns: from attacks injected into a platform's own history, from outcomes, from labels.

Invariants: splits follow time, with an embargo between their parts; the background is unlabelled
and not assumed clean; ids, order and absolute time are no inputs; one seed repeats a training; the
red team plays in the simulator and nowhere else. Needs the extra ``learned`` to train, nothing to
compare, promote or take back models. Entry points: ``job.train``, ``redteam.attack``.
"""
