"""A pack's content as sections of words, tables, charts and quotes: what page, DOCX and PPTX all show."""

from __future__ import annotations

from typing import Any

from insightrepo.library.why.why_words import lowered
from insightrepo.locales import grouped
from insightrepo.packs.parts import Section
from insightrepo.packs.phrases import count
from insightrepo.packs.section_of_changes import change_sentence, changes_section
from insightrepo.packs.section_of_gaps import gaps_section, opportunity, thin_evidence, trends_section
from insightrepo.packs.section_of_sources import meanwhile_section, questions_section, sources_section
from insightrepo.packs.section_of_words import evidence_section, voices_section


def sections(content: dict[str, Any], withheld: int = 0) -> tuple[Section, ...]:
    """The sections of a pack; `withheld`: how many pieces the reader may no longer see."""
    made = (
        changes_section(content), gaps_section(content), voices_section(content), trends_section(content),
        evidence_section(content, withheld), questions_section(content), meanwhile_section(content),
        sources_section(content),
    )  # fmt: skip
    return tuple(section for section in made if section is not None)


def in_short(content: dict[str, Any]) -> tuple[str, ...]:
    """The pack in a few sentences: what moved most, of whom, in which task, the largest opportunity, what was said."""
    changes, gaps, evidence = content["changes"], content["gaps"], content["evidence"]
    widest = {row["code"]: row for row in reversed(changes["real"])}  # everybody stands before segments
    outcomes = [row for row in widest.values() if row["kind"] == "outcome"]
    told = sorted(outcomes or widest.values(), key=changes["real"].index)
    said = [change_sentence(row) for row in (*told[:3], *_parts(told[:3], changes["real"]))]
    if changes["steps"] and not said:
        said = ["No change is certain."]
    if not changes["steps"]:
        said = ["No two waves could be compared for this period."]
    if gaps["rows"]:
        top = gaps["rows"][0]
        thin = f"; its evidence is {thin_evidence(top)}" if thin_evidence(top) else ""
        said.append(f"The largest opportunity is {top['code']}, {lowered(top['name'])}: "
                    f"{opportunity(top)} ({top['band']}){thin}.")  # fmt: skip
    if total := evidence["said_total"] + evidence["insights_total"]:
        people = f" by {grouped(evidence['people'])} known people" if evidence["people"] else ""
        said.append(f"{count(total, 'new piece')} of evidence{people} from "
                    f"{count(evidence['studies_total'], 'study', 'studies')}.")  # fmt: skip
    return tuple(said)


def _parts(told: list[dict[str, Any]], real: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The segment that moved most in what is told, and the task that moved most, unless they are told already."""
    codes = {row["code"] for row in told}
    segments = [row for row in real if row["segment"] and row["code"] in codes and row not in told]
    tasks = [row for row in real if row["kind"] == "task" and row not in told]
    return [*segments[:1], *tasks[:1]]
