"""Packs: made, read, commented and signed in the browser, and taken away as Word, PowerPoint and JSON."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from insightrepo.models import PACK_KINDS, Wave
from insightrepo.packs.content import Wanted
from insightrepo.packs.packs import (
    LONGEST,
    PER_PAGE,
    CommentWrong,
    PackMissing,
    PackReading,
    PackSigned,
    comment,
    list_packs,
    make_pack,
    read_pack,
    sign,
)
from insightrepo.packs.parts import Bars, Lines
from insightrepo.packs.periods import LATEST_DAY, PeriodWrong, period_over, period_with, read_period
from insightrepo.packs.schedules import (
    ScheduleMissing,
    add_schedule,
    list_schedules,
    stop_schedule,
    today_of,
)
from insightrepo.packs.sections import in_short, sections
from insightrepo.scores.changes import choices
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.errors import page
from insightrepo.web.figures import Figure
from insightrepo.web.formatting import sentence
from insightrepo.web.request import is_id, reader, session, workspace

blueprint = Blueprint("packs", __name__)
MIME = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "json": "application/json",
}
LONGEST_MONTH = 31  # days
LETTERS = 40  # of a name beside a bar
UNSAFE = re.compile(r"[^A-Za-z0-9]+")
BAR_COLOURS = {"better": "--better", "worse": "--worse", "plain": "--series-1"}


class PackForm(FlaskForm):
    """A pack of a period."""

    kind = SelectField("Kind", choices=[(name, name) for name in PACK_KINDS], default="quarterly")
    period = StringField("Period", [InputRequired("Say which month or quarter, like 2025-Q3."), Length(max=10)])
    product = SelectField("Of", validate_choice=False)
    sensitive = BooleanField("Quote all studies that I may read, not only public and internal ones")


class ScheduleForm(FlaskForm):
    """Packs that are made by themselves."""

    kind = SelectField("Kind", choices=[(name, name) for name in PACK_KINDS], default="monthly")
    product = SelectField("Of", validate_choice=False)
    day = IntegerField(
        "Day of the month after", [InputRequired("Say on which day."), NumberRange(1, LATEST_DAY)], default=5
    )


class CommentForm(FlaskForm):
    """The lead's commentary."""

    commentary = TextAreaField("Commentary", [Length(max=LONGEST)])


class ButtonForm(FlaskForm):
    """A button alone."""


@blueprint.errorhandler(PackMissing)
def missing(_error: PackMissing) -> ResponseReturnValue:
    """What is not there and what may not be seen answer alike."""
    return page(404)


@blueprint.get("/packs")
def packs() -> ResponseReturnValue:
    """The packs that the reader may see, a form for a new one, and the schedules."""
    return _list()


def _list(form: PackForm | None = None, schedule: ScheduleForm | None = None, code: int = 200) -> ResponseReturnValue:
    number = int(text) if is_id(text := request.args.get("page", "1")) else 1
    found, total = list_packs(session(), reader(), number)
    new = form or PackForm(formdata=None, data=_asked())
    by_itself = schedule or ScheduleForm(formdata=None)
    for one in (new, by_itself):
        one.product.choices = _products()
    shown = render_template(
        "packs/list.html", packs=found, page=number, pages=max(1, -(-total // PER_PAGE)), form=new,
        schedule=by_itself, schedules=list_schedules(session(), reader()), button=ButtonForm(),
        may_make=reader().at_least("contributor"),
    )  # fmt: skip
    return shown, code


def _asked() -> dict[str, str]:
    """What the address asks for: the quarter, or for a wave of a month the month, in which a wave ends; else the last
    quarter.
    """
    code = request.args.get("wave")
    wave = session().scalar(select(Wave).where(Wave.code == code)) if code else None
    kind, day = "quarterly", today_of(workspace())
    if wave is not None:
        day = wave.last_day
        kind = "monthly" if (wave.last_day - wave.first_day).days < LONGEST_MONTH else kind
    period = period_with(kind, day) if wave is not None else period_over(kind, day)
    return {"kind": kind, "period": period.code, "product": request.args.get("product", "")}


def _products() -> list[tuple[str, str]]:
    return [("", "the whole"), *((code, name) for code, name in choices(session(), reader()).products)]


@blueprint.post("/packs")
def make() -> ResponseReturnValue:
    """Make a pack and show it."""
    reader().require("contributor")
    form = PackForm()
    if form.validate():
        try:
            period = read_period(str(form.kind.data), str(form.period.data))
            wanted = Wanted(period, form.product.data or None, bool(form.sensitive.data))
            return redirect(url_for("packs.pack", pack_id=make_pack(workspace(), reader(), wanted)))
        except (PeriodWrong, UnknownTerm) as error:
            form.form_errors.append(sentence(error))
    return _list(form=form, code=422)


@blueprint.get("/packs/<id:pack_id>")
def pack(pack_id: int) -> ResponseReturnValue:
    """A pack, to read and to print."""
    return _show(read_pack(session(), reader(), pack_id))


def _show(found: PackReading, form: CommentForm | None = None, code: int = 200) -> ResponseReturnValue:
    shown = render_template(
        "packs/pack.html", pack=found, line=found.line, content=found.content, short=in_short(found.content),
        sections=sections(found.content, found.withheld), figure_of_bars=figure_of_bars,
        figure_of_lines=figure_of_lines, button=ButtonForm(),
        form=form or CommentForm(formdata=None, data={"commentary": found.commentary}),
    )  # fmt: skip
    return shown, code


@blueprint.get("/packs/<id:pack_id>.<kind>")
def export(pack_id: int, kind: str) -> ResponseReturnValue:
    """A pack as a file."""
    if kind not in MIME:
        return page(404)
    found = read_pack(session(), reader(), pack_id)
    name = UNSAFE.sub("-", found.line.title).strip("-").lower() or "pack"
    return send_file(io.BytesIO(file_of(found, kind)), MIME[kind], as_attachment=True, download_name=f"{name}.{kind}")


def file_of(found: PackReading, kind: str) -> bytes:
    """A pack as the bytes of a docx, pptx or json file."""
    if kind == "docx":
        from insightrepo.packs.documents import docx_of  # slow to import

        return docx_of(found)
    if kind == "pptx":
        from insightrepo.packs.slides import pptx_of

        return pptx_of(found)
    from insightrepo.packs.packs import as_json

    return json.dumps(as_json(found), ensure_ascii=False, indent=2).encode()


@blueprint.post("/packs/<id:pack_id>/commentary")
def write_commentary(pack_id: int) -> ResponseReturnValue:
    """Write the commentary."""
    form = CommentForm()
    if form.validate():
        try:
            comment(workspace(), reader(), pack_id, form.commentary.data or "")
        except PackSigned as error:
            return page(409, sentence(error))
        except CommentWrong as error:
            form.form_errors.append(sentence(error))
        else:
            flash("The commentary is kept.", "success")
            return redirect(url_for("packs.pack", pack_id=pack_id))
    return _show(read_pack(session(), reader(), pack_id), form, 422)


@blueprint.post("/packs/<id:pack_id>/sign")
def sign_off(pack_id: int) -> ResponseReturnValue:
    """Sign the pack."""
    try:
        sign(workspace(), reader(), pack_id)
    except PackSigned as error:
        return page(409, sentence(error))
    flash("It is signed: nothing of it changes any more.", "success")
    return redirect(url_for("packs.pack", pack_id=pack_id))


@blueprint.post("/packs/schedules")
def add() -> ResponseReturnValue:
    """Have packs made by themselves."""
    reader().require("contributor")
    form = ScheduleForm()
    if form.validate():
        try:
            add_schedule(workspace(), reader(), str(form.kind.data), form.product.data or None, int(form.day.data or 0))
        except (PeriodWrong, UnknownTerm) as error:
            form.form_errors.append(sentence(error))
        else:
            flash("The schedule is there. Packs are made by “insightrepo packs run --due”.", "success")
            return redirect(url_for("packs.packs"))
    return _list(schedule=form, code=422)


@blueprint.post("/packs/schedules/<id:schedule_id>/stop")
def stop(schedule_id: int) -> ResponseReturnValue:
    """Stop a schedule."""
    reader().require("contributor")
    try:
        stop_schedule(workspace(), reader(), schedule_id)
    except ScheduleMissing:
        return page(404)
    flash("It makes no more packs.", "success")
    return redirect(url_for("packs.packs"))


def figure_of_bars(bars: Bars) -> Figure:
    """Horizontal bars with their intervals, the first on top."""
    lows, highs = [low for low in bars.lows if low is not None], [high for high in bars.highs if high is not None]
    trace: dict[str, Any] = {
        "type": "bar", "orientation": "h", "y": list(bars.categories), "x": list(bars.values),
        "hovertext": list(bars.labels), "hovertemplate": "%{y}: %{hovertext}<extra></extra>",
        "marker": {"color": [BAR_COLOURS[tone] for tone in bars.tones], "opacity": 0.6},  # intervals are seen on it
    }  # fmt: skip
    if len(lows) == len(highs) == len(bars.values):
        trace["error_x"] = {
            "type": "data", "symmetric": False, "color": "--ink", "thickness": 1.5, "width": 4,
            "array": [high - value for high, value in zip(highs, bars.values, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, bars.values, strict=True)],
        }  # fmt: skip
    layout = {
        "showlegend": False, "bargap": 0.45,
        "xaxis": {"title": {"text": bars.series}, "zeroline": True},
        "yaxis": {
            "categoryorder": "array", "categoryarray": list(reversed(bars.categories)), "automargin": True,
            "tickvals": list(bars.categories), "ticktext": [_short(name) for name in bars.categories],
        },
    }  # fmt: skip
    return {"data": [trace], "layout": layout}


def figure_of_lines(lines: Lines) -> Figure:
    """Lines over the waves, from 0 to 100%; a wave without a value leaves a gap."""
    symbols = ("circle", "square", "diamond", "triangle-up")
    data = [
        {
            "type": "scatter", "mode": "lines+markers", "name": name, "x": list(lines.categories), "y": list(values),
            "connectgaps": False, "line": {"color": f"--series-{place % 6 + 1}"},
            "marker": {"color": f"--series-{place % 6 + 1}", "symbol": symbols[place % 4], "size": 9},
            "hovertemplate": "%{x}: %{y:.0f}%",
        }
        for place, (name, values) in enumerate(lines.series)
    ]  # fmt: skip
    return {"data": data, "layout": {"yaxis": {"range": [0, 100], "ticksuffix": "%"}, "xaxis": {"type": "category"}}}


def _short(name: str) -> str:
    """A name as it stands beside a bar; its n is in the table."""
    name = name.rsplit(", n ", 1)[0]
    return name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip() + "…"
