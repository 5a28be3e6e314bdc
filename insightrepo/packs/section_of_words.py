"""The sections of a pack that quote: new evidence, and what customers say of the largest opportunities."""

from __future__ import annotations

from typing import Any

from insightrepo.locales import grouped
from insightrepo.packs.parts import Bullets, Quote, Section
from insightrepo.packs.phrases import count, kept_days, more_than


def evidence_section(content: dict[str, Any], withheld: int) -> Section:
    """What was said and written in the period."""
    evidence = content["evidence"]
    total = evidence["said_total"] + evidence["insights_total"]
    if not total:
        return Section("evidence", "New evidence", ("Nothing new was said or written in this period.",))
    parts = [count(evidence[name], one) for name, one in (("verbatims", "verbatim"), ("passages", "passage")) if
             evidence[name]]  # fmt: skip
    if evidence["insights_total"]:
        parts.insert(0, count(evidence["insights_total"], "insight"))
    people = f", by {grouped(evidence['people'])} known people" if evidence["people"] else ""
    lead = (f"{' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}{people}. "
            "Words on outcomes that changed first, then the newest.")  # fmt: skip
    quotes = tuple(_quote(item) for item in (*evidence["insights"], *evidence["said"]))
    studies = tuple(
        f"{one['title']}{f' ({method})' if (method := one['method']) else ''}: {count(one['pieces'], 'piece')}"
        for one in evidence["studies"]
    )
    note = f"{count(withheld, 'piece')} not shown: withdrawn, changed or closed to you since." if withheld else ""
    return Section(
        "evidence", "New evidence", (lead,), quotes=quotes, more=more_than(len(quotes), total),
        bullets=(Bullets("Where it is from", studies, more_than(len(studies), evidence["studies_total"])),),
        notes=(note,) if note else (),
    )  # fmt: skip


def voices_section(content: dict[str, Any]) -> Section | None:
    """The strongest words on the largest opportunities, whenever they were said; None where there are none."""
    voices = [one for one in content.get("voices", ()) if one["quotes"]]
    if not voices:
        return None
    quotes = tuple(_quote(item, f"on {one['code']}") for one in voices for item in one["quotes"])
    lead = ("Confirmed words first, then the lowest ratings, then the newest; not only of this period: each says when "
            "it was said.")  # fmt: skip
    return Section("voices", "What customers say of the largest opportunities", (lead,), quotes=quotes)


def _quote(item: dict[str, Any], on: str = "") -> Quote:
    segments = item["segments"] if len(item["segments"]) < 3 else [f"{len(item['segments'])} segments"]
    products = item["products"] if len(item["products"]) < 3 else [f"{len(item['products'])} products"]
    day = kept_days(item["date"]) if item["date"] else "day not known" if on else ""
    who = (on, *segments, *products, day, f"rated {item['rating']}" if item["rating"] else "",
           "" if on else ", ".join(item["outcomes"]), f"evidence {item['id']}", item["study"],
           item["place"])  # fmt: skip
    return Quote(item["id"], item["kind"], item["text"], " · ".join(filter(None, who)))
