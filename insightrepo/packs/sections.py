"""A pack's content as sections of words, tables, charts and quotes: what page, DOCX and PPTX all show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from insightrepo.library.why_words import points, probability
from insightrepo.scores.opportunity import BANDS
from insightrepo.scores.wording import change, decimals_of, number

WORTH_A_LOOK = BANDS[-1][0]
ARROWS = {True: "▲", False: "▼"}


@dataclass(frozen=True)
class Table:
    """Rows of text, the first cell names the row; `numeric` are places of columns of numbers.

    `about` says for each row what an address needs to explain it, or None.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    about: tuple[dict[str, Any] | None, ...] = ()


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, the first on top. `tones`: better, worse or plain; `labels` stand at the bars."""

    title: str
    categories: tuple[str, ...]
    values: tuple[float, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]
    tones: tuple[str, ...]
    labels: tuple[str, ...]
    series: str
    decimals: int


@dataclass(frozen=True)
class Lines:
    """Lines over waves, in percent; None where a wave has no value that may be shown."""

    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True)
class Quote:
    """Words with who said them, when and where."""

    id: int
    kind: str
    text: str
    who: str


@dataclass(frozen=True)
class Bullets:
    """A short list under a title; `more` says how many are not named."""

    title: str
    items: tuple[str, ...]
    more: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a pack: what it says first, then what it shows. Empty parts are not there."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    bars: Bars | None = None
    lines: Lines | None = None
    table: Table | None = None
    more: str = ""
    quotes: tuple[Quote, ...] = ()
    bullets: tuple[Bullets, ...] = ()
    notes: tuple[str, ...] = field(default=())


def sections(content: dict[str, Any], withheld: int = 0) -> tuple[Section, ...]:
    """The sections of a pack; `withheld`: how many pieces the reader may no longer see."""
    return (
        _changes(content), _gaps(content), _trends(content), _evidence(content, withheld), _questions(content),
        _meanwhile(content), _sources(content),
    )  # fmt: skip


def in_short(content: dict[str, Any]) -> tuple[str, ...]:
    """The pack in a few sentences: what moved most, the biggest gap, what was said."""
    changes, gaps, evidence = content["changes"], content["gaps"], content["evidence"]
    widest = {row["code"]: row for row in reversed(changes["real"])}  # everybody stands before segments
    outcomes = [row for row in widest.values() if row["kind"] == "outcome"]
    told = sorted(outcomes or widest.values(), key=changes["real"].index)
    said = [_change_sentence(row) for row in told[:3]]
    if changes["steps"] and not said:
        said = ["No change is certain."]
    if not changes["steps"]:
        said = ["No two waves could be compared for this period."]
    if gaps["rows"]:
        top = gaps["rows"][0]
        said.append(f"The biggest opportunity is {top['code']}, {_lower(top['name'])}: "
                    f"{_opportunity(top)} ({top['band']}).")  # fmt: skip
    if total := evidence["said_total"] + evidence["insights_total"]:
        people = f" by {evidence['people']:,} known people" if evidence["people"] else ""
        said.append(f"{_count(total, 'new piece')} of evidence{people} from "
                    f"{_count(evidence['studies_total'], 'study', 'studies')}.")  # fmt: skip
    return tuple(said)


def _change_sentence(row: dict[str, Any]) -> str:
    whose = " · ".join(filter(None, (row["segment"], row["product"])))
    direction = "rose" if (row["change"] or 0) > 0 else "fell"
    return (f"{row['code']}, {_lower(row['name'])}{f' ({whose})' if whose else ''}: {_measure(row)} {direction} "
            f"{_from_to(row)}, {row['verdict']} (change {_interval(row)}, n {_n(row['n'])}).")  # fmt: skip


def _changes(content: dict[str, Any]) -> Section:
    changes = content["changes"]
    if not changes["steps"]:
        return Section("changes", "What really changed", ("No two waves could be compared for this period.",))
    counts, real, dated = changes["counts"], changes["real"], len(changes["steps"]) > 1
    steps = "; ".join(f"{one['from']} → {one['to']}{', provisional' if one['provisional'] else ''}"
                      for one in changes["steps"])  # fmt: skip
    if changes["total"]:
        first = (f"{_count(changes['total'], 'real change')}: {changes['worse']} worse, {changes['better']} better "
                 f"({steps}).")  # fmt: skip
    else:
        first = f"No change is certain ({steps})."
    second = (
        f"Of {_count(counts['compared'], 'score')} compared, {counts['moved']:,} really moved, "
        f"{counts['too_small']:,} moved too little to matter, {counts['no_evidence']:,} show no evidence of change, "
        f"{counts['not_enough']:,} have not enough data."
    )
    rows = tuple(
        (_named(row, dated), _whose(row), _measures(row), _from_to(row), _verdict(row), _interval(row),
         probability(row["q"]) if row["q"] is not None else "–", _n(row["n"]))
        for row in real
    )  # fmt: skip
    headings = ("What", "Whose", "Measure", "From → to", "Change", "95% interval", "q", "n")
    table = Table(headings, rows, (5, 6, 7), tuple(_why(row) for row in real)) if rows else None
    return Section(
        "changes", "What really changed", (first, second), bars=_change_bars(real, dated), table=table,
        more=_more(len(real), changes["total"]),
        notes=("Real is what the test leaves, controlled for all tests made beside it (q at most 0.05), and what is at "
               "least the smallest change that matters.",),
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


def _gaps(content: dict[str, Any]) -> Section:
    gaps, rows = content["gaps"], content["gaps"]["rows"]
    title = "Biggest gaps"
    if not rows:
        return Section("gaps", title, ("Importance and satisfaction were not both measured: no opportunity is known.",))
    whose = content["product"]["name"] if content["product"] else "everybody"
    lead = [f"Opportunity (importance, plus how far satisfaction is behind it; 0 to 20) of {whose} in {gaps['wave']}."]
    if all(row["value"] < WORTH_A_LOOK for row in rows):
        lead.append(f"None reaches {WORTH_A_LOOK:g}, from where an outcome is worth a look.")
    bars = Bars(
        f"Opportunity in {gaps['wave']}, 0 to 20", tuple(f"{row['code']} {row['name']}" for row in rows),
        tuple(row["value"] for row in rows), tuple(row["low"] for row in rows), tuple(row["high"] for row in rows),
        ("plain",) * len(rows), tuple(_gap_label(row) for row in rows), "Opportunity", 1,
    )  # fmt: skip
    table = Table(
        ("Outcome", "Opportunity", "95% interval", "Band", "Important", "Satisfied", "n"),
        tuple(
            (f"{row['code']} {row['name']}", f"{row['value']:.1f}", _range(row["low"], row["high"], 1),
             row["band"] + (", indicative" if row["note"] == "indicative" else ""), _percent(row["importance"]),
             _percent(row["satisfaction"]), _n(row["n"]))
            for row in rows
        ),
        (1, 2, 4, 5, 6), tuple({"outcome": row["code"]} for row in rows),
    )  # fmt: skip
    hidden = f"{_count(gaps['hidden'], 'outcome')} not shown: too few people." if gaps["hidden"] else ""
    return Section("gaps", title, tuple(lead), bars=bars, table=table, more=_more(len(rows), gaps["total"]),
                   notes=(hidden,) if hidden else ())  # fmt: skip


def _gap_label(row: dict[str, Any]) -> str:
    band = f" {row['band']}" if row["value"] >= WORTH_A_LOOK else ""
    return f"{row['value']:.1f}{band} ({_range(row['low'], row['high'], 1)}), n {_n(row['n'])}"


def _trends(content: dict[str, Any]) -> Section:
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
    return f"{_percent(point['value'])} ({_range(point['low'], point['high'], 0)}), n {_n(point['n'])}{marks}"


def _evidence(content: dict[str, Any], withheld: int) -> Section:
    evidence = content["evidence"]
    total = evidence["said_total"] + evidence["insights_total"]
    if not total:
        return Section("evidence", "New evidence", ("Nothing new was said or written in this period.",))
    parts = [_count(evidence[name], one) for name, one in (("verbatims", "verbatim"), ("passages", "passage")) if
             evidence[name]]  # fmt: skip
    if evidence["insights_total"]:
        parts.insert(0, _count(evidence["insights_total"], "insight"))
    people = f", by {evidence['people']:,} known people" if evidence["people"] else ""
    lead = (f"{' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}{people}. "
            "Words on outcomes that changed first, then the newest.")  # fmt: skip
    quotes = tuple(_quote(item) for item in (*evidence["insights"], *evidence["said"]))
    studies = tuple(
        f"{one['title']}{f' ({method})' if (method := one['method']) else ''}: {_count(one['pieces'], 'piece')}"
        for one in evidence["studies"]
    )
    note = f"{_count(withheld, 'piece')} not shown: withdrawn, changed or closed to you since." if withheld else ""
    return Section(
        "evidence", "New evidence", (lead,), quotes=quotes, more=_more(len(quotes), total),
        bullets=(Bullets("Where it is from", studies, _more(len(studies), evidence["studies_total"])),),
        notes=(note,) if note else (),
    )  # fmt: skip


def _quote(item: dict[str, Any]) -> Quote:
    segments = item["segments"] if len(item["segments"]) < 3 else [f"{len(item['segments'])} segments"]
    products = item["products"] if len(item["products"]) < 3 else [f"{len(item['products'])} products"]
    who = (*segments, *products, item["date"], f"rated {item['rating']}" if item["rating"] else "",
           ", ".join(item["outcomes"]), f"evidence {item['id']}", item["study"], item["place"])  # fmt: skip
    return Quote(item["id"], item["kind"], item["text"], " · ".join(filter(None, who)))


def _questions(content: dict[str, Any]) -> Section:
    asked = content["questions"]
    found = []
    if asked["missing_waves"]:
        found.append(Bullets("Waves that are missing", (", ".join(asked["missing_waves"]),)))
    if asked["numbers_total"]:
        items = tuple(f"“{one['said']}” in {one['study']}: {one['question']}" for one in asked["numbers"])
        found.append(Bullets(f"Numbers to settle ({asked['numbers_total']:,})", items,
                             _more(len(items), asked["numbers_total"])))  # fmt: skip
    if asked["silent_total"]:
        items = tuple(f"{one['code']} {one['name']}" for one in asked["silent"])
        found.append(Bullets(f"Outcomes without evidence ({asked['silent_total']:,})", items,
                             _more(len(items), asked["silent_total"])))  # fmt: skip
    if asked["gaps"] and asked["gaps"]["total"]:
        items = tuple(f"“{words}”" for words in asked["gaps"]["words"])
        found.append(Bullets(f"Searched and not found ({asked['gaps']['total']:,})", items,
                             _more(len(items), asked["gaps"]["total"])))  # fmt: skip
    lead = () if found else ("None that the repository knows of.",)
    return Section("questions", "Open questions", lead, bullets=tuple(found))


def _meanwhile(content: dict[str, Any]) -> Section:
    targets = tuple(f"{one['name']}{f' ({of})' if (of := one['of']) else ''}: {one['words']}"
                    for one in content["targets"])  # fmt: skip
    happened = tuple(f"{one['when']}: {one['text']} ({one['kind']}, {one['concerns']})" for one in content["happened"])
    found = [Bullets("Targets", targets)] if targets else []
    if happened:
        found.append(Bullets("What happened", happened))
    lead = () if found else ("No target, event or intervention was written down for this period.",)
    return Section("meanwhile", "Targets and what happened", lead, bullets=tuple(found))


def _sources(content: dict[str, Any]) -> Section:
    rows = tuple(
        (one["wave"], f"{one['first_day']} to {one['last_day']}", one["instrument"],
         f"issue {one['issue']}, frozen on {one['frozen_on']}" if one["sha256"] else "provisional",
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


def _why(row: dict[str, Any]) -> dict[str, Any] | None:
    if not row["outcome"]:
        return None
    return {"outcome": row["outcome"], "from": row["from"], "to": row["to"], "segment": row["segment_code"],
            "product": row["product_code"]}  # fmt: skip


def _named(row: dict[str, Any], dated: bool) -> str:
    return f"{row['code']} {row['name']}" + (f" ({row['to']})" if dated else "")


def _bar_name(row: dict[str, Any], dated: bool) -> str:
    return _cell(row) + (f" {row['to']}" if dated else "") + f", n {_n(row['n'])}"


def _cell(row: dict[str, Any]) -> str:
    measure = "" if row["measure"] in ("satisfaction", row["code"]) else f" {_measure(row)}"
    return f"{row['code']}{measure} · {_whose(row)}"


def _whose(row: dict[str, Any]) -> str:
    return " · ".join(filter(None, (row["segment"], row["product"]))) or "everybody"


def _measure(row: dict[str, Any]) -> str:
    return {"success": "completion", row["code"]: "rate" if row["unit"] == "percent" else "value"}.get(
        row["measure"], row["measure"]
    )


def _measures(row: dict[str, Any]) -> str:
    """The measure that speaks for a cell, and those that moved with it."""
    others = ", ".join(one["measure"] if one["measure"] != "success" else "completion" for one in row["others"])
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


def _range(low: float | None, high: float | None, decimals: int) -> str:
    return "–" if low is None or high is None else f"{low:.{decimals}f} to {high:.{decimals}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.{decimals_of('satisfaction')}f}%"


def _opportunity(row: dict[str, Any]) -> str:
    interval = f", {_range(row['low'], row['high'], 1)}" if row["low"] is not None else ""
    return f"{row['value']:.1f} of 20{interval}, n {_n(row['n'])}"


def _n(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _count(value: int, one: str, many: str | None = None) -> str:
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def _more(shown: int, total: int) -> str:
    return f"and {total - shown:,} more" if total > shown else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if not text[1:2].isupper() else text
