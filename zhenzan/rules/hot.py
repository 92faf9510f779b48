"""The rules that a running service follows: swapped between two batches, never inside one."""

from __future__ import annotations

from collections.abc import Iterable

from zhenzan.rules.faults import fault_of_file, raise_faults
from zhenzan.rules.ruleset import NO_RULES, RuleSet


class HotRules:
    """Holds the set in force.

    A batch asks once for ``current`` and uses what it got to its end; putting another set in its
    place is one assignment of a reference, so a batch sees the old set or the new one and nothing
    between. May be swapped from any thread.

    Parameters
    ----------
    features
        Window features that the running engine measures.
    """

    def __init__(self, features: Iterable[str], rules: RuleSet = NO_RULES) -> None:
        self._features = frozenset(features)
        self._rules = NO_RULES
        self.swap(rules)

    @property
    def current(self) -> RuleSet:
        """The set in force."""
        return self._rules

    def swap(self, rules: RuleSet) -> None:
        """Put another set in place; it is in force from the next batch on.

        Raises
        ------
        RuleError
            A rule reads a feature that the engine does not measure. It could never fire, and
            nobody would notice; the set in force stays.
        """
        raise_faults(
            fault_of_file(
                "RL035",
                rule.key,
                f"the running service does not measure {', '.join(sorted(missing))}",
                "start the service anew with this rule in its rulebook",
            )
            for rule in rules.rules
            if (missing := (rule.reads & rules.features) - self._features)
        )
        self._rules = rules
