"""YAML text -> plain values, and the line on which each of them stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

MAX_DEPTH = 60  # of lists and mappings within each other

Path = tuple[str | int, ...]


class TaxonomyError(Exception):
    """The taxonomy cannot be taken. `problems` has one line each: where, what is wrong and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Problem:
    """Something wrong with the value at `path`."""

    path: Path
    message: str


@dataclass(frozen=True)
class Source:
    """A file's values with the line (from 1) of each path."""

    name: str
    root: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a path; of the nearest value around it where the path itself is not in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, problems: list[Problem]) -> TaxonomyError:
        """All problems in the order of the file, each as ``file:line: field: message``."""
        ordered = sorted(dict.fromkeys(problems), key=lambda problem: self.line(problem.path))
        return TaxonomyError([f"{self.name}:{self.line(p.path)}: {written(p.path)}: {p.message}" for p in ordered])


def written(path: Path) -> str:
    """A path as it is shown: ``outcomes[3].job``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "file"


def parse(text: str, name: str) -> Source:
    """The values of a YAML text whose top is a mapping.

    Raises:
        TaxonomyError: not YAML, not a mapping, or written with anchors (a small file could unfold without end).
    """
    try:
        _refuse_traps(text, name)
        root = YAML(typ="safe", pure=True).load(text)
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        cause = " ".join(str(error.problem or error.context).split())
        raise _refusal(name, mark.line + 1 if mark else 1, f"not valid YAML: {cause}") from error
    except (YAMLError, ValueError) as error:
        raise _refusal(name, 1, f"not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(root, dict):
        raise _refusal(name, 1, "must have outcomes, segments or products at its top, each with a list under it")
    return Source(name, root, dict(_lines(node, ())))


def described(value: Any) -> str:
    """What kind of value stands in the file, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool | int | float | dt.date):
        kinds = {bool: "a truth value", int: "a number", float: "a number"}
        return f"{value} is {kinds.get(type(value), 'a date')}"
    kinds = {dict: "a mapping of fields", list: "a list", str: "text"}
    return f"it is {kinds.get(type(value), type(value).__name__)}"


def _refusal(name: str, line: int, cause: str) -> TaxonomyError:
    return TaxonomyError([f"{name}:{line}: file: {cause}"])


def _refuse_traps(text: str, name: str) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, AliasEvent):
            raise _refusal(name, line, f"*{event.anchor} refers to an anchor: write its value out instead")
        if depth > MAX_DEPTH:
            raise _refusal(name, line, f"more than {MAX_DEPTH} levels within each other: flatten the file")


def _lines(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1  # a field stands where its name does
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))
