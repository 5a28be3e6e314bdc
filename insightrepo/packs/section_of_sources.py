"""The closing sections of a pack: open questions, what happened, where the figures come from."""

from __future__ import annotations

from typing import Any

from insightrepo.locales import day, days, grouped
from insightrepo.packs.parts import Bullets, Section, Table
from insightrepo.packs.phrases import kept_days, more_than

MOST_DECISIONS = 10


def questions_section(content: dict[str, Any]) -> Section:
    """What nobody has answered yet."""
    asked = content["questions"]
    found = []
    if asked["missing_waves"]:
        found.append(Bullets("Waves that are missing", (", ".join(asked["missing_waves"]),)))
    if asked["numbers_total"]:
        items = tuple(f"“{one['said']}” in {one['study']}: {one['question']}" for one in asked["numbers"])
        found.append(Bullets(f"Numbers to settle ({grouped(asked['numbers_total'])})", items,
                             more_than(len(items), asked["numbers_total"])))  # fmt: skip
    if asked["silent_total"]:
        items = tuple(f"{one['code']} {one['name']}" for one in asked["silent"])
        found.append(Bullets(f"Outcomes without evidence ({grouped(asked['silent_total'])})", items,
                             more_than(len(items), asked["silent_total"])))  # fmt: skip
    if asked["gaps"] and asked["gaps"]["total"]:
        items = tuple(f"“{words}”" for words in asked["gaps"]["words"])
        found.append(Bullets(f"Searched and not found ({grouped(asked['gaps']['total'])})", items,
                             more_than(len(items), asked["gaps"]["total"])))  # fmt: skip
    lead = () if found else ("None that the repository knows of.",)
    return Section("questions", "Open questions", lead, bullets=tuple(found))


def meanwhile_section(content: dict[str, Any]) -> Section:
    """Targets, decisions, events and interventions."""
    targets = tuple(f"{one['name']}{f' ({of})' if (of := one['of']) else ''}: {one['words']}"
                    for one in content["targets"])  # fmt: skip
    happened = tuple(
        f"{kept_days(one['when'])}: {one['text']} ({one['kind']}, {one['concerns']})" for one in content["happened"]
    )
    found = [Bullets("Targets", targets)] if targets else []
    if decisions := content.get("decisions", ()):  # a pack of an earlier version has none
        items = tuple(_decision(one) for one in decisions[:MOST_DECISIONS])
        found.append(Bullets("Decisions on these outcomes", items, more_than(len(items), len(decisions))))
    if happened:
        found.append(Bullets("What happened", happened))
    lead = () if found else ("No target, decision, event or intervention was written down for this period.",)
    return Section("meanwhile", "Targets and what happened", lead, bullets=tuple(found))


def _decision(one: dict[str, Any]) -> str:
    reason = f" ({one['reason']})" if one["reason"] else ""
    return f"{one['outcome']}, {one['state']} ({day(one['day'])}): {one['text']}{reason}"


def sources_section(content: dict[str, Any]) -> Section:
    """Waves, issues, hashes, and what differs from the pack before."""
    rows = tuple(
        (one["wave"], days(one["first_day"], one["last_day"]), one["instrument"],
         f"issue {one['issue']}, frozen on {day(one['frozen_on'])}" if one["sha256"] else "provisional",
         one["sha256"] or "none: not frozen")
        for one in content["waves"]
    )  # fmt: skip
    table = Table(("Wave", "Days", "Measured with", "Issue", "sha256"), rows) if rows else None
    notes = content["reconciliation"]
    bullets = (Bullets("Reconciliation", tuple(notes)),) if notes else ()
    lead = () if notes else ("All waves are frozen, none was corrected, and nothing differs from an earlier pack.",)
    return Section("sources", "Where the figures come from", lead, table=table, bullets=bullets)


def sources_words(content: dict[str, Any]) -> str:
    """The snapshots in a line: for the notes of a slide."""
    waves = [f"{one['wave']} issue {one['issue']} " + (f"sha256 {one['sha256']}" if one["sha256"] else "(provisional)")
             for one in content["waves"]]  # fmt: skip
    return "Snapshots: " + ("; ".join(waves) or "none") + "."
