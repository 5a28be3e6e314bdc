"""The state of the register: what the linter says of each outcome, pairs that overlap, and what outcomes lack.

Everything is within the reader's scope: an outcome "without evidence" is one without any that this reader may see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import (
    Reader,
    studies_in_use,
    visible_products,
    visible_segments,
    visible_terms,
)
from insightrepo.models import Evidence, Metric, Outcome, Product, Score, Tag, Task
from insightrepo.models.answers import metric_outcome
from insightrepo.models.taxonomy import task_outcome
from insightrepo.taxonomy.acceptance import Accepted, accepted_warnings, parted
from insightrepo.taxonomy.files import load
from insightrepo.taxonomy.linter import LintWarning, Statement, lint
from insightrepo.taxonomy.overlap import Overlap, embed_with, overlaps
from insightrepo.taxonomy.reading import known
from insightrepo.taxonomy.schema import OutcomeEntry
from insightrepo.taxonomy.source import parse
from insightrepo.workspace import Workspace

SIZE = (30, 60)  # outcomes that a register is advised to hold: enough to cover the journey, few enough to ask and know
UNEVEN = 2.5  # how many times the median category's outcomes are too many, or how many times fewer too few
UNGROUNDED = "No person and no import confirmed evidence of them; what machines suggest follows from the wording alone."


@dataclass(frozen=True)
class Reviewed:
    """An outcome, and what could be better at its statement. `line` is where it stands in a file; None: no file."""

    code: str
    name: str
    category: str
    job: str
    success: str
    warnings: tuple[LintWarning, ...]
    line: int | None = None
    accepted: tuple[tuple[LintWarning, Accepted], ...] = ()

    def marks(self, field: str) -> tuple[tuple[int, int], ...]:
        """The stretches of the job or the success measure that warnings speak of, sorted and apart; not the whole."""
        text = self.job if field == "job" else self.success
        merged: list[tuple[int, int]] = []
        for start, end in sorted(
            (w.start, w.end) for w in self.warnings if w.field == field and w.words not in ("", text)
        ):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return tuple(merged)

    def as_dicts(self) -> list[dict[str, Any]]:
        """Its warnings for JSON."""
        return [{"outcome": self.code, "line": self.line, **asdict(w), "words": w.words} for w in self.warnings]


@dataclass(frozen=True)
class Pair:
    """Two outcomes that overlap."""

    first: Reviewed
    second: Reviewed
    overlap: Overlap

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "outcomes": [self.first.code, self.second.code],
            "score": self.overlap.score,
            "by": self.overlap.by,
            "shared": list(self.overlap.shared),
        }


@dataclass(frozen=True)
class Lack:
    """What some outcomes are without (`thing`, as a column is headed), what that means, and which they are."""

    thing: str
    title: str
    why: str
    outcomes: tuple[Reviewed, ...]


@dataclass(frozen=True)
class CategorySize:
    """How many outcomes a category has; `note` says where that is far from the others."""

    name: str
    count: int
    note: str


@dataclass(frozen=True)
class OrphanMetric:
    """A metric in use that nobody answers for: without an owner, a steward, or an outcome it speaks to."""

    code: str
    name: str
    owner: bool
    steward: bool
    outcome: bool


@dataclass(frozen=True)
class RegisterReview:
    """The register as a reader sees it; retired outcomes are only counted."""

    outcomes: tuple[Reviewed, ...]
    pairs: tuple[Pair, ...]
    pairs_by: str
    lacks: tuple[Lack, ...]
    statuses: tuple[tuple[str, int], ...]
    categories: tuple[CategorySize, ...]
    size_advice: str
    orphans: tuple[OrphanMetric, ...] = ()

    @property
    def warned(self) -> tuple[Reviewed, ...]:
        """The outcomes with warnings."""
        return tuple(outcome for outcome in self.outcomes if outcome.warnings)

    @property
    def warning_count(self) -> int:
        """How many warnings there are in all."""
        return sum(len(outcome.warnings) for outcome in self.outcomes)

    @property
    def common_lacks(self) -> tuple[Lack, ...]:
        """What every outcome is without."""
        return tuple(lack for lack in self.lacks if lack.outcomes and len(lack.outcomes) == len(self.outcomes))

    @property
    def single_lacks(self) -> tuple[Lack, ...]:
        """What some outcomes are without and others have."""
        return tuple(lack for lack in self.lacks if 0 < len(lack.outcomes) < len(self.outcomes))

    @property
    def lacking(self) -> tuple[tuple[Reviewed, tuple[bool, ...]], ...]:
        """The outcomes with one of the `single_lacks`, each with whether it has it, lack by lack."""
        codes = [{outcome.code for outcome in lack.outcomes} for lack in self.single_lacks]
        rows = [(outcome, tuple(outcome.code in some for some in codes)) for outcome in self.outcomes]
        return tuple(row for row in rows if any(row[1]))


@dataclass(frozen=True)
class FileReview:
    """The outcomes of a file, and the pairs with at least one of them."""

    outcomes: tuple[Reviewed, ...]
    pairs: tuple[Pair, ...]


def review(session: Session, reader: Reader, workspace: Workspace) -> RegisterReview:
    """The state of the register; every read is within the reader's scope.

    Raises:
        Forbidden: the reader is not a researcher; the review is for those who may change the register.
    """
    reader.require("researcher")
    query = select(Outcome).where(Outcome.id.in_(visible_terms(reader))).order_by(Outcome.category, Outcome.code)
    everything = session.scalars(query).all()
    rows = [row for row in everything if row.status != "retired"]
    names, english = product_names(session, reader), workspace.settings.language == "en"
    quiet = accepted_warnings(session, [row.id for row in rows])
    reviewed = {row.id: _reviewed(row, names, english, quiet.get(row.id, ())) for row in rows}
    statuses = Counter(row.status for row in everything)
    return RegisterReview(
        outcomes=tuple(reviewed.values()),
        pairs=_pairs(list(reviewed.values()), workspace),
        pairs_by="meaning" if embed_with(workspace.embedder) else "words",
        lacks=_lacks(session, reader, rows, reviewed),
        statuses=tuple((name, statuses[name]) for name in ("candidate", "validated", "active", "retired")),
        categories=_categories(row.category for row in rows),
        size_advice=_size_advice(len(rows)),
        orphans=_orphans(session),
    )


def review_file(session: Session, reader: Reader, workspace: Workspace, text: str, name: str) -> FileReview:
    """The outcomes of a taxonomy file that is not imported, beside those that the workspace has.

    Raises:
        Forbidden: the reader is not a researcher.
        TaxonomyError: the file is wrong.
    """
    reader.require("researcher")
    found = lint_file(session, reader, workspace, text, name)
    inside = {outcome.code.casefold() for outcome in found}
    rows = session.scalars(select(Outcome).where(Outcome.id.in_(visible_terms(reader)), Outcome.status != "retired"))
    beside = [_reviewed(row, (), False) for row in rows if row.code.casefold() not in inside]
    pairs = _pairs([*found, *beside], workspace)
    return FileReview(found, tuple(pair for pair in pairs if pair.first.code.casefold() in inside))


def lint_file(session: Session, reader: Reader, workspace: Workspace, text: str, name: str) -> tuple[Reviewed, ...]:
    """The outcomes of a taxonomy file, each with its warnings and its line; retired ones left out.

    Raises:
        TaxonomyError: the file is wrong.
    """
    file = load(text, name, known(session))
    source = parse(text, name)
    own = [word for product, _ in file.products_with_parents() for word in (product.name, *product.aliases)]
    names = tuple(dict.fromkeys((*product_names(session, reader), *own)))
    english = workspace.settings.language == "en"
    return tuple(
        _entry_reviewed(entry, names, english, source.line(("outcomes", index)))
        for index, entry in enumerate(file.outcomes)
        if entry.status != "retired"
    )


def review_outcome(session: Session, reader: Reader, workspace: Workspace, code: str) -> Reviewed | None:
    """What could be better at one outcome's statement; None for those who may not change it, and once it is retired."""
    if not reader.at_least("researcher"):
        return None
    query = select(Outcome).where(Outcome.code == code, Outcome.id.in_(visible_terms(reader)))
    row = session.scalar(query.where(Outcome.status != "retired"))
    if row is None:
        return None
    quiet = accepted_warnings(session, [row.id]).get(row.id, ())
    return _reviewed(row, product_names(session, reader), workspace.settings.language == "en", quiet)


def product_names(session: Session, reader: Reader) -> tuple[str, ...]:
    """Names and aliases of the products that the reader may see."""
    rows = session.execute(select(Product.name, Product.aliases).where(Product.id.in_(visible_terms(reader))))
    return tuple(dict.fromkeys(word for name, aliases in rows for word in (name, *aliases)))


def _reviewed(row: Outcome, names: tuple[str, ...], english: bool, quiet: Sequence[Accepted] = ()) -> Reviewed:
    statement = Statement(row.job, row.success_measure, tuple(row.aliases))
    warnings, accepted = parted(lint(statement, names, english), quiet)
    return Reviewed(row.code, row.name, row.category, row.job, row.success_measure, warnings, None, accepted)


def _entry_reviewed(entry: OutcomeEntry, names: tuple[str, ...], english: bool, line: int) -> Reviewed:
    warnings = lint(Statement(entry.job, entry.success, entry.aliases), names, english)
    return Reviewed(entry.code, entry.name, entry.category, entry.job, entry.success, warnings, line)


def _pairs(outcomes: Sequence[Reviewed], workspace: Workspace) -> tuple[Pair, ...]:
    statements = [Statement(outcome.job, outcome.success) for outcome in outcomes]
    found = overlaps(statements, embed_with(workspace.embedder))
    return tuple(Pair(outcomes[pair.first], outcomes[pair.second], pair) for pair in found)


def _lacks(
    session: Session, reader: Reader, rows: Sequence[Outcome], reviewed: dict[int, Reviewed]
) -> tuple[Lack, ...]:
    def without(condition: ColumnElement[bool]) -> tuple[Reviewed, ...]:
        having = set(session.scalars(select(Outcome.id).where(Outcome.id.in_(list(reviewed)), condition)))
        return tuple(reviewed[row.id] for row in rows if row.id not in having)

    accepted = _has_evidence(reader, Tag.state == "accepted")
    return (
        Lack("Owner", "Without an owner", "Nobody answers for them.", without(Outcome.owner_id.is_not(None))),
        Lack(
            "Steward", "Without a steward", "Nobody keeps their definition.", without(Outcome.steward_id.is_not(None))
        ),
        Lack("Evidence", "Without evidence", "Nothing is tagged with them.", without(_has_evidence(reader))),
        Lack("Confirmed evidence", "Ungrounded", UNGROUNDED, without(accepted)),
        Lack("Task", "Without tasks", "No product's task serves them.", without(_has_task(reader))),
        Lack("Score", "Without scores", "No wave has measured them.", without(_has_score(reader))),
    )


def _orphans(session: Session) -> tuple[OrphanMetric, ...]:
    tied = exists().where(metric_outcome.c.metric_id == Metric.id)
    columns = Metric.code, Metric.name, Metric.owner_id.is_not(None), Metric.steward_id.is_not(None), tied
    query = select(*columns).where(Metric.status == "active").order_by(Metric.code)
    found = (OrphanMetric(code, name, bool(o), bool(s), bool(t)) for code, name, o, s, t in session.execute(query))
    return tuple(metric for metric in found if not (metric.owner and metric.steward and metric.outcome))


def _has_evidence(reader: Reader, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether live evidence of a study that the reader may see is tagged with the outcome; an insight is none."""
    return exists().where(
        Tag.term_id == Outcome.id,
        Tag.state != "rejected",
        Evidence.id == Tag.evidence_id,
        Evidence.withdrawn.is_(False),
        Evidence.kind != "insight",
        Evidence.study_id.in_(studies_in_use(reader)),
        *conditions,
    )


def _has_task(reader: Reader) -> ColumnElement[bool]:
    return exists().where(
        task_outcome.c.outcome_id == Outcome.id,
        Task.id == task_outcome.c.task_id,
        Task.product_id.in_(visible_products(reader)),
    )


def _has_score(reader: Reader) -> ColumnElement[bool]:
    """Whether a wave gave it a value in a cell that the reader may see."""
    return exists().where(
        Score.outcome_id == Outcome.id,
        Score.value.is_not(None),
        or_(Score.segment_id.is_(None), Score.segment_id.in_(visible_segments(reader))),
        or_(Score.product_id.is_(None), Score.product_id.in_(visible_products(reader))),
    )


def _categories(found: Iterable[str]) -> tuple[CategorySize, ...]:
    counts = Counter(found)
    ordered = sorted(counts.values())
    median = ordered[len(ordered) // 2] if ordered else 0

    def note(count: int) -> str:
        if len(counts) < 3:
            return ""
        if count >= UNEVEN * median:
            return "many: look for overlaps, or part the category"
        return "few: is this part of the journey understood?" if count * UNEVEN <= median else ""

    return tuple(CategorySize(name, counts[name], note(counts[name])) for name in sorted(counts))


def _size_advice(count: int) -> str:
    least, most = SIZE
    if count < least:
        return f"Fewer than {least}: fine to begin with; a whole journey usually takes {least} to {most}."
    if count > most:
        return f"More than {most}: few people know them all, and a survey cannot ask them all. Merge what overlaps."
    return f"Between {least} and {most}, as advised."
