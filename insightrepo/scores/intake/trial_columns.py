"""Which column of a file of trials says what, and whether a row is one try or many tries added up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.names import RESPONDENT_HEADERS, plain_header
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.questionnaires import SUS_ITEMS
from insightrepo.scores.intake.rows import found_columns

RATINGS = ("ease", "difficulty", "confidence", "usefulness")
TASK = ("task", "task code", "task id", "task name", "task number", "scenario")
SEGMENT = ("segment", "segment code", "customer segment", "persona")
DATES = {
    "date": ("date", "day", "tried on", "tested on", "test date", "session date", "timestamp", "month", "quarter"),
    "started": ("started", "start", "started at", "start date", "start time", "begin"),
    "ended": ("ended", "end", "ended at", "end date", "end time", "finished", "finished at"),
}
TRIES = {
    "respondent": (*RESPONDENT_HEADERS.split("|"), "participants", "participant number", "tester", "response id"),
    "task": TASK,
    "attempt": ("attempt", "try", "trial", "run", "attempt number"),
    "completed": ("completed", "success", "completion", "complete", "task success", "task completed", "successful",
                  "passed", "done", "solved"),
    "seconds": ("seconds", "time", "time on task", "task time", "duration", "time seconds", "time s", "secs",
                "time in seconds", "duration seconds", "duration in seconds", "elapsed"),
    "ease": ("ease", "seq", "ease of use", "ease rating", "single ease question", "seq rating", "seq score"),
    "difficulty": ("difficulty", "difficulty rating", "how difficult"),
    "confidence": ("confidence", "confidence rating", "how confident"),
    "usefulness": ("usefulness", "usefulness rating", "useful"),
    "segment": SEGMENT,
    "product": ("product", "product code"),
    **DATES,
}  # fmt: skip
SUMS = {
    "task": TASK,
    "segment": SEGMENT,
    "n": ("n", "tries", "trials", "attempts", "participants", "respondents", "count", "sample", "sample size"),
    "completed": ("completed", "completed n", "completed count", "successes", "completions", "n completed"),
    "share": ("share", "success", "success rate", "completion rate", "completion", "completed share", "share completed",
              "task success", "completed percent", "success percent"),
    "seconds": ("seconds", "mean seconds", "seconds mean", "mean time", "time mean", "average time", "time",
                "mean time on task", "time on task", "average seconds"),
    "geometric_seconds": ("geometric seconds", "geometric mean seconds", "geometric mean", "geometric mean time",
                          "geomean", "geomean seconds", "geo mean seconds", "time geometric mean"),
    "seconds_sd": ("seconds sd", "sd seconds", "time sd", "sd time", "standard deviation of time", "time std"),
    "log_sd": ("log sd", "sd log", "sd of logs", "seconds log sd", "time log sd"),
    "geometric_sd": ("geometric sd", "gsd", "geometric standard deviation"),
    "seconds_n": ("seconds n", "time n", "n time", "n seconds"),
    **{name: (name, f"{name} mean", f"mean {name}", f"average {name}") for name in RATINGS},
    **{f"{name}_sd": (f"{name} sd", f"sd {name}", f"{name} std") for name in RATINGS},
    **{f"{name}_n": (f"{name} n", f"n {name}") for name in RATINGS},
    "date": DATES["date"],
}  # fmt: skip
SUMS["ease"] += ("seq", "seq mean", "mean seq")
SUMS["ease_sd"] += ("seq sd", "sd seq")
POINTS = {"umux_lite_points": ("umux lite points",), "ux_lite_points": ("ux lite points",)}
ITEM = re.compile(
    r"(?P<name>sus|umux ?lite|umux l|umux|ux ?lite) ?(?:q|item|question)? ?0?(?P<number>10|[1-9]|ease|usefulness)"
)
QUESTIONNAIRES = {"sus": SUS_ITEMS, "umux_lite": 2, "ux_lite": 2}
WORDS_OF_ITEMS = {("umux_lite", "usefulness"): "1", ("umux_lite", "ease"): "2",
                  ("ux_lite", "ease"): "1", ("ux_lite", "usefulness"): "2"}  # fmt: skip
TRIES |= POINTS
TRY_FIELDS = (*TRIES, "row", *(f"{name}_{n}" for name, count in QUESTIONNAIRES.items() for n in range(1, count + 1)))
SUM_FIELDS = tuple(SUMS)


@dataclass(frozen=True)
class TrialColumns:
    """The column of each field; `aggregated`: a row holds many tries."""

    fields: Mapping[str, str]
    aggregated: bool

    def segments(self) -> tuple[str, ...]:
        """The fields that hold segments: "segment", and "segment (dimension)" for each further dimension."""
        return tuple(name for name in self.fields if name.split(" ")[0] == "segment")


def trial_columns(
    header: Sequence[str], dimensions: Iterable[str] = (), given: Mapping[str, str] | None = None
) -> TrialColumns:
    """Guess what the columns of a file of trials hold; what is given stands.

    Args:
        dimensions: of the segments: a column that is called like one holds that segment.

    Raises:
        ColumnsUnclear: no column for the task, for who tried (or how many), or for anything measured.
    """
    given = dict(given or {})
    spelled = {plain_header(column) for column in header}
    tells_people = "respondent" in given or "row" in given or bool(spelled & set(TRIES["respondent"][:-4]))
    counts = "n" in given or bool(spelled & {"n", "tries", "trials", "attempts", "sample size", "count"})
    aggregated = counts and not tells_people
    names = SUMS if aggregated else TRIES
    by_dimension = {f"segment ({name})": (plain_header(name),) for name in dimensions}
    known = (*names, *by_dimension, *(TRY_FIELDS if not aggregated else ()))
    if stray := [name for name in given if name not in known]:
        rows = "rows with n" if aggregated else "a row a try"
        raise ColumnsUnclear(
            f"{stray[0]!r} is not a field of trials ({rows}); known are {', '.join(dict.fromkeys(known))}"
        )
    items = {} if aggregated else questionnaire_columns(header)
    columns = found_columns(header, {**names, **by_dimension}, {**items, **given})
    _refuse_missing(columns, aggregated, header)
    return TrialColumns(columns, aggregated)


def questionnaire_columns(header: Iterable[str]) -> dict[str, str]:
    """The columns of the items of SUS, UMUX-Lite and UX-Lite, as "sus_1" to "sus_10", "umux_lite_1" and so on."""
    found: dict[str, str] = {}
    for column in header:
        match = ITEM.fullmatch(plain_header(column))
        if match is None:
            continue
        name = match["name"].replace(" ", "")
        name = "sus" if name == "sus" else "umux_lite" if name.startswith("umux") else "ux_lite"
        number = WORDS_OF_ITEMS.get((name, match["number"]), match["number"])
        if number.isdigit() and int(number) <= QUESTIONNAIRES[name]:
            found.setdefault(f"{name}_{number}", column)
    return found


def _refuse_missing(columns: Mapping[str, str], aggregated: bool, header: Sequence[str]) -> None:
    questionnaire = any(name.rpartition("_")[0] in QUESTIONNAIRES for name in columns)
    measured = {"completed", "share", "seconds", "geometric_seconds", "started", *RATINGS} & columns.keys()
    who = "n" if aggregated else "respondent"
    missing = []
    if "task" not in columns and (measured or not questionnaire):
        missing.append("task")
    if who not in columns and "row" not in columns:
        missing.append(who)
    if not measured and not questionnaire:
        missing.append("completed")
    if missing:
        raise ColumnsUnclear(
            f"no column for {', '.join(missing)} in the header {', '.join(header)}: "
            f"say which it is, on the page or in a mapping file, as in '{missing[0]}: COLUMN'"
        )
