"""The sections of a pack on the largest opportunities and on satisfaction over the waves."""

from __future__ import annotations

from typing import Any

from insightrepo.locales import decimal, short
from insightrepo.packs.parts import Bars, Lines, Section, Table
from insightrepo.packs.phrases import between, count, more_than, people, percent
from insightrepo.scores.computing.opportunity import BANDS

WORTH_A_LOOK = BANDS[-1][0]


def gaps_section(content: dict[str, Any]) -> Section:
    """Outcomes by opportunity, where segments disagree with it named."""
    gaps, rows = content["gaps"], content["gaps"]["rows"]
    title = "Largest opportunities"
    if not rows:
        return Section("gaps", title, ("Importance and satisfaction were not both measured: no opportunity is known.",))
    whose = content["product"]["name"] if content["product"] else "everybody"
    whole = not content["product"]
    lead = [f"Opportunity (importance, plus how far satisfaction is behind it; 0 to 20) of {whose} in {gaps['wave']}."]
    if all(row["value"] < WORTH_A_LOOK for row in rows):
        lead.append(f"None reaches {short(WORTH_A_LOOK)}, from where an outcome is worth a look.")
    bars = Bars(
        f"Opportunity in {gaps['wave']}, 0 to 20", tuple(f"{row['code']} {row['name']}" for row in rows),
        tuple(row["value"] for row in rows), tuple(row["low"] for row in rows), tuple(row["high"] for row in rows),
        ("plain",) * len(rows), tuple(_gap_label(row) for row in rows), "Opportunity", 1,
    )  # fmt: skip
    table = Table(
        ("Outcome", "Opportunity", "95% interval", "Band", "Evidence", "Important", "Satisfied", "n"),
        tuple(
            (f"{row['code']} {row['name']}", decimal(row['value'], 1), between(row["low"], row["high"], 1),
             _band(row, whole), _spoken(row), percent(row["importance"]),
             percent(row["satisfaction"]), people(row["n"]))
            for row in rows
        ),
        (1, 2, 5, 6, 7), tuple({"outcome": row["code"], "score": row.get("id")} for row in rows),
    )  # fmt: skip
    hidden = f"{count(gaps['hidden'], 'outcome')} not shown: too few people." if gaps["hidden"] else ""
    return Section("gaps", title, tuple(lead), bars=bars, table=table, more=more_than(len(rows), gaps["total"]),
                   notes=(hidden,) if hidden else ())  # fmt: skip


def _band(row: dict[str, Any], whole: bool) -> str:
    """The band with what is to be held against it: few people, segments that disagree, an earlier wording."""
    apart = (
        f"but {'' if whole else 'over all products '}segments disagree: {row['disagree']}"
        if row.get("disagree")
        else ""
    )
    return ", ".join(filter(None, (row["band"], "indicative" if row["note"] == "indicative" else "", apart,
                                   row.get("asked_with"))))  # fmt: skip


def thin_evidence(row: dict[str, Any]) -> str:
    """Why no decision should rest on the evidence of an outcome, in words; empty where it carries one or, in older
    packs, where nothing is kept of it.
    """
    found = row.get("evidence")
    if not found or not found["thin"]:
        return ""
    return f"thin: {found['thin']}" + (f" ({_counted(found)})" if found["pieces"] else "")


def _spoken(row: dict[str, Any]) -> str:
    found = row.get("evidence")
    return "–" if not found else thin_evidence(row) or _counted(found)


def _counted(found: dict[str, Any]) -> str:
    return f"{count(found['people'], 'person', 'people')}, {count(found['studies'], 'study', 'studies')}"


def _gap_label(row: dict[str, Any]) -> str:
    band = f" {row['band']}" if row["value"] >= WORTH_A_LOOK else ""
    thin = ", thin evidence" if band and thin_evidence(row) else ""
    return f"{decimal(row['value'], 1)}{band} ({between(row['low'], row['high'], 1)}), n {people(row['n'])}{thin}"


def trends_section(content: dict[str, Any]) -> Section:
    """Satisfaction wave by wave."""
    lines = content["trends"]
    if not lines:
        return Section("trends", "Over the waves", ("No satisfaction was measured up to this period.",))
    order = {one["wave"]: place for place, one in enumerate(content["waves"])}
    waves = sorted({point["wave"] for line in lines for point in line["points"]}, key=lambda code: order[code])
    by_wave = [{point["wave"]: point for point in line["points"]} for line in lines]
    rows = tuple(
        (f"{line['code']} {line['name']}", *(_point(known.get(wave)) for wave in waves))
        for line, known in zip(lines, by_wave, strict=True)
    )
    series = tuple(
        (line["code"], tuple(known[wave]["value"] if wave in known else None for wave in waves))
        for line, known in zip(lines, by_wave, strict=True)
    )
    return Section(
        "trends", "Over the waves", ("Satisfied (top-2-box), with the 95% interval and n of each wave.",),
        lines=Lines("Satisfied in percent, by wave", tuple(waves), series) if len(waves) > 1 else None,
        table=Table(("Outcome", *waves), rows, (), tuple({"outcome": line["code"]} for line in lines)),
    )  # fmt: skip


def _point(point: dict[str, Any] | None) -> str:
    if point is None:
        return "not asked"
    if point["note"] == "suppressed":
        return "not shown"
    if point["value"] is None:
        return "not enough data"
    marks = ", indicative" * (point["note"] == "indicative") + ", provisional" * point["provisional"]
    return f"{percent(point['value'])} ({between(point['low'], point['high'], 0)}), n {people(point['n'])}{marks}"


def opportunity(row: dict[str, Any]) -> str:
    """An opportunity with interval and n."""
    interval = f", {between(row['low'], row['high'], 1)}" if row["low"] is not None else ""
    return f"{decimal(row['value'], 1)} of 20{interval}, n {people(row['n'])}"
