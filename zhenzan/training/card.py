"""Writes the card of a model: what it was made of, what it reads and why, what it does to people.

Markdown for people beside the same facts as JSON (``model.json``). The card lies outside the hash:
its wording may change, what it tells about may not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhenzan.clock import DAY_US, as_utc


def write_card(folder: Path, facts: dict[str, Any]) -> None:
    """Write ``card.md`` into the folder of a version."""
    lines = [
        f"# Model {facts['version']}",
        "",
        "It strengthens what the evidence says about likes; it never lowers it and never excludes",
        "a like on one family of evidence.",
        "在证据之上加强对点赞的判断；从不削弱证据，也从不凭单一类别的证据排除点赞。",
        "",
        *_data(facts),
        *_measured(facts),
        *_harm(facts),
        *_inputs(facts),
        *_limits(facts),
    ]
    (folder / "card.md").write_text("\n".join(lines) + "\n", "utf-8")


def _data(facts: dict[str, Any]) -> list[str]:
    data, plan, parts = facts["data"], facts["plan"], facts["split"]
    first, last = (as_utc(data[name]).date().isoformat() for name in ("first_us", "last_us"))
    told = ", ".join(f"{count:,} {name}" for name, count in data["verdicts"].items()) or "none"
    embargo, wanted = parts["embargo_us"] / DAY_US, parts["embargo_wanted_us"] / DAY_US
    lines = [
        "## Data",
        "",
        (
            f"- {data['likes']:,} likes from {first} to {last}; by the evidence, "
            f"{data['prior']:.1%} of them are inauthentic."
        ),
        f"- Injected likes per round (orders and cover): {data['injected']}.",
        f"- Verdicts of people: {told}.",
        f"- Weights of the sources: {plan['weights']}; seed {plan['seed']}.",
        (
            "- The background is unlabelled: each like is a negative with its probability of being "
            "honest, and none beyond 0.2."
        ),
        "",
        "## Split",
        "",
    ]
    for name in ("train", "calibrate", "test"):
        start, end = (as_utc(bound).isoformat(timespec="minutes") for bound in parts[name])
        lines.append(f"- {name}: {start} to {end}")
    lines.append(f"- Embargo between parts: {embargo:.2f} days; longest window {wanted:.0f} days.")
    if embargo < wanted:
        lines.append(
            "- The history is too short for an embargo as long as the longest window: windows of "
            "later parts reach back over it. Each part has attacks of its own."
        )
    return [*lines, ""]


def _measured(facts: dict[str, Any]) -> list[str]:
    lines = [
        "## Measured on the last part",
        "",
        "| moment | truth | answer | average precision | calibration error | recall at 0.10 % |",
        "|---|---|---|---|---|---|",
    ]
    for moment, one in facts["moments"].items():
        test = one["test"]
        for name in ("evidence", "model", "stronger"):
            row = test[name]
            lines.append(
                f"| {moment} | {test['truth']} | {name} | {row['average_precision']} | "
                f"{row['calibration_error']} | {row['recall']['0.10%']} |"
            )
    lines += ["", "Calibration maps tried, by log loss on the half that was not fitted:", ""]
    for moment, one in facts["moments"].items():
        losses = ", ".join(f"{k} {v}" for k, v in one["calibration_losses"].items())
        lines.append(f"- {moment}: {losses}; kept: {one['calibration']['kind']}")
    lines += ["", "| moment | evidence present | likes | bought | calibration error |"]
    lines.append("|---|---|---|---|---|")
    for moment, one in facts["moments"].items():
        for name, row in one["test"]["patterns"].items():
            lines.append(
                f"| {moment} | {name} | {row['likes']:,} | {row['bought']:,} | "
                f"{row['calibration_error']} |"
            )
    return [
        *lines,
        "",
        *_drawings(facts),
    ]


def _drawings(facts: dict[str, Any]) -> list[str]:
    """Show the reliability diagrams, one line a moment."""
    lines = [
        "Reliability: what was said beside what was, by evidence present and by segment; a value",
        "with too few bought likes is not drawn.",
        "校准图：所述概率与实际比例的对照，按现有证据和各分组；不真实点赞过少的取值不画。",
        "",
    ]
    for moment, one in facts["moments"].items():
        names = one["test"]["drawings"]
        lines += [" ".join(f"![{name.removesuffix('.svg')}]({name})" for name in names), ""]
        if len(names) == 1:
            lines += [f"No segment has enough bought likes to be drawn ({moment}).", ""]
    return lines


def _harm(facts: dict[str, Any]) -> list[str]:
    plan = facts["plan"]
    lines = [
        "## Known harm",
        "",
        f"Thresholds keep honest likes that the model would exclude within {plan['harm_max']:.3%}"
        + (f", at a cost of {plan['cost']} missed likes each." if plan["cost"] else "."),
        "Shares of probably honest likes of the last part that reach them, before safety rules:",
        "",
        "| moment | likes | reach held | reach excluded |",
        "|---|---|---|---|",
    ]
    for moment, one in facts["moments"].items():
        harm = one["test"]["harm"]
        lines.append(
            f"| {moment} | {harm['likes']:,} | {harm['reach_held']:.3%} | "
            f"{harm['reach_excluded']:.3%} |"
        )
    lines += [
        "",
        "By segment: mean probability said, share that was bought, honest likes that would be",
        "excluded; no calibration error is told where too few bought likes are known.",
        "",
        "| moment | segment | value | likes | bought | said | was | reach excluded | error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for moment, one in facts["moments"].items():
        for segment, rows in one["test"]["segments"].items():
            for word, row in rows.items():
                said, was, error = (
                    "-" if row[key] is None else row[key]
                    for key in ("said", "was", "calibration_error")
                )
                lines.append(
                    f"| {moment} | {segment} | {word} | {row['likes']:,} | {row['bought']:,} | "
                    f"{said} | {was} | {row['reach_excluded']:.3%} | {error} |"
                )
    return [*lines, ""]


def _inputs(facts: dict[str, Any]) -> list[str]:
    lines = ["## What it reads, and why", "", "| input | family | purpose |", "|---|---|---|"]
    words = ("account", "behaviour", "network", "target", "group", "context")
    for row in facts["inputs"]["settled"]:
        lines.append(f"| {row['name']} | {words[row['family']]} | {row['purpose']} |")
    lines += ["", "No id, order of rows or absolute time is read.", ""]
    return lines


def _limits(facts: dict[str, Any]) -> list[str]:
    judged = facts["moments"]["settled"]["examples"]["judged_teach"]
    if judged:
        return [
            "## Limits",
            "",
            "- It knows the attacks that people have judged, and those injected.",
        ]
    return [
        "## Limits",
        "",
        (
            "- Nobody's verdicts taught it: only injected attacks did, and a simulator is a weak "
            "teacher. Half of what the trees say is heard."
        ),
        "- Its figures are about injected attacks, not about attacks on this platform.",
    ]
