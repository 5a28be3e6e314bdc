"""Figures as plain data: what `templates/_chart.html` takes. Colours are the stylesheet's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]
SHADES = 7  # of --heat-1 to --heat-7, the fourth in the middle


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map: its place by name, a shade from 1 to 7 (None: no number), what stands in it and is told."""

    row: str
    column: str
    shade: int | None
    text: str
    told: str = ""


def shade(value: float, low: float, high: float) -> int:
    """The shade, 1 to 7, of a value between two ends; beyond them the outermost."""
    place = (value - low) / (high - low) if high > low else 0.5
    return min(SHADES, max(1, 1 + int(place * SHADES)))


def heat(cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str]) -> Figure:
    """A heat map, first row on top. Bars stand for the cells: Plotly's own needs inline style, which we forbid."""
    places = {name: place for place, name in enumerate(columns)}
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [cell.row for cell in cells],
        "base": [places[cell.column] - 0.5 for cell in cells],
        "x": [1] * len(cells),
        "width": 1,
        "text": [cell.text for cell in cells],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "customdata": [cell.told or cell.text for cell in cells],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {
            "color": ["--paper" if cell.shade is None else f"--heat-{cell.shade}" for cell in cells],
            "line": {"color": "--paper", "width": 1},
        },
    }
    layout = {
        "bargap": 0,
        "showlegend": False,
        "xaxis": {
            "tickvals": list(range(len(columns))),
            "ticktext": list(columns),
            "range": [-0.5, len(columns) - 0.5],
            "side": "top",
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {
            "categoryorder": "array",
            "categoryarray": list(reversed(rows)),
            "range": [-0.5, len(rows) - 0.5],
            "showgrid": False,
        },
    }
    return {"data": [trace], "layout": layout}
