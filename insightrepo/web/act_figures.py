"""The charts of "Where to act", as data for `templates/_chart.html`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from insightrepo.library.terms.coverage import MATTERS, STRONG, Coverage, Covered
from insightrepo.library.terms.coverage import QUADRANTS as COVERAGE_QUADRANTS
from insightrepo.locales import decimal, percent, signed
from insightrepo.scores.acting.landscape import KINDS, QUADRANTS, Landscape
from insightrepo.scores.acting.portfolio import Cell, Portfolio
from insightrepo.scores.reading import ScoreRow
from insightrepo.web.figures import Cell as HeatCell
from insightrepo.web.figures import Figure, heat, shade

STYLES = (("--series-2", "diamond"), ("--series-1", "square"), ("--series-3", "circle"), ("--series-4", "triangle-up"))
LABELS = 30  # of more marks only those of the first group have their code, and those whose code covers nothing
TICK = 28  # letters of an outcome beside a row of the heat map
ROW = 30  # pixels of a row of the heat map
ARROWS = {"worse": "▼", "better": "▲"}  # of satisfaction, which is better the higher it is
LINE = {"color": "--ink-soft", "width": 1, "dash": "dot"}


@dataclass(frozen=True)
class Mark:
    """A mark of a scatter chart with its interval on each axis (None: it has none there) and what it says.

    `figures`: its values with their names and units. `named`: it has its label however many marks there are.
    """

    label: str
    told: str
    x: float
    y: float
    x_interval: tuple[float, float] | None
    y_interval: tuple[float, float] | None
    figures: str = ""
    named: bool = False


def landscape_figure(found: Landscape, ipa: bool = False) -> Figure:
    """Importance by satisfaction, in percent; by kind, or (`ipa`) by quadrant around the mean."""
    kinds = QUADRANTS if ipa else KINDS
    groups = [
        (kind, [_placed(p) for p in found.positions if (p.quadrant if ipa else p.kind) == kind]) for kind in kinds
    ]
    figure = _scatter(groups, "importance, % for whom it matters", "satisfaction, % who are satisfied")
    figure["layout"]["xaxis"]["range"] = figure["layout"]["yaxis"]["range"] = [-4, 104]
    if ipa and found.centre:
        x, y = found.centre
        figure["layout"]["shapes"] = [_line(x, 0, x, 100), _line(0, y, 100, y)]
    else:  # satisfaction equals importance; opportunity is 10
        figure["layout"]["shapes"] = [_line(0, 0, 100, 100), _line(50, 0, 100, 100)]
    return figure


def coverage_figure(found: Coverage) -> Figure:
    """Strength of evidence, in percent, by opportunity."""
    groups = []
    for quadrant in COVERAGE_QUADRANTS:
        marks = [_covered(c, c.opportunity) for c in found.outcomes if c.quadrant == quadrant and c.opportunity]
        groups.append((quadrant, marks))  # what it means stands over its list; a longer name is cut on a phone
    figure = _scatter(groups, "strength of evidence, 0 to 100", "opportunity, 0 to 20", (100.0, 20.0))
    figure["layout"]["xaxis"]["range"], figure["layout"]["yaxis"]["range"] = [-4, 104], [-0.8, 20.8]
    figure["layout"]["shapes"] = [_line(100 * STRONG, 0, 100 * STRONG, 20), _line(0, MATTERS, 100, MATTERS)]
    return figure


def portfolio_figure(found: Portfolio) -> Figure:
    """Outcomes by product as a heat map, the orange the worse."""
    columns = [product.code for product in found.products]
    rows = [
        one.code for one in found.outcomes
        if any(cell_text(found.cells[one.code, column], found.show) for column in columns)
    ]  # fmt: skip
    cells = [_heat_cell(found.cells[row, column], found.show) for row in rows for column in columns]
    figure = heat(cells, rows, columns)
    names = {outcome.code: outcome.name for outcome in found.outcomes}
    narrow = {"xaxis": dict(figure["layout"]["xaxis"]), "yaxis": dict(figure["layout"]["yaxis"])}
    figure["layout"]["yaxis"] |= {"tickvals": rows, "ticktext": [_tick(row, names[row]) for row in rows]}
    figure["layout"]["xaxis"]["ticktext"] = [_plain(product.name) for product in found.products]
    figure["layout"]["height"] = 60 + ROW * len(rows)
    figure["layout"]["margin"] = {"l": 240, "r": 8, "t": 40, "b": 8}
    figure["layout"]["narrow"] = {**narrow, "margin": {"l": 64, "r": 8, "t": 40, "b": 8}}  # codes alone on a phone
    return figure


def _tick(code: str, name: str) -> str:
    """What stands beside a row: the code and how the outcome begins."""
    begin = name if len(name) <= TICK else name[: TICK - 1].rsplit(" ", 1)[0].rstrip(" ,") + "…"
    return _plain(f"{code} {begin}")


def cell_shade(cell: Cell, show: str) -> int | None:
    """The shade of a cell, 1 worst to 7 best; None without a value."""
    if cell.value is None:
        return None
    if show == "gap":
        return shade(-cell.value, -70, 70)
    return shade(20 - cell.value, 0, 20) if show == "opportunity" else shade(cell.value, 0, 100)


def cell_text(cell: Cell, show: str) -> str:
    """A cell in a few signs: its value; where it has none its tasks, or that it is suppressed; else nothing."""
    if cell.value is not None:
        return {"gap": signed(cell.value), "opportunity": decimal(cell.value, 1)}.get(show) or percent(cell.value)
    if cell.tasks:
        values = [percent(task.score.value) for task in cell.tasks if task.score.value is not None]
        return f"task {', '.join(values)}" if values else ""
    return "too few" if "too few" in cell.words else ""


def _heat_cell(cell: Cell, show: str) -> HeatCell:
    text = cell_text(cell, show)
    interval = (
        f" ({decimal(cell.low, 1)} to {decimal(cell.high, 1)}, n {cell.n})"
        if cell.low is not None and cell.high is not None
        else ""
    )
    told = f"{cell.outcome.code} · {_plain(cell.product.name)}<br>{text or cell.words}{interval}"
    return HeatCell(cell.outcome.code, cell.product.code, cell_shade(cell, show), text, told)


def _placed(position) -> Mark:
    i, s = position.importance, position.satisfaction
    told = f"{position.outcome.code} {position.outcome.name}"
    arrow = ARROWS.get(s.verdict, "")
    figures = f"importance {percent(i.value)}, satisfaction {percent(s.value)}"
    if arrow and s.change is not None:
        figures += f"<br>{arrow} satisfaction {signed(s.change)} points, {s.verdict}"
    label = f"{arrow} {position.outcome.code}".strip()
    return Mark(label, told, i.value, s.value, _interval(i.low, i.high), _interval(s.low, s.high), figures, bool(arrow))


def _covered(covered: Covered, row: ScoreRow) -> Mark:
    told = f"{covered.outcome.code} {covered.outcome.name}"
    strength = 100 * covered.strength.value
    figures = f"strength {decimal(strength, 0)} of 100, opportunity {decimal(row.value, 1)} of 20"
    return Mark(covered.outcome.code, told, strength, row.value or 0.0, None, _interval(row.low, row.high), figures)


def _interval(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _line(x0: float, y0: float, x1: float, y1: float) -> dict:
    return {"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": LINE, "layer": "below"}


def _scatter(
    groups: Iterable[tuple[str, Sequence[Mark]]], x: str, y: str, span: tuple[float, float] = (100.0, 100.0)
) -> Figure:
    groups = list(groups)
    everyone = [mark for _, marks in groups for mark in marks]
    first = {mark.label for mark in (everyone if len(everyone) <= LABELS else groups[0][1])}
    first |= {mark.label for mark in everyone if mark.named}
    places = _label_places(everyone, first, *span)
    data = []
    for (name, marks), (colour, symbol) in zip(groups, STYLES, strict=True):
        if not marks:
            continue
        trace = {
            "type": "scatter", "mode": "markers+text", "name": name,
            "x": [mark.x for mark in marks], "y": [mark.y for mark in marks],
            "text": [mark.label if mark.label in places else "" for mark in marks],
            "textposition": [places.get(mark.label, "top center") for mark in marks],
            "customdata": [f"{_wrapped(mark.told)}<br>{mark.figures}" for mark in marks],
            "hovertemplate": "%{customdata}<extra></extra>",
            "marker": {"color": colour, "symbol": symbol, "size": 11}, "cliponaxis": False,
        }  # fmt: skip
        for axis, intervals in (("x", [m.x_interval for m in marks]), ("y", [m.y_interval for m in marks])):
            if all(intervals):
                trace[f"error_{axis}"] = _bars(trace[axis], intervals, colour)
        data.append(trace)
    return {"data": data, "layout": {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}}


def _label_places(marks: Sequence[Mark], first: Collection[str], width: float, height: float) -> dict[str, str]:
    """Where labels stand beside their marks so that they cover the fewest others; `width` and `height` of the axes.

    Those of `first` have a place whatever they cover; another is left out where it would cover anything.
    """
    shifts = {"top center": (0.0, 0.045), "bottom center": (0.0, -0.045), "middle right": (0.055, 0.0),
              "middle left": (-0.055, 0.0)}  # fmt: skip
    taken = [(mark.x / width, mark.y / height) for mark in marks]
    places: dict[str, str] = {}
    for mark in sorted(marks, key=lambda one: (one.label not in first, -one.y, one.x)):
        at = (mark.x / width, mark.y / height)

        def covers(name: str, at: tuple[float, float] = at) -> int:
            x, y = at[0] + shifts[name][0], at[1] + shifts[name][1]
            return sum(1 for other in taken if other != at and abs(other[0] - x) < 0.07 and abs(other[1] - y) < 0.045)

        place = min(shifts, key=covers)
        if mark.label not in first and covers(place):
            continue
        places[mark.label] = place
        shift = shifts[place]
        taken.append((at[0] + shift[0], at[1] + shift[1]))
    return places


def _bars(values: Sequence[float], intervals: Sequence[tuple[float, float] | None], colour: str) -> dict:
    pairs = [(value, interval) for value, interval in zip(values, intervals, strict=True) if interval]
    return {
        "type": "data", "symmetric": False, "array": [high - value for value, (_, high) in pairs],
        "arrayminus": [value - low for value, (low, _) in pairs], "thickness": 0.75, "width": 0, "color": colour,
    }  # fmt: skip


def _plain(text: str) -> str:
    """The text without angle brackets: Plotly reads some tags."""
    return text.replace("<", "‹").replace(">", "›")


def _wrapped(text: str, width: int = 48) -> str:
    """The text in lines for a hover box."""
    words, lines = _plain(text).split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
