"""Writes the page of a rule: what it sees, whom it spares, who owns it."""

from __future__ import annotations

from zhenzan.rules import tree
from zhenzan.rules.canonical import moment, render, written


def page_of(rule: tree.Rule) -> str:
    """Write the page of one rule in Markdown.

    Its examples are those of the rule, which the check runs; so a page cannot promise what the
    rule does not do.
    """
    lines = [
        f"# {rule.name}",
        "",
        rule.about or rule.reason,
        "",
        f"- Version: {rule.version}",
        f"- In force: {moment(rule.valid_from)} until {moment(rule.valid_until)}",
        f"- Owner: {rule.owner}",
        f"- Family of evidence: {rule.family}",
        f"- Effect: {_effect(rule.then)}",
        f"- Reason: {rule.reason} / {rule.reason_zh}",
    ]
    for fires, title in ((True, "Fires at"), (False, "Spares, though it looks alike")):
        for example in rule.examples:
            if example.fires == fires:
                lines += ["", f"## {title}", "", f"{example.title}.", ""]
                lines += [f"- `{name}` = {written(value)}" for name, value in example.values]
    lines += ["", "## The rule", "", "```text", render(tree.Document((rule,))).rstrip(), "```", ""]
    return "\n".join(lines)


def _effect(effect: tree.Effect) -> str:
    if effect.nats is None:
        return "holds the like until it settles"
    side = "inauthentic" if effect.side == "for" else "authentic"
    return f"{effect.nats.digits} nats of evidence that the like is {side}"
