"""The usability kit: from outcomes to tasks to a script for the moderator, and a file for the results to come back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_products, visible_terms
from insightrepo.models import Outcome, Task, Term
from insightrepo.scores.waves.wave_questionnaire import as_csv
from insightrepo.taxonomy.reading import find_term, product_and_below

RESULTS = ("respondent", "task", "completed", "seconds", "ease", "difficulty", "confidence", "usefulness", "date")
BEFORE = (
    "Thank the participant and say that the product is tested, not they.",
    "Ask for consent to take notes or to record. Write down only the participant's id, never a name.",
    "Hand over one task at a time. Read it aloud, then start the clock; do not help, and do not say how it is done.",
    "Stop the clock when the participant says that they are done or that they give up.",
)
COMPLETED = "Completed by the criterion, without help: yes / no. Time in seconds, of the whole try."
QUESTIONS = (  # of each task: column, words, lowest and highest point of 1 to 7
    ("ease", "Overall, how easy or difficult was this task to complete?", "very difficult", "very easy"),
    ("difficulty", "How hard did you have to work to get it done?", "not hard at all", "extremely hard"),
    ("confidence", "How confident are you that you did it right?", "not at all confident", "extremely confident"),
    ("usefulness", "How useful would this be to you?", "not at all useful", "extremely useful"),
)  # fmt: skip
POINTS = range(1, 8)


class NothingToTry(ValueError):
    """No task serves the outcomes or belongs to the product."""


@dataclass(frozen=True)
class TaskToTry:
    """A task as the moderator needs it. `outcomes` holds code and statement of each outcome that it serves."""

    code: str
    wording: str
    product: str
    criterion: str
    outcomes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class UsabilityKit:
    """What a script is written of."""

    title: str
    tasks: tuple[TaskToTry, ...]


def usability_kit(
    session: Session, reader: Reader, outcomes: Sequence[str] = (), product: str | None = None
) -> UsabilityKit:
    """The tasks of outcomes, or of a product and what is below it, or of both together; by code.

    Raises:
        UnknownTerm: an outcome or the product is not known to the reader.
        NothingToTry: neither was given, or no task fits.
    """
    if not outcomes and not product:
        raise NothingToTry("choose outcomes or a product: the kit is made of their tasks")
    query = select(Task).where(Task.product_id.in_(visible_products(reader)))
    names = []
    if outcomes:
        found = [find_term(session, "outcome", text, Term.id.in_(visible_terms(reader))) for text in outcomes]
        query = query.where(Task.outcomes.any(Outcome.id.in_([outcome.id for outcome in found])))
        names += [outcome.code for outcome in found]
    if product:
        node = find_term(session, "product", product, Term.id.in_(visible_products(reader)))
        query = query.where(Task.product_id.in_(product_and_below(session, [node.id])))
        names.append(node.name)
    loading = (selectinload(Task.outcomes), selectinload(Task.product))
    tasks = session.scalars(query.options(*loading).order_by(Task.code)).all()
    if not tasks:
        raise NothingToTry(f"no task belongs to {', '.join(names)}: tie tasks to them in the taxonomy first")
    return UsabilityKit(f"Usability test: {', '.join(names)}", tuple(_task(reader, task) for task in tasks))


def _task(reader: Reader, task: Task) -> TaskToTry:
    served = [outcome for outcome in sorted(task.outcomes, key=lambda one: one.code) if reader.sees_term(outcome)]
    criteria = dict.fromkeys(outcome.success_measure for outcome in served if outcome.success_measure)
    return TaskToTry(
        task.code, task.name, task.product.name, "; ".join(criteria) or "what the task asks for is there and is right",
        tuple((outcome.code, outcome.name) for outcome in served),
    )  # fmt: skip


def kit_choices(session: Session, reader: Reader) -> dict[str, list[tuple[str, str]]]:
    """Code and name of the outcomes that have tasks, and of the products, that the reader may see."""
    products = visible_products(reader)
    outcomes = select(Outcome.code, Outcome.name).where(
        Outcome.id.in_(visible_terms(reader)), Outcome.tasks.any(Task.product_id.in_(products))
    )
    trees = select(Term.code, Term.name).where(Term.id.in_(products))
    return {
        "outcome": [(code, f"{code} {name}"[:90]) for code, name in session.execute(outcomes.order_by(Outcome.code))],
        "product": [(code, name) for code, name in session.execute(trees.order_by(Term.code))],
    }


def results_csv(kit: UsabilityKit) -> str:
    """The empty file of results that `trials import` reads: a line a task to copy for each participant."""
    return as_csv(RESULTS, [("", task.code, *[""] * (len(RESULTS) - 2)) for task in kit.tasks])


def markdown(kit: UsabilityKit) -> str:
    """The script as Markdown."""
    lines = [
        f"# {_plain(kit.title)}",
        "",
        "Participant id: ______  Date: ______  Moderator: ______",
        "",
        "## Before",
        "",
    ]
    lines += [f"- {line}" for line in BEFORE]
    for number, task in enumerate(kit.tasks, 1):
        lines += ["", f"## Task {number}: {_plain(task.code)}", "", f"> {_plain(task.wording)}", "",
                  f"Product: {_plain(task.product)}  ", f"Success: {_plain(task.criterion)}", ""]  # fmt: skip
        lines += [f"- Serves {_plain(code)}: {_plain(name)}" for code, name in task.outcomes]
        lines += ["", COMPLETED, ""]
        for column, words, low, high in QUESTIONS:
            lines.append(f"- **{column}** {words} (1 = {low}, 7 = {high}): {' '.join(map(str, POINTS))}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text on one line, without what Markdown would take for its own."""
    plain = " ".join(text.split())
    for sign in "\\`*_[]<>#|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def docx(kit: UsabilityKit) -> bytes:
    """The script as a Word document: a heading a task, boxes to tick on each scale."""
    from docx import Document

    document = Document()
    document.core_properties.title = kit.title
    document.add_heading(kit.title, 0)
    document.add_paragraph("Participant id: ____________    Date: ____________    Moderator: ____________")
    document.add_heading("Before", 1)
    _bullets(document, BEFORE)
    for number, task in enumerate(kit.tasks, 1):
        document.add_heading(f"Task {number}: {task.code}", 1)
        document.add_paragraph(task.wording, style="Intense Quote")
        document.add_paragraph(f"Product: {task.product}")
        document.add_paragraph(f"Success: {task.criterion}")
        _bullets(document, (f"Serves {code}: {name}" for code, name in task.outcomes))
        document.add_paragraph(COMPLETED)
        _scales(document)
    text = io.BytesIO()
    document.save(text)
    return text.getvalue()


def _bullets(document, lines: Iterable[str]) -> None:
    for line in lines:
        document.add_paragraph(line, style="List Bullet")


def _scales(document) -> None:
    table = document.add_table(rows=0, cols=1 + len(POINTS), style="Table Grid")
    for _, words, low, high in QUESTIONS:
        cells = table.add_row().cells
        cells[0].text = f"{words}\n1 = {low}, 7 = {high}"
        for point in POINTS:
            cells[point].text = f"☐ {point}"
