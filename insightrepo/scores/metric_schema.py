"""The catalogue of metrics as a YAML file: what it may say, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, model_validator
from rapidfuzz import process

from insightrepo.taxonomy.schema import Code, Codes, Entry, Name, Text
from insightrepo.taxonomy.source import Problem, described, parse

Kind = Literal["csat", "nps", "ces", "sus", "umux_lite", "ux_lite", "rate", "mean"]
Nature = Literal["behaviour", "opinion"]
Unit = Literal["account", "user", "transaction", "session", "response"]
Level = Literal["relationship", "interaction"]
UNITS: dict[str, str] = {"rate": "percent", "csat": "percent", "mean": ""}  # of the others: points
SCALES: dict[str, tuple[int, int]] = {
    "csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "sus": (0, 100), "umux_lite": (0, 100), "ux_lite": (0, 100),
}  # fmt: skip
QUESTIONNAIRES = ("sus", "umux_lite", "ux_lite")
FIXED = ("nps", *QUESTIONNAIRES)  # kinds whose scale is not for anybody to choose


class MetricEntry(Entry):
    """One metric. A rate must say its numerator and denominator; a mean its unit; the rest follows from the kind."""

    code: Annotated[Code, Field(max_length=30)]
    name: Name
    kind: Kind
    nature: Nature
    unit_of_analysis: Unit
    unit: Annotated[Text, Field(max_length=40)] = ""
    better: Literal["higher", "lower"] = "higher"
    numerator: Text = ""
    denominator: Text = ""
    level: Level | None = None
    scale: tuple[int, int] | None = None
    definition: Text = ""
    when_to_use: Text = ""
    smallest_change: Annotated[float, Field(gt=0)] | None = None
    outcomes: Codes = ()
    owner: Text = ""
    steward: Text = ""
    status: Literal["active", "retired"] = "active"
    successor: Text = ""

    @model_validator(mode="after")
    def _whole(self) -> MetricEntry:
        if self.kind == "rate":
            missing = [name for name in ("numerator", "denominator") if not getattr(self, name)]
            if missing:
                raise ValueError(
                    f"{self.code} is a rate without a {' and a '.join(missing)}: say in words what is counted, and of "
                    "what, as in 'numerator: accounts that shared a trip', 'denominator: accounts with a trip'"
                )
        if self.kind == "mean" and not self.unit:
            raise ValueError(f"{self.code} is a mean without a unit: write 'unit: seconds' or what it is counted in")
        if self.kind in FIXED and self.scale not in (None, SCALES[self.kind]):
            low, high = SCALES[self.kind]
            raise ValueError(f"{self.code}: the scale of {self.kind} is {low} to {high}; leave it out")
        if self.scale and self.scale[0] >= self.scale[1]:
            raise ValueError(f"{self.code}: write the lowest point of the scale first, as in [1, 5]")
        if self.kind != "rate" and self.kind != "mean" and self.nature != "opinion":
            raise ValueError(f"{self.code}: {self.kind} is what people say, so its nature is opinion")
        return self

    def values(self) -> dict[str, Any]:
        """The columns of `Metric` that the entry fills by itself."""
        low, high = self.scale or SCALES.get(self.kind, (None, None))
        names = ("code", "name", "kind", "nature", "unit_of_analysis", "better", "numerator", "denominator", "level",
                 "definition", "when_to_use", "smallest_change", "status")  # fmt: skip
        unit = self.unit or UNITS.get(self.kind, "points")
        return {**{name: getattr(self, name) for name in names}, "unit": unit, "scale_low": low, "scale_high": high}


class MetricsFile(Entry):
    """A catalogue: ``metrics:`` with a list under it."""

    metrics: tuple[MetricEntry, ...] = ()


def load_metrics(text: str, name: str = "metrics.yaml") -> tuple[tuple[MetricEntry, ...], dict[str, int]]:
    """The metrics of a YAML file and the line of each code.

    Raises:
        TaxonomyError: with every problem, each as ``name:line: field: what is wrong and what to do``.
    """
    source = parse(text, name)
    try:
        entries = MetricsFile.model_validate(source.root).metrics
    except ValidationError as error:
        raise source.error([Problem(tuple(found["loc"]), _explained(found)) for found in error.errors()]) from error
    lines = {entry.code: source.line(("metrics", number)) for number, entry in enumerate(entries)}
    if len(lines) < len(entries):
        codes = [entry.code for entry in entries]
        twice = [Problem(("metrics", n), f"{code} is here twice") for n, code in enumerate(codes) if code in codes[:n]]
        raise source.error(twice)
    if not entries:
        raise source.error([Problem((), "holds no metrics: write 'metrics:' and a list under it")])
    return entries, lines


def _explained(found: Mapping[str, Any]) -> str:
    value = found["input"]
    match found["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            fields = MetricEntry.model_fields if len(found["loc"]) > 1 else MetricsFile.model_fields
            near = process.extractOne(str(found["loc"][-1]), list(fields), score_cutoff=60)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"is not a field here{hint} (known are {', '.join(fields)})"
        case "literal_error":
            return f"must be {found['ctx']['expected']}, not {value!r}"
        case "value_error":
            return str(found["ctx"]["error"])
        case "string_type" | "model_type" | "tuple_type":
            return f"cannot be read: {described(value)}"
    return f"{found['msg'][:1].lower()}{found['msg'][1:]}, not {value!r}"


KINDS: tuple[str, ...] = get_args(Kind)
