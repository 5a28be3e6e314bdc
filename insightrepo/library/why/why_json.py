"""What `why` and `what_changed` read, as scripts read it. Keys are added, never renamed or removed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from insightrepo.library.why.why import Why
from insightrepo.library.why.why_opportunity import OpportunityMoved
from insightrepo.library.why.why_words import caveats, headline, intervention_words, warnings
from insightrepo.scores.beside import TaskBeside
from insightrepo.scores.changes import ChangedCell, Changes
from insightrepo.scores.computing.movement import Movement
from insightrepo.scores.computing.splitting import SplitShown


def why_as_json(found: Why) -> dict[str, Any]:
    """The page as plain values; shares and values are in percent, effects in points."""
    question, sentence = found.question, headline(found)
    return {
        "outcome": question.outcome.code,
        "from": question.before.code,
        "to": question.after.code,
        "segment": question.segment.code if question.segment else None,
        "product": question.product.code if question.product else None,
        "measure": "satisfaction",
        "sentence": sentence.text,
        "score": _movement(found.movement),
        "splits": [_split(split) for split in found.splits],
        "importance": _movement(found.beside.importance) if found.beside.importance else None,
        "importance_splits": [_split(split) for split in found.importance_splits],
        "opportunity": _opportunity(found.beside.opportunity) if found.beside.opportunity else None,
        "task_index": _split(found.task_index) if found.task_index else None,
        "tasks": [_task(task, task in found.moving_tasks) for task in found.tasks],
        "metrics": [
            {"code": item.code, "name": item.name, "nature": item.nature, **asdict(item.association)}
            for item in found.metrics
        ],
        "words": {
            "enough": found.words.enough,
            "behind": asdict(found.words.behind),
            "before": asdict(found.words.before),
            "words": [{"text": w.text, "before": w.before, "after": w.after, "z": w.z} for w in found.words.words],
            "quotes": [
                {
                    "evidence": quote.hit.id, "kind": quote.hit.kind, "text": quote.hit.text, "date": quote.hit.date,
                    "segments": list(quote.hit.segments), "study": quote.hit.study, "place": quote.hit.place,
                    "words": list(quote.words), "of_the_task": quote.near_task,
                }
                for quote in found.words.quotes
            ],
        },
        "interventions": [
            {"day": item.intervention.first_day.isoformat(), "text": item.intervention.text,
             "says": intervention_words(item), "others": [note.text for note in item.others],
             "score": _movement(item.movement) if item.movement else None}
            for item in found.interventions
        ],
        "annotations": [
            {"kind": note.kind, "from": note.first_day.isoformat(), "to": (note.last_day or note.first_day).isoformat(),
             "text": note.text}
            for note in found.annotations
        ],
        "warnings": list(warnings(found)),
        "caveats": list(caveats(found)),
    }  # fmt: skip


def _movement(found: Movement) -> dict[str, Any]:
    return {**asdict(found), "note": found.note or None}


def _opportunity(found: OpportunityMoved) -> dict[str, Any]:
    return {**_movement(found.movement), "by_importance": found.importance, "by_satisfaction": found.satisfaction}


def _split(found: SplitShown) -> dict[str, Any]:
    whole = found.split
    return {
        "by": found.title, "before": whole.before, "after": whole.after, "change": whole.change,
        "rate_effect": whole.rate_effect, "mix_effect": whole.mix_effect,
        "parts": [
            {
                "code": shown.code, "name": shown.name, "before": asdict(shown.part.before),
                "after": asdict(shown.part.after), "rate_effect": shown.part.rate_effect,
                "mix_effect": shown.part.mix_effect, "effect": shown.part.effect,
                "verdict": shown.score.verdict if shown.score else None,
            }
            for shown in found.parts
        ],
    }  # fmt: skip


def _task(task: TaskBeside, goes_with: bool) -> dict[str, Any]:
    same = task.same_people
    return {
        "code": task.code, "name": task.name, "product": task.product, "segment": task.segment,
        "goes_with": goes_with,
        "measures": [
            {"measure": item.measure, "unit": item.unit, **_movement(item.movement)} for item in task.measures
        ],
        "same_people": {**asdict(same.association), "satisfied_if_done": same.satisfied_if_done,
                        "satisfied_if_failed": same.satisfied_if_failed} if same else None,
    }  # fmt: skip


def changes_as_json(found: Changes) -> dict[str, Any]:
    """What changed, as plain values; each value in the unit beside it."""
    step = found.step
    return {
        "from": step.before if step else None,
        "to": step.after if step else None,
        "provisional": step.provisional if step else None,
        "changes": [row for cell in found.real for row in _cell(cell)],
        "too_small": [row for cell in found.small for row in _cell(cell)],
        "compared": found.compared,
        "no_evidence": found.no_evidence,
        "not_enough_data": found.not_enough,
    }


def _cell(cell: ChangedCell) -> list[dict[str, Any]]:
    return [
        {
            "kind": cell.subject.kind, "code": cell.subject.code, "name": cell.subject.name,
            "segment": change.row.segment, "product": change.row.product, "same_answers": list(cell.also),
            "measure": change.row.measure, "unit": change.row.unit, "before": change.before,
            "value": change.row.value, "n": change.row.n, "change": change.row.change,
            "change_low": change.row.change_low, "change_high": change.row.change_high,
            "p_value": change.row.p_value, "q_value": change.row.q_value, "verdict": change.row.verdict,
        }
        for change in cell.changes
    ]  # fmt: skip
