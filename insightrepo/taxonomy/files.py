"""The taxonomy as a YAML file: read with every mistake named by line and field, written to be read by people."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ingest.rules import KINDS
from insightrepo.taxonomy import schema
from insightrepo.taxonomy.checks import Known, check, nearest
from insightrepo.taxonomy.schema import TaxonomyFile
from insightrepo.taxonomy.source import Problem, TaxonomyError, described, parse

__all__ = ["Known", "TaxonomyError", "dump", "load"]

ENTRIES: dict[str, type[schema.Entry]] = {
    "": TaxonomyFile, "outcomes": schema.OutcomeEntry, "segments": schema.DimensionEntry,
    "members": schema.SegmentEntry, "products": schema.ProductEntry, "children": schema.ProductEntry,
    "tasks": schema.TaskEntry, "rules": schema.RuleEntry,
}  # fmt: skip
ORDER = (
    "code", "dimension", "parent", "name", "job", "success", "category", "stage", "definition", "population", "aliases",
    "segments", "outcomes", "status", "policy", "lead_measure", "meaning", "owner", "steward", "team", *KINDS,
    "distance", "effect", "rules", "tasks", "members", "children",
)  # fmt: skip
USUAL = {"status": "active", "policy": "automatic", "lead_measure": "satisfaction", "meaning": "same"}  # left out
PARTS = ("outcomes", "segments", "products")
LINE_WIDTH = 100
PLAIN = re.compile(r"[^\W\d_][\w ./&'()+%-]*")  # needs no quotes, within brackets neither


def load(text: str, name: str = "taxonomy.yaml", known: Known | None = None) -> TaxonomyFile:
    """Read a taxonomy file. With `known` it may also refer to what the workspace has already (`reading.known`).

    Raises:
        TaxonomyError: with every problem, each as ``name:line: field: what is wrong and what to do``.
    """
    source = parse(text, name)
    problems = check(source, known)
    try:
        file = TaxonomyFile.model_validate(source.root)
    except ValidationError as error:
        problems += [Problem(tuple(found["loc"]), _explained(found)) for found in error.errors()]
    if problems:
        raise source.error(problems)
    return file


def dump(file: TaxonomyFile) -> str:
    """The file as YAML: what is at its default left out, so that the same taxonomy gives the same bytes."""
    yaml = YAML()
    yaml.width = LINE_WIDTH
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_shown(file.model_dump(by_alias=True)), stream)
    return stream.getvalue()


def _explained(found: Mapping[str, Any]) -> str:
    """A pydantic finding in words a user understands."""
    value, context = found["input"], found.get("ctx", {})
    match found["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden" | "invalid_key":
            return _unknown_field(found["loc"])
        case "string_type":
            return f"must be text, but {described(value)}" + _quoting(value)
        case "string_too_short":
            return "is empty: write it, or leave it out where it may be"
        case "string_too_long":
            return f"has {len(value)} characters: use at most {context['max_length']}"
        case "literal_error":
            return f"must be {context['expected']}, not {value!r}"
        case "tuple_type":
            return f"must be a list, but {described(value)}"
        case "model_type" | "model_attributes_type":
            return f"must be a mapping of fields such as 'code: …', but {described(value)}"
        case "value_error":
            return str(context["error"])
    return f"{found['msg'][:1].lower()}{found['msg'][1:]}, not {value!r}"


def _quoting(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else ": put it in quotes"


def _unknown_field(path: tuple[str | int, ...]) -> str:
    container = str(path[-3]) if len(path) >= 3 else ""
    fields = [field.alias or name for name, field in ENTRIES[container].model_fields.items()]
    return f"is not a field here (known are {', '.join(fields)}){nearest(str(path[-1]), fields)}"


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The three parts of a file without what goes without saying."""
    stages = {"stages": _listed(values["stages"])} if values["stages"] else {}
    return stages | {part: [_pruned(entry) for entry in values[part]] for part in PARTS}


def _pruned(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in entry.items() if value not in (None, "", ())}
    kind = next((kind for kind in KINDS if kind in kept), "")
    usual: dict[str, Any] = USUAL.copy()
    if kind:
        usual |= {"effect": schema.usual_effect(kind), "distance": schema.RULE_DISTANCE}
    return {name: _listed(kept[name]) for name in ORDER if name in kept and usual.get(name) != kept[name]}


def _listed(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    if not all(isinstance(item, str) for item in value):
        return [_pruned(item) for item in value]
    words = CommentedSeq(word if PLAIN.fullmatch(word) else DoubleQuotedScalarString(word) for word in value)
    if sum(len(word) + 2 for word in value) < LINE_WIDTH - 40:
        words.fa.set_flow_style()
    return words
