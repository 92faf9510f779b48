"""Rules that analysts write: a small typed language, compiled to arrays, versioned, tried first.

A rule adds evidence of one family, or holds a like until it settles; it never excludes by itself:
the joining of ``joining.join_rules`` and ``scoring.decide.count_states`` decide (safety rules 1, 3
and 11 of design.md). Entry points: ``load.load_folder`` (texts to a `RuleSet`),
``RuleSet.apply`` (arrays to `Effects`), ``book.RuleBook`` (versions), ``backtest.backtest``.
"""
