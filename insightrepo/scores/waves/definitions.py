"""What of a wave's definition a reader is shown: what says how its scores are computed, not whom it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from insightrepo.accounts.access import Reader

SHOWN = (
    "code_version",
    "scale",
    "best",
    "top_box",
    "counted",
    "interval",
    "bands",
    "smallest_change",
    "alpha",
    "alpha_of_all",
    "tests",
    "compared_with",
    "weighting",
)
# A hidden segment's people follow from its weight, and from what all weights together cost.
OF_WEIGHTS = ("lowest", "highest", "capped", "unplaced", "n_eff", "deff")


def definition_for(reader: Reader, definition: Mapping[str, Any] | None) -> dict[str, Any]:
    """The definition as far as it is the reader's: all segments it names are for administrators. What tells a weight
    is left to `explaining`, which knows whether a segment is hidden.
    """
    whole = dict(definition or {})
    if whole.get("weighting"):
        whole["weighting"] = {name: said for name, said in whole["weighting"].items() if name not in OF_WEIGHTS}
    if reader.at_least("administrator"):
        return whole
    shown = {name: whole[name] for name in SHOWN if name in whole}
    if shown.get("weighting"):
        shown["weighting"] = weighting_for(reader, whole)
    return shown


def weighting_for(reader: Reader, definition: Mapping[str, Any]) -> dict[str, Any]:
    """How a wave is weighted (empty: not at all); the populations of all segments are for administrators."""
    weighting = dict(definition.get("weighting") or {})
    if not reader.at_least("administrator"):
        weighting.pop("populations", None)
    return weighting
