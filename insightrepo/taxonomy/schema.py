"""The taxonomy file: what it may say, field by field.

The models check one entry at a time; what needs the whole file (duplicates, references, rules) is in `files.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ingest.rules import KINDS, RuleEffect, RuleKind

NAME_LENGTH = 300  # of a name, an outcome's statement included
LEADS = ("satisfaction", "importance", "opportunity")  # what an outcome may lead with, and any metric
RULE_DISTANCE = 5  # tokens between the words of a `near` rule that does not say


def statement(job: str, success: str) -> str:
    """An outcome's rendered statement: "job, success", or the job alone."""
    return f"{job}, {success}" if success else job


def _tidy(value: Any) -> Any:
    """Text on one line, composed (NFC), spaces collapsed; nothing becomes empty text."""
    if value is None:
        return ""
    return " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    """A lone word is a list of one; nothing is an empty list."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str | int | float | bool) else value


Text = Annotated[str, BeforeValidator(_tidy)]
Required = Annotated[str, StringConstraints(min_length=1), BeforeValidator(_tidy)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=80), BeforeValidator(_tidy)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), BeforeValidator(_tidy)]
Label = Annotated[str, StringConstraints(max_length=NAME_LENGTH), BeforeValidator(_tidy)]
Measure = Annotated[str, StringConstraints(min_length=1, max_length=30), BeforeValidator(_tidy)]
Texts = Annotated[tuple[Required, ...], BeforeValidator(_listed)]
Codes = Annotated[tuple[Code, ...], BeforeValidator(_listed)]
Pattern = Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], BeforeValidator(_listed)]
Status = Literal["candidate", "validated", "active", "retired"]
Meaning = Literal["same", "new"]
Policy = Literal["manual", "suggest", "automatic"]


class Entry(BaseModel):
    """What all entries share: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleValue(NamedTuple):
    """A rule as a value; two rules are the same when these are equal."""

    kind: RuleKind
    words: tuple[str, ...]
    distance: int | None
    effect: RuleEffect


class RuleEntry(Entry):
    """One rule: exactly one kind with its words; `effect` is veto for `not` and force for the others unless given."""

    phrase: Texts = ()
    all_: Texts = Field((), alias="all")
    any_: Texts = Field((), alias="any")
    near: Texts = ()
    regex: Pattern = ()
    not_: Texts = Field((), alias="not")
    distance: Annotated[int, Field(ge=0, le=50)] | None = None
    effect: RuleEffect | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> RuleEntry:
        if len(self._kinds()) != 1:
            found = " and ".join(self._kinds()) or "none"
            raise ValueError(f"needs exactly one of {', '.join(KINDS)} with its words (found {found})")
        if self.distance is not None and not self.near:
            raise ValueError("distance belongs to a near rule only: leave it out here")
        return self

    def _kinds(self) -> dict[RuleKind, tuple[str, ...]]:
        words: dict[RuleKind, tuple[str, ...]] = {
            "phrase": self.phrase, "all": self.all_, "any": self.any_,
            "near": self.near, "regex": self.regex, "not": self.not_,
        }  # fmt: skip
        return {kind: found for kind, found in words.items() if found}

    @property
    def value(self) -> RuleValue:
        """The rule with its defaults filled in."""
        [(kind, words)] = self._kinds().items()
        distance = (self.distance if self.distance is not None else RULE_DISTANCE) if kind == "near" else None
        return RuleValue(kind, words, distance, self.effect or usual_effect(kind))


def usual_effect(kind: str) -> RuleEffect:
    """The effect of a rule that does not name one."""
    return "veto" if kind == "not" else "force"


class TermEntry(Entry):
    """What the entries of all three axes have; `owner` and `steward` are e-mail addresses, `team` a team's name."""

    code: Code
    aliases: Texts = ()
    status: Status = "active"
    policy: Policy = "automatic"
    owner: Text = ""
    steward: Text = ""
    team: Text = ""
    rules: tuple[RuleEntry, ...] = ()


class OutcomeEntry(TermEntry):
    """An outcome; `segments` are the codes of those it applies to, none means all. Where the entry rewords it,
    `meaning` says whether the words mean the same, so that the series goes on, or something new; it is not kept.
    """

    job: Required
    success: Text = ""
    category: Label = ""
    stage: Label = ""
    lead_measure: Measure = "satisfaction"
    meaning: Meaning = "same"
    segments: Codes = ()

    @property
    def name(self) -> str:
        """The rendered statement."""
        return statement(self.job, self.success)

    @model_validator(mode="after")
    def _fits(self) -> OutcomeEntry:
        if len(self.name) > NAME_LENGTH:
            raise ValueError(f"job and success together have {len(self.name)} characters: use at most {NAME_LENGTH}")
        return self


class SegmentEntry(TermEntry):
    """A segment; `population` is the number of people in it, for weights."""

    name: Name
    definition: Text = ""
    population: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class DimensionEntry(Entry):
    """A dimension and its segments, in their order."""

    dimension: Name
    members: tuple[SegmentEntry, ...] = ()


class TaskEntry(Entry):
    """A task of the product it stands under; `outcomes` are codes."""

    code: Code
    name: Name
    outcomes: Codes = ()


class ProductEntry(TermEntry):
    """A product with what is below it. A product at the top of the file may name a `parent` by its code instead."""

    name: Name
    parent: Text = ""
    tasks: tuple[TaskEntry, ...] = ()
    children: tuple[ProductEntry, ...] = ()


class TaxonomyFile(Entry):
    """A whole file. It says all there is to say of each term it names, and nothing of the others.

    `stages` are those of the journey in their order; none says nothing of them.
    """

    stages: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    outcomes: tuple[OutcomeEntry, ...] = ()
    segments: tuple[DimensionEntry, ...] = ()
    products: tuple[ProductEntry, ...] = ()

    def products_with_parents(self) -> Iterator[tuple[ProductEntry, str]]:
        """Every product with its parent's code (empty at the top), parents before what is nested in them."""
        waiting = [(product, product.parent) for product in reversed(self.products)]
        while waiting:
            product, parent = waiting.pop()
            yield product, parent
            waiting.extend((child, product.code) for child in reversed(product.children))
