"""What to look at: one ranked list of outcomes, each with its reasons, numbers, evidence and decision."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.home.products import MyProducts
from insightrepo.home.reasons import Facts, Reason, fall, order, reasons_of
from insightrepo.library.terms.coverage import Evidence, Strength
from insightrepo.library.terms.decisions import DecisionShown, decisions_of
from insightrepo.models import IN_FORCE, EvidenceLink, Score, Segment, Tag, Task
from insightrepo.models import Evidence as EvidenceRow
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, TermShown, choose, outcomes_in_use
from insightrepo.scores.acting.disagreements import cautioned, read_disagreements
from insightrepo.scores.acting.gaps import Gap, clearly_apart, gap
from insightrepo.scores.chips import CellWanted, Chip, chips
from insightrepo.scores.reading import ALL, NONE, ScoreQuery, ScoreRow, read_scores
from insightrepo.workspace import Workspace

READ = ("satisfaction", "importance", "opportunity")


@dataclass(frozen=True)
class WorstSegment:
    """Where an outcome is worst: of the segments clearly below everybody the one with the highest opportunity.

    `share` is its part of the population of its dimension (0 to 1; None: not known), `population` its size.
    """

    segment: TermShown
    chip: Chip
    population: int | None
    share: float | None


@dataclass(frozen=True)
class Attention:
    """One row of the list. `chip` is of the lead measure, of the product of mine where it is worst, else of all."""

    outcome: OutcomeShown
    reasons: tuple[Reason, ...]
    chip: Chip | None
    gap: Gap | None
    opportunity: float | None
    worst: WorstSegment | None
    strength: Strength
    decision: DecisionShown | None
    settled: bool

    @property
    def advice(self) -> str:
        """Whether the evidence carries a decision."""
        return f"thin: {self.strength.thin}" if self.strength.thin else "strong enough to act on"


@dataclass(frozen=True)
class AttentionList:
    """`rows` are to be looked at, `settled` are decided or dropped; `quiet` outcomes have no reason to be here, and
    `elsewhere` are of other products."""

    choice: Choice
    rows: tuple[Attention, ...]
    settled: tuple[Attention, ...]
    quiet: int
    elsewhere: int


@dataclass
class _Read:
    """The scores of the wave by outcome: cells by (segment, product) and measure; those of tasks; and the product of
    mine where it is worst."""

    cells: dict[str, dict[tuple[str | None, str | None], dict[str, ScoreRow]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )
    tasks: dict[int, list[tuple[str, ScoreRow]]] = field(default_factory=lambda: defaultdict(list))
    products: dict[int, TermShown | None] = field(default_factory=dict)


def what_to_look_at(
    workspace: Workspace, session: Session, reader: Reader, mine: MyProducts, today: dt.date
) -> AttentionList:
    """The outcomes of my products that have a reason to be looked at, by the rule of `reasons.RULE`.

    Scores are those of the latest wave, evidence all that the reader may see; `today` says how old it is.
    """
    choice = choose(session, reader)
    every = outcomes_in_use(session, reader)
    touching = _touching(session, mine.below) if mine.chosen else {outcome.id for outcome in every}
    outcomes = [outcome for outcome in every if outcome.id in touching]
    read = _scores(session, reader, choice, outcomes, mine)
    read.products = {outcome.id: _worst_product(read.cells[outcome.code], mine) for outcome in outcomes}
    known = _known(session, reader, choice, outcomes, read)
    found = [(outcome, reasons) for outcome in outcomes if (reasons := reasons_of(known[outcome.id]))]
    found.sort(key=lambda one: order(one[1], known[one[0].id].chip, known[one[0].id].opportunity, one[0].code))
    worst = _worst_segments(session, reader, choice.segments, [outcome for outcome, _ in found], read)
    decided = decisions_of(session, reader, [outcome.code for outcome, _ in found])
    evidence = Evidence(workspace, session, reader, choice.segments, today)
    rows = []
    for outcome, reasons in found:
        facts, decision = known[outcome.id], next(iter(decided.get(outcome.code, ())), None)
        settled = _is_settled(decision, facts.chip, _first_day(read.cells[outcome.code]))
        rows.append(Attention(outcome, reasons, facts.chip, facts.gap, facts.opportunity, worst.get(outcome.id),
                              evidence.strength(outcome), decision, settled))  # fmt: skip
    return AttentionList(
        choice, tuple(row for row in rows if not row.settled), tuple(row for row in rows if row.settled),
        len(outcomes) - len(rows), len(every) - len(outcomes),
    )  # fmt: skip


def _known(
    session: Session, reader: Reader, choice: Choice, outcomes: Sequence[OutcomeShown], read: _Read
) -> dict[int, Facts]:
    """What reasons are looked for in, by outcome: each kind in one reading, however many outcomes."""
    ids = [outcome.id for outcome in outcomes]
    lead = _lead_chips(session, reader, ids, read.products)
    odd = read_disagreements(session, reader, ids)
    contradicted = _contradictions(session, reader, ids)
    known = {}
    for outcome in outcomes:
        product, cells = read.products[outcome.id], read.cells[outcome.code]
        code = product.code if product else None
        cell = cells[None, code]
        known[outcome.id] = Facts(
            lead[outcome.id], gap(cell.get("importance"), cell.get("satisfaction")), _value(cell.get("opportunity")),
            _fell(choice.segments, outcome, cells, code), odd.get(outcome.id), read.tasks[outcome.id],
            contradicted.get(outcome.id, 0), _below(choice.segments, outcome, cells, code),
        )  # fmt: skip
    return known


def _touching(session: Session, products: Collection[int]) -> set[int]:
    """The outcomes that were measured in one of these products or that a task of theirs serves."""
    scored = select(Score.outcome_id).where(Score.product_id.in_(products), Score.outcome_id.is_not(None))
    served = select(task_outcome.c.outcome_id).join(Task, Task.id == task_outcome.c.task_id)
    return set(session.scalars(union(scored, served.where(Task.product_id.in_(products)))))


def _scores(
    session: Session, reader: Reader, choice: Choice, outcomes: Sequence[OutcomeShown], mine: MyProducts
) -> _Read:
    read = _Read()
    if choice.wave is None:
        return read
    products = (ALL, *(product.code for product in mine.chosen))
    query = ScoreQuery(waves=(choice.wave,), outcomes=tuple(o.code for o in outcomes), tasks=(NONE,),
                       products=products, measures=READ)  # fmt: skip
    for row in read_scores(session, reader, query):
        read.cells[row.outcome or ""][row.segment, row.product][row.measure] = row
    trials = ScoreQuery(waves=(choice.wave,), outcomes=(NONE,), segments=(ALL,), products=(ALL,), measures=("success",))
    tried = {row.task: row for row in read_scores(session, reader, trials) if row.task}
    serving = (
        select(task_outcome.c.outcome_id, Task.code, Task.name)
        .join(Task, Task.id == task_outcome.c.task_id)
        .where(Task.code.in_(tried))
    )
    if mine.chosen:
        serving = serving.where(Task.product_id.in_(mine.below))
    for outcome_id, code, name in session.execute(serving):
        read.tasks[outcome_id].append((name, tried[code]))
    return read


def _worst_product(
    cells: Mapping[tuple[str | None, str | None], Mapping[str, ScoreRow]], mine: MyProducts
) -> TermShown | None:
    """The product of mine with the highest opportunity, else with the lowest satisfaction; None: none was measured."""
    measured = [p for p in mine.chosen if _value(cells.get((None, p.code), {}).get("satisfaction")) is not None]
    return max(measured, key=lambda product: _badness(cells[None, product.code]), default=None)


def _badness(cell: Mapping[str, ScoreRow]) -> tuple[float, float]:
    satisfaction = _value(cell.get("satisfaction"))
    return _value(cell.get("opportunity")) or 0.0, -(satisfaction if satisfaction is not None else 100.0)


def _lead_chips(
    session: Session, reader: Reader, ids: Iterable[int], products: Mapping[int, TermShown | None]
) -> dict[int, Chip | None]:
    cells = {id_: CellWanted(id_, None, product.id if (product := products[id_]) else None) for id_ in ids}
    found = cautioned(session, reader, chips(session, reader, cells.values()))
    return {outcome_id: found[cell] for outcome_id, cell in cells.items()}


def _fell(
    segments: Iterable[TermShown],
    outcome: OutcomeShown,
    cells: Mapping[tuple[str | None, str | None], Mapping[str, ScoreRow]],
    product: str | None,
) -> list[tuple[str, ScoreRow]]:
    rows = [(s.name, cells.get((s.code, product), {}).get("satisfaction")) for s in segments if outcome.applies_to(s)]
    return [(name, row) for name, row in rows if row is not None and row.verdict == "worse" and row.change is not None]


def _below(
    segments: Iterable[TermShown],
    outcome: OutcomeShown,
    cells: Mapping[tuple[str | None, str | None], Mapping[str, ScoreRow]],
    product: str | None,
) -> list[tuple[str, ScoreRow]]:
    """Satisfaction of the segments with enough answers that is clearly below everybody's."""
    whole = cells.get((None, product), {}).get("satisfaction")
    found = [(s.name, cells.get((s.code, product), {})) for s in segments if outcome.applies_to(s)]
    return [(name, cell["satisfaction"]) for name, cell in found if _is_firm(cell) and _is_below(cell, whole)]


def _is_below(cell: Mapping[str, ScoreRow], whole: ScoreRow | None) -> bool:
    return clearly_apart(cell.get("satisfaction"), whole) < 0


def _worst_segments(
    session: Session, reader: Reader, segments: Sequence[TermShown], outcomes: Iterable[OutcomeShown], read: _Read
) -> dict[int, WorstSegment]:
    """Where each of these outcomes is worst, among the segments with enough answers; all scores in one reading.

    Only a segment whose satisfaction is clearly below everybody's is named.
    """
    sizes = _populations(session)
    worst: dict[int, tuple[TermShown, CellWanted]] = {}
    for outcome in outcomes:
        cells, concerned = read.cells[outcome.code], [s for s in segments if outcome.applies_to(s)]
        for product in dict.fromkeys((read.products[outcome.id], None)):  # where mine has too few answers, of all
            code = product.code if product else None
            by_segment = {s: cell for s in concerned if _is_firm(cell := cells.get((s.code, code), {}))}
            if by_segment:
                whole = cells.get((None, code), {}).get("satisfaction")
                below = [s for s in by_segment if _is_below(by_segment[s], whole)]
                if not below:
                    break
                segment = max(below, key=lambda s: _badness(by_segment[s]))
                worst[outcome.id] = segment, CellWanted(outcome.id, segment.id, product.id if product else None)
                break
    found = chips(session, reader, [cell for _, cell in worst.values()])
    return {
        outcome_id: WorstSegment(segment, chip, *sizes.get(segment.id, (None, None)))
        for outcome_id, (segment, cell) in worst.items()
        if (chip := found[cell]) is not None and chip.value is not None
    }


def _is_firm(cell: Mapping[str, ScoreRow]) -> bool:
    row = cell.get("satisfaction")
    return row is not None and row.value is not None and row.note != "indicative"


def _populations(session: Session) -> dict[int, tuple[int | None, float | None]]:
    """Size and share of each segment in use; a share needs the sizes of all segments of its dimension."""
    rows = session.execute(
        select(Segment.id, Segment.dimension, Segment.population).where(Segment.status != "retired")
    ).all()
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row.dimension] += row.population or 0
    unknown = {row.dimension for row in rows if row.population is None}
    return {
        row.id: (row.population, row.population / totals[row.dimension]
                 if row.population and row.dimension not in unknown else None)
        for row in rows
    }  # fmt: skip


def _contradictions(session: Session, reader: Reader, outcome_ids: Collection[int]) -> dict[int, int]:
    """How many pairs of evidence that speak of an outcome contradict each other, of what the reader may see."""
    one, other, tag = aliased(EvidenceRow), aliased(EvidenceRow), Tag
    seen = studies_in_use(reader)
    query = (
        select(tag.term_id, func.count(EvidenceLink.id.distinct()))
        .join(one, one.id == EvidenceLink.from_id)
        .join(other, other.id == EvidenceLink.to_id)
        .join(tag, tag.evidence_id == EvidenceLink.to_id)
        .where(EvidenceLink.kind == "contradicts", tag.term_id.in_(outcome_ids), tag.state.in_(IN_FORCE))
        .where(one.withdrawn.is_(False), other.withdrawn.is_(False))
        .where(one.study_id.in_(seen), other.study_id.in_(seen))
        .group_by(tag.term_id)
    )
    return dict(session.execute(query).tuples().all())


def _is_settled(decision: DecisionShown | None, chip: Chip | None, wave_began: dt.date | None) -> bool:
    """Whether a decision stands and the score did not really get worse in a wave that began after it."""
    if decision is None or decision.state == "open":
        return False
    return not (fall(chip) and wave_began is not None and wave_began > decision.day)


def _first_day(cells: Mapping[object, Mapping[str, ScoreRow]]) -> dt.date | None:
    return next((row.first_day for cell in cells.values() for row in cell.values()), None)


def _value(row: ScoreRow | None) -> float | None:
    return row.value if row is not None else None
