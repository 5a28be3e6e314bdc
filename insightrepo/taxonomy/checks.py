"""What is wrong with a taxonomy as a whole: codes used twice, references to nothing, circles, rules that cannot work.

The checks read the raw values and step over what is not of the right shape, so that one run finds everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError
from rapidfuzz import process

from ingest.rules import RuleError, RuleSpec, check_rule
from insightrepo.taxonomy.schema import LEADS, RuleEntry, RuleValue
from insightrepo.taxonomy.source import Path, Problem, Source, written

METRIC_CODE = re.compile(r"(?=.*[A-Z0-9])[\w.-]+")  # what is taken for one: without spaces, no mere word


@dataclass(frozen=True)
class Known:
    """What the workspace has already, which a file may refer to: codes per axis and of metrics, users' addresses,
    teams' names.
    """

    outcomes: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    leads: Mapping[str, str] = field(default_factory=dict)  # by an outcome's code in small letters

    def awaits_metric(self, code: str, measure: str) -> bool:
        """Whether the outcome leads, or may come to lead, with a metric that is to be defined later.

        A catalogue of metrics names outcomes, so those come first. What is no code at all is a slip of the pen.
        """
        if measure in LEADS or measure in self.metrics:
            return False
        lead = self.leads.get(code.casefold())
        return bool(METRIC_CODE.fullmatch(measure)) if lead is None else lead == measure


@dataclass(frozen=True)
class Found:
    """A mapping of the file that should be an entry of this kind (outcome, segment, product or task)."""

    kind: str
    path: Path
    values: dict[str, Any]

    @property
    def code(self) -> str:
        """The code as written, or empty."""
        return _text(self.values.get("code"))


def check(source: Source, known: Known | None) -> list[Problem]:
    """All that is wrong across entries. Without `known` the file must hold what it refers to, people apart."""
    entries = list(_entries(source.root))
    return [
        *_used_twice(source, entries),
        *_unknown_references(entries, known),
        *_unknown_stages(source.root, entries),
        *(_unknown_measures(entries, known) if known else ()),
        *_circles(entries),
        *(problem for entry in entries for problem in _bad_rules(entry)),
    ]


def nearest(text: str, choices: list[str], cutoff: float = 70) -> str:
    """Which choice may have been meant, ready to end a message with; empty where none is near."""
    found = process.extractOne(text.casefold(), choices, processor=str.casefold, score_cutoff=cutoff)
    return f"; did you mean {found[0]}?" if found else ""


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _items(values: Any, field: str) -> Iterator[tuple[int, dict[str, Any]]]:
    listed = values.get(field)
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict):
            yield index, item


def _entries(root: dict[str, Any]) -> Iterator[Found]:
    for index, outcome in _items(root, "outcomes"):
        yield Found("outcome", ("outcomes", index), outcome)
    for index, dimension in _items(root, "segments"):
        yield Found("dimension", ("segments", index), dimension)
        for place, member in _items(dimension, "members"):
            yield Found("segment", ("segments", index, "members", place), member)
    for index, product in _items(root, "products"):
        yield from _product(product, ("products", index))


def _product(values: dict[str, Any], path: Path) -> Iterator[Found]:
    yield Found("product", path, values)
    for index, task in _items(values, "tasks"):
        yield Found("task", (*path, "tasks", index), task)
    for index, child in _items(values, "children"):
        yield from _product(child, (*path, "children", index))


def _used_twice(source: Source, entries: list[Found]) -> Iterator[Problem]:
    first: dict[tuple[str, str], Path] = {}
    for entry in entries:
        field = "dimension" if entry.kind == "dimension" else "code"
        name = _text(entry.values.get(field))
        before = first.setdefault((entry.kind, name.casefold()), entry.path)
        if name and before != entry.path:
            advice = "put its members together" if field == "dimension" else "give one of them another code"
            line = source.line((*before, field))
            yield Problem((*entry.path, field), f"{name} stands already in line {line}: {advice}")


def _unknown_references(entries: list[Found], known: Known | None) -> Iterator[Problem]:
    workspace = known or Known()
    codes = {
        "outcome": [entry.code for entry in entries if entry.kind == "outcome"] + sorted(workspace.outcomes),
        "segment": [entry.code for entry in entries if entry.kind == "segment"] + sorted(workspace.segments),
        "product": [entry.code for entry in entries if entry.kind == "product"] + sorted(workspace.products),
    }
    fields = {"outcome": ("segments", "segment"), "task": ("outcomes", "outcome"), "product": ("parent", "product")}
    for entry in entries:
        if entry.kind in fields:
            field, kind = fields[entry.kind]
            yield from _missing(entry, field, kind, codes[kind], "add it, or correct the code")
        if known is not None:
            yield from _missing(entry, "owner", "user", sorted(known.users), "add the user first, or leave owner out")
            yield from _missing(entry, "steward", "user", sorted(known.users), "add the user first, or leave it out")
            yield from _missing(entry, "team", "team", sorted(known.teams), "add the team first, or leave team out")


def _unknown_stages(root: dict[str, Any], entries: list[Found]) -> Iterator[Problem]:
    """Stages that stand twice, and those of outcomes that are not in the list of stages, where there is one."""
    listed = root.get("stages")
    names = [_text(name) for name in listed] if isinstance(listed, list) else []
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield Problem(("stages", index), f"{name} stands twice: leave one out")
    for entry in entries:
        name = _text(entry.values.get("stage")) if entry.kind == "outcome" else ""
        if names and name and name not in names:
            advice = f"add it to stages, or correct it{nearest(name, names)}"
            yield Problem((*entry.path, "stage"), f"no stage {name} here: {advice}")


def _unknown_measures(entries: list[Found], known: Known) -> Iterator[Problem]:
    """Lead measures that the editor would not offer either, nor may be defined later."""
    measures = [*LEADS, *sorted(known.metrics)]
    for entry in entries:
        name = _text(entry.values.get("lead_measure")) if entry.kind == "outcome" else ""
        if name and name not in measures and not known.awaits_metric(entry.code, name):
            advice = f"write {', '.join(LEADS)} or the code of a metric, which must be defined before"
            yield Problem((*entry.path, "lead_measure"), f"no measure {name}: {advice}{nearest(name, measures)}")


def _missing(entry: Found, field: str, kind: str, codes: list[str], advice: str) -> Iterator[Problem]:
    value = entry.values.get(field)
    present = {code.casefold() for code in codes}
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        name = _text(item)
        if name and name.casefold() not in present:
            path = (*entry.path, field, index) if isinstance(value, list) else (*entry.path, field)
            yield Problem(path, f"no {kind} {name} here: {advice}{nearest(name, codes)}")


def _circles(entries: list[Found]) -> Iterator[Problem]:
    above: dict[str, set[str]] = {}
    paths: dict[str, Path] = {}
    for entry in entries:
        if entry.kind != "product":
            continue
        parent = _text(entry.values.get("parent"))
        if parent and entry.path[-2] == "children":
            yield Problem((*entry.path, "parent"), "is nested under its parent already: leave parent out")
        elif parent:
            above.setdefault(entry.code.casefold(), set()).add(parent.casefold())
        for _, child in _items(entry.values, "children"):
            above.setdefault(_text(child.get("code")).casefold(), set()).add(entry.code.casefold())
        paths.setdefault(entry.code.casefold(), (*entry.path, "parent"))
    try:
        TopologicalSorter(above).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield Problem(paths[circle[0]], f"goes round in a circle ({' > '.join(circle)}): one needs another parent")


def _bad_rules(entry: Found) -> Iterator[Problem]:
    seen: dict[RuleValue, Path] = {}
    for index, item in _items(entry.values, "rules"):
        path = (*entry.path, "rules", index)
        try:
            value = RuleEntry.model_validate(item).value
            check_rule(RuleSpec(0, *value))
        except ValidationError:
            continue  # said field by field elsewhere
        except RuleError as error:
            yield Problem(path, str(error))
            continue
        before = seen.setdefault(value, path)
        if before != path:
            yield Problem(path, f"says the same as {written(before)}: leave one out")
