"""Measures search on the judgements of the people who use it, engine by engine, within what one reader may see.

Lists are condensed before they are measured (Sakai 2007, "Alternatives to Bpref"): hits that nobody judged are taken
out, so that an engine does not lose for bringing up what was never shown to anybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.evaluation import ndcg_at
from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.library.search.hits import Mode
from insightrepo.library.search.questions import asked
from insightrepo.library.search.search import find
from insightrepo.models import Evidence, Judgement
from insightrepo.workspace import Workspace

ENOUGH = 20  # questions; of fewer nothing can be said
DRAWS = 10_000
SEED = 20250101
TOP = 10
MEASURES = ("ndcg_at_10", "mrr", "judged_at_10")


@dataclass(frozen=True)
class Opinion:
    """That a piece of evidence did or did not help with a question, on somebody's word or deed."""

    question: str
    words: str
    filters: str
    evidence_id: int
    helpful: bool


@dataclass(frozen=True)
class JudgedQuestion:
    """A question with the evidence that was judged for it: 1 where it helped, else 0."""

    words: str
    filters: str
    grades: dict[str, int]


Source = Callable[[Session, Reader], Iterable[Opinion]]


def judgements(session: Session, reader: Reader) -> Iterable[Opinion]:
    """Everybody's judgements of live evidence that the reader may see."""
    columns = (Judgement.question, Judgement.words, Judgement.filters, Judgement.evidence_id, Judgement.helpful)
    seen = Evidence.withdrawn.is_(False), Evidence.study_id.in_(studies_in_use(reader))
    query = select(*columns).join(Evidence, Evidence.id == Judgement.evidence_id).where(*seen).order_by(Judgement.id)
    return (Opinion(*row) for row in session.execute(query))


SOURCES: tuple[Source, ...] = (judgements,)  # where opinions come from; another kind is one more function


def judged_questions(session: Session, reader: Reader, sources: Sequence[Source] = SOURCES) -> list[JudgedQuestion]:
    """The questions to measure on: those with a hit that helped. Where people differ the majority counts; a tie not."""
    balance: defaultdict[str, Counter[int]] = defaultdict(Counter)
    text: dict[str, tuple[str, str]] = {}
    for source in sources:
        for opinion in source(session, reader):
            balance[opinion.question][opinion.evidence_id] += 1 if opinion.helpful else -1
            text[opinion.question] = opinion.words, opinion.filters  # the last one's: they differ in case at most
    found = [JudgedQuestion(*text[key], _grades(opinions)) for key, opinions in balance.items()]
    return [question for question in found if any(question.grades.values())]


def _grades(balance: Counter[int]) -> dict[str, int]:
    return {str(evidence_id): int(sum_ > 0) for evidence_id, sum_ in balance.items() if sum_}


def evaluate_own(workspace: Workspace, session: Session, reader: Reader) -> dict[str, Any]:
    """nDCG@10, MRR and the share of judged hits among the first ten for each mode, and how hybrid differs.

    ``{"queries": n, "enough": bool, "modes": {mode: {measure: mean}}, "differences": {mode: {measure: {"difference",
    "low", "high"}}}}``; differences are hybrid less the other mode, with the 95% percentile interval of a paired
    bootstrap over the questions. Without enough questions the two are empty; without an embedding model there is only
    the keyword mode.
    """
    questions = judged_questions(session, reader)
    if len(questions) < ENOUGH:
        return {"queries": len(questions), "enough": False, "modes": {}, "differences": {}}
    modes = get_args(Mode) if workspace.embedder else ("keyword",)
    measured = {mode: _measured(workspace, session, reader, questions, mode) for mode in modes}
    means = {
        mode: {name: round(float(values.mean()), 4) for name, values in found.items()}
        for mode, found in measured.items()
    }
    others = [mode for mode in modes if mode != "hybrid"] if "hybrid" in measured else []
    compared = {mode: _differences(measured["hybrid"], measured[mode]) for mode in others}
    return {"queries": len(questions), "enough": True, "modes": means, "differences": compared}


def _measured(
    workspace: Workspace, session: Session, reader: Reader, questions: Sequence[JudgedQuestion], mode: Mode
) -> dict[str, np.ndarray]:
    """Each measure's value for each question."""
    rows = []
    for question in questions:
        query = replace(asked(question.words, question.filters, mode), limit=TOP)
        ranking = [str(number) for number in find(workspace, session, reader, query).ids]
        condensed = [number for number in ranking if number in question.grades]
        shown = ranking[:TOP]
        known = sum(number in question.grades for number in shown) / len(shown) if shown else 0.0
        rows.append((ndcg_at(condensed, question.grades, TOP), _reciprocal_rank(condensed, question), known))
    return dict(zip(MEASURES, np.array(rows).T, strict=True))


def _reciprocal_rank(condensed: Sequence[str], question: JudgedQuestion) -> float:
    """1 / the rank of the first hit that helped; 0 where none was found."""
    return next((1 / rank for rank, number in enumerate(condensed, start=1) if question.grades[number]), 0.0)


def _differences(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    return {name: _interval(ours[name] - theirs[name]) for name in MEASURES[:2]}


def _interval(differences: np.ndarray) -> dict[str, float]:
    from scipy.stats import bootstrap  # slow to import

    drawn = bootstrap(
        (differences,), np.mean, n_resamples=DRAWS, batch=100, method="percentile", random_state=SEED
    ).confidence_interval
    mean = float(differences.mean())
    return {"difference": round(mean, 4), "low": round(float(drawn.low), 4), "high": round(float(drawn.high), 4)}
