"""A citation of one piece of evidence: exact words, who, study, date, outcome with its score; as text, Markdown, HTML.

Nobody is named: who said it is a segment.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.library.reading import read_evidence
from insightrepo.library.search.filters import resolve
from insightrepo.library.search.hits import CELL_AXES, Hit, SearchQuery
from insightrepo.locales import decimal, grouped
from insightrepo.models import IN_FORCE
from insightrepo.scores.chips import Chip
from insightrepo.scores.measures import NOT_ENOUGH
from insightrepo.scores.wording import change, number
from insightrepo.taxonomy.register import seen_terms

OPEN_TERMS = ("public", "internal")  # sensitivities whose words may be quoted within the organisation
MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]<>#|~])")


@dataclass(frozen=True)
class CitedScore:
    """An outcome that the evidence speaks to; `words` say its score now, or that there is none."""

    code: str
    name: str
    words: str


@dataclass(frozen=True)
class Citation:
    """What is cited. `who` and `source` are lists of facts in order; `caution` is to be read before it is used."""

    id: int
    text: str
    asked: str
    who: tuple[str, ...]
    source: tuple[str, ...]
    scores: tuple[CitedScore, ...]
    address: str
    caution: str


def cite(
    session: Session, reader: Reader, evidence_id: int, address: str, cell: Mapping[str, str] | None = None
) -> Citation:
    """The citation of evidence as it stands now; `address` is its permanent one.

    `cell` is the segment and product (codes) by which it was found, as `SearchResult.cell` tells it: the scores are
    those that the hit showed.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    chosen = SearchQuery(filters={axis: (code,) for axis, code in (cell or {}).items()})
    detail = read_evidence(session, reader, evidence_id, resolve(session, reader, chosen))
    names = {(term.axis, term.code): term.name for term in seen_terms(session, reader).terms if term.axis in CELL_AXES}
    hit, study = detail.hit, detail.study
    return Citation(
        id=hit.id,
        text=hit.text,
        asked=hit.context if hit.kind == "verbatim" else "",
        who=_who(hit),
        source=tuple(
            filter(None, (study.title, study.method, _people(study.participants_n), *dates(hit, study.when), hit.place))
        ),
        scores=tuple(
            CitedScore(tag.code, tag.name, score_words(tag.chip, names))
            for tag in hit.outcomes
            if tag.state in IN_FORCE
        ),
        address=address,
        caution=_caution(study.sensitivity, detail.withdrawn, study.state, hit.kind),
    )


def score_words(chip: Chip | None, names: Mapping[tuple[str, str], str] | None = None) -> str:
    """A score in one line, with what stands behind it: "satisfaction 64% (95% interval 56–71, n 159, 2025-Q3), …".

    `names` are what segments and products are called, by axis and code; one without a name is told by its code.
    """
    if chip is None:
        return "no score yet"
    if chip.value is None:
        why = "not shown: fewer than 5 people" if chip.note == "suppressed" else NOT_ENOUGH
        return f"{chip.measure}: {why} ({chip.wave})"
    places = 0 if chip.unit == "percent" else 1
    interval = (
        ""
        if chip.low is None or chip.high is None
        else f"95% interval {decimal(chip.low, places)}–{decimal(chip.high, places)}"
    )
    wave = f"{chip.wave}, provisional" if chip.provisional else chip.wave
    basis = ", ".join(filter(None, (interval, f"n {grouped(chip.n)}" if chip.n is not None else "", wave)))
    codes = [(axis, code) for axis, code in (("segment", chip.segment), ("product", chip.product)) if code]
    cell = " · ".join((names or {}).get(term, term[1]) for term in codes)
    parts = [f"{chip.measure}{f' of {cell}' if cell else ''} {number(chip.value, chip.measure, chip.unit)} ({basis})"]
    if chip.verdict in ("better", "worse") and chip.change is not None and chip.previous_wave:
        parts.append(f"{change(chip.change, chip.measure, chip.unit)} {chip.verdict} than {chip.previous_wave}")
    if chip.note == "indicative":
        parts.append("indicative: fewer than 30 people")
    if chip.disagreement:
        parts.append("segments disagree")
    return ", ".join(parts)


def as_text(found: Citation) -> str:
    """For a mail or a note."""
    lines = [f"“{found.text}”", f"— {_line(found)}"]
    lines += [f"{score.code} {score.name}: {score.words}" for score in found.scores]
    return "\n".join([*lines, found.address])


def as_markdown(found: Citation) -> str:
    """For a wiki or a ticket; what the words hold of Markdown's signs is escaped."""
    quoted = [f"> {_escaped(line)}" if line.strip() else ">" for line in found.text.splitlines()]
    lines = [*quoted, ">", f"> — {_escaped(_line(found))} ([evidence {found.id}]({found.address}))"]
    if found.scores:
        lines += ["", *(f"- **{_escaped(s.code)}** {_escaped(s.name)}: {_escaped(s.words)}" for s in found.scores)]
    return "\n".join(lines)


def as_html(found: Citation) -> str:
    """For a document or a slide: pasted as rich text."""
    text = "<br>".join(html.escape(line) for line in found.text.splitlines())
    link = f'<a href="{html.escape(found.address)}">evidence {found.id}</a>'
    scores = "".join(
        f"<li><strong>{html.escape(s.code)}</strong> {html.escape(s.name)}: {html.escape(s.words)}</li>"
        for s in found.scores
    )
    listed = f"<ul>{scores}</ul>" if scores else ""
    return f"<blockquote><p>“{text}”</p><p>— {html.escape(_line(found))} ({link})</p></blockquote>{listed}"


def _line(found: Citation) -> str:
    return " · ".join([*found.who, *found.source])


def _escaped(text: str) -> str:
    return MARKDOWN_SIGNS.sub(r"\\\1", text)


def _who(hit: Hit) -> tuple[str, ...]:
    kind = {"insight": "researcher’s insight", "passage": "report"}.get(hit.kind)
    rated = f"rated {hit.rating}" if hit.rating else None
    return tuple(filter(None, (_listed(hit.segments), _listed(hit.products), kind, rated)))


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def dates(hit: Hit, studied: str) -> tuple[str | None, ...]:
    """When it was said; of an insight, when it was studied and when it was written."""
    return (studied, f"written {hit.date}" if hit.date else None) if hit.kind == "insight" else (hit.date,)


def _people(number_: int | None) -> str:
    return f"n {grouped(number_)}" if number_ else ""


def _caution(sensitivity: str, withdrawn: bool, state: str, kind: str) -> str:
    if withdrawn and kind == "insight":
        return "This insight was withdrawn: its page says why."
    if withdrawn:
        return "These words are no longer in their source: a newer revision left them out."
    if state != "published":
        return f"The study is {state}: do not pass this on."
    if sensitivity not in OPEN_TERMS:
        return f"The study is {sensitivity}: pass this on only to people who may see it."
    return ""
