"""A taxonomy file into the database and back.

The file is the whole truth of each term it names (a field left out goes back to its default) and says nothing of the
terms it does not name: those stay as they are. A term is retired by `status: retired`, never by leaving it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectin_polymorphic, selectinload

from insightrepo.accounts.audit import record
from insightrepo.models import JourneyStage, Outcome, Product, Rule, Segment, Task, Team, Term, User
from insightrepo.taxonomy.exporting import everything
from insightrepo.taxonomy.history import note_status
from insightrepo.taxonomy.schema import OutcomeEntry, RuleValue, TaxonomyFile, TermEntry
from insightrepo.taxonomy.source import TaxonomyError
from insightrepo.taxonomy.versions import keep_version, wording

TEAM = "belongs to a team that you are not in: leave it out, or ask a member of that team"
EVERYBODY = "is everybody's, and you are limited to a part of the workspace: leave it out, or give it to your team"
LOADED = (
    selectin_polymorphic(Term, [Outcome, Segment, Product]),
    selectinload(Term.rules),
    selectinload(Outcome.segments),
)


@dataclass(frozen=True)
class Changes:
    """What an import did, counted in terms and tasks; the order of the stages counts as one.

    `removed_rules` are the ids of rules that are gone: drop the votes of ``rule:ID``. `changed_term_ids` are the
    terms created or changed in any way, rules included: tag them again. `lines` say it for people.
    """

    created: int
    changed: int
    unchanged: int
    removed_rules: tuple[int, ...]
    changed_term_ids: set[int]
    lines: tuple[str, ...]


def apply(
    session: Session,
    file: TaxonomyFile,
    user_id: int | None,
    may_change: Callable[[Term], bool] = everything,
    sees: Callable[[Term], bool] = everything,
    note: str = "taxonomy file",
) -> Changes:
    """Bring the taxonomy to what the file says, in the session's transaction; the same file twice changes nothing.

    Terms that `may_change` does not hold for may not be changed by the file. What relates the terms of the file to
    those that `sees` does not hold for (another team's own) stays, as whoever wrote the file could not see it.
    A change of wording is kept as a version and a change of status as a step, both with `note`.

    Raises:
        TaxonomyError: an owner, team, segment, outcome or parent is unknown, a parent would stand below itself, or
            another team's term would be changed; the caller's transaction must be rolled back.
    """
    work = _Import(session, may_change, sees)
    work.stages(file)
    work.segments(file)
    work.outcomes(file)
    work.products(file)
    work.tasks(file)
    work.refuse_foreign()
    if work.problems:
        raise TaxonomyError(work.problems)
    session.flush()
    work.keep_history(user_id, note)
    changes = work.changes()
    if changes.created or changes.changed:
        record(session, user_id, "taxonomy.import", "taxonomy", created=changes.created, changed=changes.changed)
    return changes


@dataclass
class _Entry:
    """What became of one term or task so far."""

    label: str
    row: Term | Task
    created: bool
    foreign: bool = False  # not the importer's to change, before this import
    before: dict[str, str] | None = None  # the wording before this import
    status: str = ""  # before this import
    new_meaning: bool = False  # a new wording means something else
    changes: list[str] = field(default_factory=list)


class _Import:
    """The state of one import: what was there, what became of it, what is wrong."""

    def __init__(self, session: Session, may_change: Callable[[Term], bool], sees: Callable[[Term], bool]) -> None:
        self.session = session
        self.may_change = may_change
        terms = session.scalars(select(Term).options(*LOADED)).all()
        self.terms: dict[tuple[str, str], Any] = {(term.axis, term.code.casefold()): term for term in terms}
        self.foreign = {term for term in terms if not may_change(term)}
        self.hidden = {term for term in terms if not sees(term)}
        self.known_tasks = {
            task.code.casefold(): task for task in session.scalars(select(Task).options(selectinload(Task.outcomes)))
        }
        self.users = {user.email.casefold(): user.id for user in session.scalars(select(User))}
        self.teams = {team.name.casefold(): team.id for team in session.scalars(select(Team))}
        self.ledger: dict[tuple[str, str], _Entry] = {}
        self.removed: list[int] = []
        self.problems: list[str] = []
        self.new_stages: tuple[str, ...] = ()

    def stages(self, file: TaxonomyFile) -> None:
        """Bring the stages of the journey to the file's, where it names any."""
        rows = list(self.session.scalars(select(JourneyStage).order_by(JourneyStage.position)))
        if not file.stages or [row.name for row in rows] == list(file.stages):
            return
        if not self.may_change(Outcome(code="")):
            self.problems.append(f"stages: {EVERYBODY}")
            return
        by_name = {row.name: row for row in rows}
        for row in rows:
            if row.name not in file.stages:
                self.session.delete(row)
        for position, name in enumerate(file.stages):
            row = by_name.get(name) or JourneyStage(name=name)
            row.position = position
            self.session.add(row)
        self.new_stages = file.stages

    def segments(self, file: TaxonomyFile) -> None:
        """Create and change the segments."""
        for dimension in file.segments:
            for entry in dimension.members:
                own = {"name": entry.name, "dimension": dimension.dimension, "definition": entry.definition}
                self._term(Segment, entry, own | {"population": entry.population})

    def outcomes(self, file: TaxonomyFile) -> None:
        """Create and change the outcomes and the segments they apply to."""
        for entry in file.outcomes:
            outcome = self._term(Outcome, entry, _outcome_fields(entry))
            self.ledger["outcome", entry.code.casefold()].new_meaning = entry.meaning == "new"
            segments = [self._known("segment", code, f"outcome {entry.code}") for code in entry.segments]
            self._relate("outcome", entry.code, outcome, "segments", segments)

    def products(self, file: TaxonomyFile) -> None:
        """Create and change the products, then put each under its parent."""
        placed = list(file.products_with_parents())
        for entry, _ in placed:
            self._term(Product, entry, {"name": entry.name})
        parents: dict[Product, Product | None] = {}
        for entry, code in placed:
            product = self.terms["product", entry.code.casefold()]
            hidden = product.parent if product.parent in self.hidden else None
            parents[product] = self._known("product", code, f"product {entry.code}") if code and not hidden else hidden
        if not self.problems and not self._circles(parents):
            self._place(parents)

    def tasks(self, file: TaxonomyFile) -> None:
        """Create and change the tasks, each under its product with the outcomes it serves."""
        for product_entry, _ in file.products_with_parents():
            product = self.terms["product", product_entry.code.casefold()]
            for entry in product_entry.tasks:
                task = self._row(Task, "task", self.known_tasks.get(entry.code.casefold()), entry.code)
                self.ledger["task", entry.code.casefold()].foreign |= product in self.foreign
                self._set("task", entry.code, task, {"code": entry.code, "name": entry.name, "product": product})
                outcomes = [self._known("outcome", code, f"task {entry.code}") for code in entry.outcomes]
                self._relate("task", entry.code, task, "outcomes", outcomes)

    def refuse_foreign(self) -> None:
        """Note a problem for each term that was changed or made and may not be, and each task of such a product."""
        for entry in self.ledger.values():
            owner = entry.row.product if isinstance(entry.row, Task) else entry.row
            if (entry.foreign and entry.changes) or (entry.created and not self.may_change(owner)):
                self.problems.append(f"{entry.label}: {TEAM if owner.team_id or owner in self.hidden else EVERYBODY}")

    def keep_history(self, user_id: int | None, note: str) -> None:
        """Keep changed wordings as versions and changed statuses as steps; every row has its id by now."""
        for entry in self.ledger.values():
            if entry.created or entry.changes:
                keep_version(self.session, entry.row, entry.before, user_id, note, entry.new_meaning)
            if not isinstance(entry.row, Task) and entry.row.status != entry.status:
                note_status(self.session, entry.row, entry.status, note, user_id)

    def changes(self) -> Changes:
        """The sum of it, once everything has its id."""
        entries = list(self.ledger.values())
        touched = [entry for entry in entries if entry.created or entry.changes]
        return Changes(
            created=sum(entry.created for entry in entries),
            changed=sum(not entry.created for entry in touched) + bool(self.new_stages),
            unchanged=len(entries) - len(touched),
            removed_rules=tuple(self.removed),
            changed_term_ids={entry.row.id for entry in touched if isinstance(entry.row, Term)},
            lines=(*_stage_lines(self.new_stages), *(_line(entry) for entry in touched)),
        )

    def _term(self, kind: type[Any], entry: TermEntry, own: dict[str, Any]) -> Any:
        axis = kind.__name__.lower()
        key = (axis, entry.code.casefold())
        term = self.terms[key] = self._row(kind, axis, self.terms.get(key), entry.code)
        shared = {"code": entry.code, "aliases": list(entry.aliases), "status": entry.status, "policy": entry.policy}
        label = f"{axis} {entry.code}"
        people = {
            "owner_id": self._person(self.users, entry.owner, f"{label}: no user {entry.owner}: add the user first"),
            "steward_id": self._person(
                self.users, entry.steward, f"{label}: no user {entry.steward}: add the user first"
            ),
            "team_id": self._person(self.teams, entry.team, f"{label}: no team {entry.team}: add the team first"),
        }
        self._set(axis, entry.code, term, own | shared | people)
        self._rules(key, term, [rule.value for rule in entry.rules])
        return term

    def _row(self, kind: type[Any], axis: str, row: Any, code: str) -> Any:
        created = row is None
        if created:
            row = kind()
            self.session.add(row)
        owner = row.product if axis == "task" else row
        entry = self.ledger[axis, code.casefold()] = _Entry(f"{axis} {code}", row, created, owner in self.foreign)
        if not created:
            entry.before, entry.status = wording(row), "" if axis == "task" else row.status
        return row

    def _set(self, axis: str, code: str, row: Any, values: dict[str, Any]) -> None:
        for name in [name for name, value in values.items() if getattr(row, name) != value]:
            setattr(row, name, values[name])
            self._note(axis, code, name.removesuffix("_id"))

    def _relate(self, axis: str, code: str, row: Any, name: str, wanted: Iterable[Any]) -> None:
        terms = [term for term in wanted if term is not None]
        terms += [term for term in getattr(row, name) if term in self.hidden and term not in terms]
        if set(getattr(row, name)) != set(terms):
            setattr(row, name, terms)
            self._note(axis, code, name)

    def _rules(self, key: tuple[str, str], term: Term, wanted: Sequence[RuleValue]) -> None:
        present: set[RuleValue] = set()
        for rule in list(term.rules):
            value = _value_of(rule)
            if value in wanted and value not in present:
                present.add(value)
                continue
            self.removed.append(rule.id)
            term.rules.remove(rule)
            self._note(*key, f"rule removed ({_rule_text(value)})")
        for value in dict.fromkeys(wanted):
            if value not in present:
                term.rules.append(Rule(**{**value._asdict(), "words": list(value.words)}))
                self._note(*key, f"rule added ({_rule_text(value)})")

    def _note(self, axis: str, code: str, change: str) -> None:
        self.ledger[axis, code.casefold()].changes.append(change)

    def _known(self, axis: str, code: str, where: str) -> Any:
        term = self.terms.get((axis, code.casefold()))
        if term is None:
            self.problems.append(f"{where}: no {axis} {code}: add it, or correct the code")
        return term

    def _person(self, ids: dict[str, int], name: str, problem: str) -> int | None:
        if name and name.casefold() not in ids:
            self.problems.append(problem)
        return ids.get(name.casefold()) if name else None

    def _circles(self, parents: Mapping[Product, Product | None]) -> bool:
        """Whether a product would stand below itself, given these parents and those in the database."""
        for product in parents:
            seen, above = {product}, parents[product]
            while above is not None and above not in seen:
                seen.add(above)
                above = parents.get(above, above.parent)
            if above is product:
                self.problems.append(f"product {product.code}: would stand below itself: give it another parent")
        return bool(self.problems)

    def _place(self, parents: Mapping[Product, Product | None]) -> None:
        moved = [product for product, parent in parents.items() if product.parent is not parent]
        for product in moved:
            product.parent = None
            self._note("product", product.code, "parent")
        self.session.flush()  # parent and child may change places: no order of single updates does that
        for product in moved:
            product.parent = parents[product]


def _outcome_fields(entry: OutcomeEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "job": entry.job,
        "success_measure": entry.success,
        "category": entry.category,
        "journey_stage": entry.stage,
        "lead_measure": entry.lead_measure,
    }


def _value_of(rule: Any) -> RuleValue:  # a Rule, whose checked columns are plain text to the type checker
    return RuleValue(rule.kind, tuple(rule.words), rule.distance, rule.effect)


def _rule_text(value: RuleValue) -> str:
    return f"{value.kind}: {', '.join(value.words)}"


def _stage_lines(names: tuple[str, ...]) -> tuple[str, ...]:
    return (f"stages changed: {', '.join(names)}",) if names else ()


def _line(entry: _Entry) -> str:
    return f"{entry.label} created" if entry.created else f"{entry.label} changed: {', '.join(entry.changes)}"
