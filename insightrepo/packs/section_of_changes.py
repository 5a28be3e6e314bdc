"""The section of a pack on what really changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from insightrepo.library.why.why_words import lowered
from insightrepo.locales import grouped, probability
from insightrepo.packs.parts import Bars, Section, Table
from insightrepo.packs.phrases import count, more_than, people
from insightrepo.scores.wording import change, measure_name, number, points

ARROWS = {True: "▲", False: "▼"}


def change_sentence(row: dict[str, Any]) -> str:
    """A change in a sentence."""
    whose = " · ".join(filter(None, (row["segment"], row["product"])))
    direction = "rose" if (row["change"] or 0) > 0 else "fell"
    return (f"{row['code']}, {lowered(row['name'])}{f' ({whose})' if whose else ''}: {_measure(row)} {direction} "
            f"{_from_to(row)}, {row['verdict']} (change {_interval(row)}, n {people(row['n'])}).")  # fmt: skip


def changes_section(content: dict[str, Any]) -> Section:
    """Every change that the tests leave, and how many scores there were."""
    changes = content["changes"]
    if not changes["steps"]:
        return Section("changes", "What really changed", ("No two waves could be compared for this period.",))
    counts, real, dated = changes["counts"], changes["real"], len(changes["steps"]) > 1
    steps = "; ".join(f"{one['from']} → {one['to']}{', provisional' if one['provisional'] else ''}"
                      for one in changes["steps"])  # fmt: skip
    if changes["total"]:
        first = (f"{count(changes['total'], 'real change')}: {changes['worse']} worse, {changes['better']} better "
                 f"({steps}).")  # fmt: skip
    else:
        first = f"No change is certain ({steps})."
    once = " (the same answers are listed once)" if counts["moved"] > changes["total"] else ""
    second = (
        f"Of {count(counts['compared'], 'score')} compared, {grouped(counts['moved'])} really moved{once}, "
        f"{grouped(counts['too_small'])} moved too little to matter, "
        f"{grouped(counts['no_evidence'])} show no evidence of change, "
        f"{grouped(counts['not_enough'])} have not enough data."
    )
    rows = tuple(
        (_named(row, dated), _whose(row), _measures(row), _from_to(row), _verdict(row), _interval(row),
         probability(row["q"]) if row["q"] is not None else "–", people(row["n"]))
        for row in real
    )  # fmt: skip
    headings = ("What", "Whose", "Measure", "From → to", "Change", "95% interval", "q", "n")
    table = Table(headings, rows, (5, 6, 7), tuple(_why(row) for row in real)) if rows else None
    return Section(
        "changes", "What really changed", (first, second), bars=_change_bars(real, dated), table=table,
        more=more_than(len(real), changes["total"]),
        notes=("Real is what the tests leave: q at most 0.05 within its family (one measure, the same two waves), at "
               "most 0.03 over all tests of the two waves, and at least the smallest change that matters. Some "
               "of the others would count if they stood alone.",),
    )  # fmt: skip


def _change_bars(real: Sequence[dict[str, Any]], dated: bool) -> Bars | None:
    """The changes of percentages, of several steps each with its wave; other units are in the table only."""
    rows = [row for row in real if row["unit"] == "percent" and row["change"] is not None]
    if not rows:
        return None
    return Bars(
        "Real changes in percentage points", tuple(_bar_name(row, dated) for row in rows),
        tuple(row["change"] for row in rows), tuple(row["low"] for row in rows), tuple(row["high"] for row in rows),
        tuple(row["verdict"] for row in rows),
        tuple(f"{points(row['change'])} {row['verdict']} ({_interval(row, 0)})" for row in rows),
        "Change in points", 0,
    )  # fmt: skip


def _why(row: dict[str, Any]) -> dict[str, Any] | None:
    if not row["outcome"]:
        return {"score": row.get("id")}
    return {"score": row.get("id"), "outcome": row["outcome"], "from": row["from"], "to": row["to"],
            "segment": row["segment_code"], "product": row["product_code"]}  # fmt: skip


def _named(row: dict[str, Any], dated: bool) -> str:
    return f"{row['code']} {row['name']}" + (f" ({row['to']})" if dated else "")


def _bar_name(row: dict[str, Any], dated: bool) -> str:
    return _cell(row) + (f" {row['to']}" if dated else "") + f", n {people(row['n'])}"


def _cell(row: dict[str, Any]) -> str:
    measure = "" if row["measure"] in ("satisfaction", row["code"]) else f" {_measure(row)}"
    return f"{row['code']}{measure} · {_whose(row)}"


def _whose(row: dict[str, Any]) -> str:
    return " · ".join(filter(None, (row["segment"], row["product"]))) or "everybody"


def _measure(row: dict[str, Any]) -> str:
    if row["measure"] == row["code"]:
        return "rate" if row["unit"] == "percent" else "value"
    return measure_name(row["measure"])


def _measures(row: dict[str, Any]) -> str:
    """The measure that speaks for a cell, and those that moved with it."""
    others = ", ".join(measure_name(one["measure"]) for one in row["others"])
    return f"{_measure(row)} (with {others})" if others else _measure(row)


def _from_to(row: dict[str, Any]) -> str:
    before, after, unit, measure = row["before"], row["after"], row["unit"], row["measure"]
    return f"{number(before, measure, unit) if before is not None else '–'} → {number(after, measure, unit)}"


def _verdict(row: dict[str, Any]) -> str:
    if row["change"] is None:
        return row["verdict"]
    return f"{ARROWS[row['change'] > 0]} {change(row['change'], row['measure'], row['unit'])} {row['verdict']}"


def _interval(row: dict[str, Any], decimals: int = 1) -> str:
    if row["low"] is None or row["high"] is None:
        return "–"
    return f"{points(row['low'], decimals)} to {points(row['high'], decimals)}"
