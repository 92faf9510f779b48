"""Checks what a rule says: names, types, families, weights, dates, lists and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zhenzan.detectors.interface import Family
from zhenzan.errors import nearest
from zhenzan.rules import tree
from zhenzan.rules.faults import Source, Span
from zhenzan.rules.limits import COST_MAX, RULE_NATS_MAX
from zhenzan.rules.meaning import Typer, nearest_name
from zhenzan.rules.names import Readable, readables
from zhenzan.rules.values import LISTED

_FAMILIES = {family.word: family for family in Family}
_DIGIT = re.compile(r"\d")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def check_rule(rule: tree.Rule, lists: Mapping[str, tree.ListOf], source: Source) -> None:
    """Take down everything that is wrong with a rule that was parsed.

    Parameters
    ----------
    lists
        All lists that the rule may name.
    """
    _check_name(rule.name, rule.span, source)
    _check_header(rule, source)
    if "when" in rule.spans:
        typer = Typer(source, lists)
        typer.condition(rule.when)
        _check_cost(rule, source)
        _check_family(rule, source, typer)
    if rule.then.nats is not None:
        _check_weight(rule.then.nats, source)
    for example in rule.examples:
        _check_example(example, source)
    if "when" in rule.spans:
        for fires, word in ((True, "fires"), (False, "spares")):
            if not any(example.fires == fires for example in rule.examples):
                hint = {
                    True: "show one like at which it fires",
                    False: "show an innocent like that looks alike, at which it does not fire",
                }[fires]
                source.note("RL007", rule.span, f"the rule has no `{word}`", hint)


def check_list(part: tree.ListOf, source: Source) -> None:
    """Take down everything that is wrong with a list."""
    _check_name(part.name, part.span, source)
    if part.column and part.column not in LISTED:
        message = f"a list cannot hold `{part.column}`"
        source.note("RL017", part.spans["column"], message, nearest(part.column, LISTED))
    seen: set[str] = set()
    for entry in part.entries:
        if entry.value in seen:
            source.note("RL018", entry.span, f'"{entry.value}" stands twice')
        if not entry.value:
            source.note("RL018", entry.span, "an empty text is no entry")
        seen.add(entry.value)


def _check_name(name: str, span: Span, source: Source) -> None:
    if name and not _NAME.fullmatch(name):
        message = f"`{name}` is no name for a rule or a list"
        source.note("RL004", span, message, "use up to 60 small letters, digits and `_`")


def _check_header(rule: tree.Rule, source: Source) -> None:
    spans = rule.spans
    if "version" in spans and not 1 <= rule.version <= 1_000_000:
        source.note("RL004", spans["version"], "versions are counted from 1", "write `version 1`")
    for name in ("owner", "reason", "reason_zh"):
        if name in spans and not getattr(rule, name).strip():
            source.note("RL007", spans[name], f"`{name}` says nothing")
    if "family" in spans and rule.family not in _FAMILIES:
        message = f"`{rule.family}` is no family of evidence"
        source.note("RL009", spans["family"], message, nearest(rule.family, _FAMILIES))
    dated = "valid_from" in spans and "valid_until" in spans
    if dated and rule.valid_from.second >= rule.valid_until.second:
        source.note("RL011", spans["valid_until"], "the rule ends before it begins")
    for name in ("reason", "reason_zh"):
        found = _DIGIT.search(getattr(rule, name)) if name in spans else None
        if found:
            # Notices tell families and a person's own facts, never thresholds (T16).
            message = f"`{name}` tells a number"
            source.note("RL026", spans[name], message, "say what was seen, without numbers")


def _check_weight(nats: tree.Number, source: Source) -> None:
    if not 0 < float(nats.digits) <= RULE_NATS_MAX:
        message = f"{nats.digits} nats is outside the limits"
        hint = f"one rule says more than 0 and at most {RULE_NATS_MAX:g} nats"
        source.note("RL010", nats.span, message, hint)


def names_in(part: tree.Expr) -> dict[str, Readable]:
    """List what a condition reads."""
    known = readables()
    return {
        node.name: known[node.name]
        for node in tree.walk(part)
        if isinstance(node, tree.Name) and node.name in known
    }


def cost_of(condition: tree.Expr) -> int:
    """Count the passes over the arrays of a batch that a condition needs."""
    cost = sum(readable.cost for readable in names_in(condition).values())
    for node in tree.walk(condition):
        cost += 8 if isinstance(node, tree.Member) else 2 * len(tree.inside(node))
    return cost


def _check_cost(rule: tree.Rule, source: Source) -> None:
    cost = cost_of(rule.when)
    if cost > COST_MAX:
        message = f"the condition costs {cost} passes, and {COST_MAX} are allowed"
        source.note("RL014", rule.spans["when"], message, "split the rule")


def _check_family(rule: tree.Rule, source: Source, typer: Typer) -> None:
    """Refuse a rule that gives out one family's evidence as another's (safety rule 1, T18)."""
    family = _FAMILIES.get(rule.family)
    if family is None or typer.broken or rests_on(rule.when, family):
        return
    read = {f.word for r in names_in(rule.when).values() for f in r.families}
    message = f"the rule could fire without any evidence of its family, {family.word}"
    hint = f"it reads {', '.join(sorted(read)) or 'no evidence'}; every way to fire must read a "
    hint += f"name of the family {family.word}, or the rule belongs to another"
    source.note("RL019", rule.spans["family"], message, hint)


def rests_on(part: tree.Expr, family: Family, *, opposite: bool = False) -> bool:
    """Tell whether a condition cannot hold unless something of a family is looked at."""
    match part:
        case tree.Not(inner):
            return rests_on(inner, family, opposite=not opposite)
        case tree.All(parts) | tree.Any(parts):
            told = (rests_on(inner, family, opposite=opposite) for inner in parts)
            return any(told) if isinstance(part, tree.All) != opposite else all(told)
        case tree.AtLeast(count, parts):
            told_all = [rests_on(inner, family, opposite=opposite) for inner in parts]
            # So many parts may hold without the family; one more of them must rest on it.
            needed = len(parts) - count + 1 if opposite else count
            return told_all.count(False) < needed
    if isinstance(part, tree.Known):
        return False  # what is not known is no evidence (safety rule 3), nor that it is known
    return any(family in readable.families for readable in names_in(part).values())


def _check_example(example: tree.Example, source: Source) -> None:
    known = readables()
    seen: set[str] = set()
    for (name, value), span in zip(example.values, example.spans, strict=True):
        if name in seen:
            source.note("RL008", span, f"`{name}` stands twice")
        seen.add(name)
        if name not in known:
            source.note("RL005", span, f"nothing is named `{name}`", nearest_name(name))
            continue
        wanted = known[name].type
        given = Typer(source, {}).literal(value)
        if not Typer.fits(wanted, given):
            message = f"`{name}` is {wanted}, and this is {given}"
            source.note("RL006", value.span, message)
