"""The sentence that the product exists for: score, task, words. Built from what `why` read, the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insightrepo.library.why.why import MOST, Why
from insightrepo.library.wording import upper_first
from insightrepo.locales import decimal, percent, probability
from insightrepo.scores.beside import SamePeople, TaskMeasure
from insightrepo.scores.computing.movement import Movement
from insightrepo.scores.computing.splitting import PartShown, SplitShown
from insightrepo.scores.interventions import BeforeAfter
from insightrepo.scores.measures import NO_CHANGE, NOT_ENOUGH
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.wording import measure_name, points

ALL = 0.97  # of the change: "all of it"
LITTLE = 0.1  # of the change: a part below takes no part in it
MIXED = 0.25  # of the change, or 2 points: a shift in who answered is worth a sentence
CONTROL = "control over all tests"  # as the glossary calls it
QUOTED = 160  # letters of a quote in the headline


@dataclass(frozen=True)
class Headline:
    """The sentence in its parts; `where`, `mix`, `task` and `beside` are empty where there is nothing to say.

    `beside` is what importance and opportunity of the same cell did, where they really moved.
    """

    what: str
    where: str
    mix: str
    task: str
    words: str
    beside: str = ""

    @property
    def text(self) -> str:
        """All of it as one paragraph."""
        return " ".join(filter(None, (self.what, self.where, self.mix, self.beside, self.task, self.words)))


def headline(found: Why) -> Headline:
    """What moved, where, with which task, and what customers say; nothing is said of what is not real."""
    real = found.movement.is_real
    return Headline(
        what=_what(found),
        where=_where(found) if real else "",
        mix=_mix(found) if real else "",
        task=_task(found) if real else "",
        words=_words(found) if real else "",
        beside=beside_words(found),
    )


def lowered(text: str) -> str:
    """A name as it stands within a sentence."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _what(found: Why) -> str:
    question, movement = found.question, found.movement
    subject = f"satisfaction with “{lowered(question.outcome.job.rstrip('.'))}”"
    whose = " · ".join(chosen.name for chosen in (question.segment, question.product) if chosen)
    subject += f" ({whose})" if whose else ""
    waves = f"between {question.before.code} and {question.after.code}"
    if movement.is_real and movement.change is not None:
        word = "fell" if movement.change < 0 else "rose"
        size = f"{_size(found)} points" if _size(found) != "1" else "1 point"
        moved = f"{upper_first(subject)} {word} {size} {waves}"
        return f"{moved} ({_from_to(movement)}), {movement.verdict} {_control(movement)}."
    if movement.change is not None and movement.verdict == "no evidence of change":
        return f"There is no evidence that {subject} changed {waves} ({_from_to(movement)})."
    because = f": {movement.note}" if movement.note else ""
    return f"There is not enough data to say whether {subject} changed {waves}{because}."


def beside_words(found: Why) -> str:
    """What really moved beside satisfaction: its importance, and its opportunity with what either made of it."""
    said = []
    importance, moved = found.beside.importance, found.beside.opportunity
    if importance is not None and importance.is_real and importance.change is not None:
        word = "fewer" if importance.change < 0 else "more"
        said.append(f"It is important to {word} ({_from_to(importance)}).")
    if moved is not None and moved.movement.is_real:
        change = moved.movement
        word = "rose" if (change.change or 0.0) > 0 else "fell"
        said.append(
            f"Opportunity {word} from {decimal(change.before, 1)} to {decimal(change.after, 1)}, {change.verdict}: "
            f"{points(moved.satisfaction, 1)} by satisfaction, {points(moved.importance, 1)} by importance."
        )
    return " ".join(said)


def _control(movement: Movement) -> str:
    if movement.controlled:
        return f"after {CONTROL}"
    return "in a test of its own: the waves do not follow each other, so it is not controlled for what else was tested"


def _from_to(movement: Movement) -> str:
    decimals = _decimals(movement)
    return f"{percent(movement.before, decimals)} → {percent(movement.after, decimals)}"


def _decimals(movement: Movement) -> int:
    """0 where the rounded values differ by the rounded change, else 1: nobody should find an error by subtracting."""
    before, after, change = movement.before or 0.0, movement.after or 0.0, movement.change or 0.0
    return 0 if round(after) - round(before) == round(change) else 1


def _size(found: Why) -> str:
    return decimal(abs(found.movement.change or 0.0), _decimals(found.movement))


def _where(found: Why) -> str:
    """In which segment or product: the one whose own score really moved and that makes up most of it, else who shares
    in it and who does not.
    """
    splits = [split for split in found.splits if len(split.parts) > 1]
    for split in splits:
        named = _moving(found, split)
        if named and _share(found, named[0]) >= MOST:
            where = "among" if split.axis == "segment" else "in"
            much = "All" if ALL <= _share(found, named[0]) <= 2 - ALL else "Most"
            return f"{much} of it is {where} {lowered(named[0].name)} ({_of(found, named[0])}){_also(found, split)}."
    for split in splits:
        named = _moving(found, split)
        if named:
            return (
                f"It shows {'among' if split.axis == 'segment' else 'in'} {_list(found, named)}{_also(found, split)}."
            )
    return _shared(found, splits[0]) if splits else ""


def _also(found: Why, split: SplitShown) -> str:
    """The parts that moved the same way and would count alone: nobody should believe that only the named one moved."""
    direction = found.movement.direction
    parts = [
        part for part in _with_verdict(found, split, NO_CHANGE)
        if part.score is not None and part.score.no_arrow and (part.score.change or 0.0) * direction > 0
    ]  # fmt: skip
    if not parts:
        return ""
    word = "fell" if direction < 0 else "rose"
    return f"; it {word} too for {_list(found, parts)}, beyond chance alone but not among all comparisons"


def _moving(found: Why, split: SplitShown) -> list[PartShown]:
    """The parts whose own score moved as the whole did, the largest first."""
    return _with_verdict(found, split, found.movement.verdict)


def _with_verdict(found: Why, split: SplitShown, verdict: str) -> list[PartShown]:
    """The parts whose own score has this verdict between the two waves."""
    waves = found.question.before.code, found.question.after.code
    return [
        part for part in split.parts
        if part.score is not None and (part.score.previous_wave, part.score.wave) == waves
        and part.score.verdict == verdict
    ]  # fmt: skip


def _share(found: Why, part: PartShown) -> float:
    return part.part.effect / (found.movement.change or 1.0)


def _of(found: Why, part: PartShown) -> str:
    decimals = _decimals(found.movement)
    return f"{points(part.part.effect, decimals)} of {points(found.movement.change or 0.0, decimals)}"


def _list(found: Why, parts: Sequence[PartShown]) -> str:
    decimals = _decimals(found.movement)
    return _and([f"{lowered(part.name)} ({points(part.part.effect, decimals)})" for part in parts])


def _shared(found: Why, split: SplitShown) -> str:
    parts = [part for part in split.parts if part.code is not None]
    sharing = [part for part in parts if _share(found, part) >= LITTLE]
    apart = [part for part in parts if _share(found, part) < LITTLE]
    if not sharing:
        return ""
    waves = found.question.before.code, found.question.after.code
    judged = any(part.score is not None and (part.score.previous_wave, part.score.wave) == waves for part in sharing)
    kind = "segment" if split.axis == "segment" else "product"
    text = f"{upper_first(_list(found, sharing))} share in it, though no one {kind} really moved by itself"
    if len(sharing) == 1:
        text = f"{upper_first(_list(found, sharing))} has the largest part, though it did not really move by itself"
    text += f", not after {CONTROL}" if judged else ": parts are not tested between these waves"
    return text + (f"; not so {_list(found, apart)}." if apart else ".")


def _mix(found: Why) -> str:
    change = abs(found.movement.change or 0.0)
    for split in found.splits:
        if abs(split.split.mix_effect) >= max(MIXED * change, 2.0):
            return f"{points(split.split.mix_effect, 1)} of it is a shift in who answered (by {split.title.lower()})."
    return ""


def _task(found: Why) -> str:
    moving = found.moving_tasks
    if moving:
        among = moving[0].segment is not None and found.question.segment is None
        measures = _and([measure_words(item) for item in moving[0].moving])
        first = f"{'Among them the' if among else 'The'} task “{lowered(moving[0].name)}” goes with it ({measures})"
        more = f", and so does {_and([f'“{lowered(task.name)}”' for task in moving[1:3]])}" if len(moving) > 1 else ""
        return f"{first}{more}{_within(moving[0].same_people)}."
    compared = [task for task in found.tasks if any(m.movement.verdict != NOT_ENOUGH for m in task.measures)]
    if len(compared) == 1:
        return f"The task “{lowered(compared[0].name)}” did not move with it beyond chance."
    if compared:
        return f"None of its {len(compared)} tasks moved with it beyond chance."
    if found.tasks:
        return "Its tasks cannot be compared between these waves."
    if found.tasks_known:
        return "Its tasks were not measured in these waves."
    return "No task is tied to it."


def measure_words(item: TaskMeasure) -> str:
    """A measure of a task from one wave to the other: task success 84% → 61%."""
    before, after = item.movement.before, item.movement.after
    if before is None or after is None:
        return ""
    if item.measure == "success":
        return f"{measure_name(item.measure)} {percent(before)} → {percent(after)}"
    if item.measure == "time":
        return f"time {decimal(before, 0)} s → {decimal(after, 0)} s"
    return f"ease {decimal(before, 1)} of 7 → {decimal(after, 1)} of 7"


def _within(people: SamePeople | None) -> str:
    if people is None or not people.association.excludes_none or people.association.value is None:
        return ""
    found = people.association
    return f"; among the {found.n} people who gave both, {same_people_words(people)}"


def same_people_words(people: SamePeople) -> str:
    """How the two go together within the same people, in words."""
    found = people.association
    if found.value is None:
        return found.note
    how = (
        "those who complete it are more often satisfied"
        if found.value > 0
        else "those who complete it are not more often satisfied"
    )
    if not found.excludes_none:
        how = "completing it and being satisfied do not go together beyond chance"
    rates = ""
    if people.satisfied_if_done is not None and people.satisfied_if_failed is not None:
        rates = f", {percent(people.satisfied_if_done)} against {percent(people.satisfied_if_failed)}"
    return f"{how} (phi {decimal(found.value, 2)}, {decimal(found.low, 2)} to {decimal(found.high, 2)}{rates})"


def _words(found: Why) -> str:
    quotes, after = found.words.quotes, found.question.after.code
    if not quotes:
        return f"In {after} nobody whose words you may see spoke of it."
    said = [quote for quote in quotes if quote.hit.kind == "verbatim"] or quotes
    agreeing = [quote for quote in said if quote.rated == found.movement.direction]  # ill rated where it fell
    first = (agreeing or said)[0]
    who = "Customers say" if first.hit.kind == "verbatim" else "A report says"
    text = f"{who}: “{shortened(first.hit.text)}”"
    if found.words.words:
        grown = _and([f"“{word.text}”" for word in found.words.words[:3]])
        return f"{text} More speak of {grown} than before."
    return text


def shortened(text: str, most: int = QUOTED) -> str:
    """The first sentences of a text that fit, else its first words and an ellipsis."""
    flat = " ".join(text.split())
    if len(flat) <= most:
        return flat
    end = max(flat.rfind(mark, 0, most) for mark in (". ", "! ", "? "))
    return flat[: end + 1] if end > most // 3 else flat[:most].rsplit(" ", 1)[0] + " …"


def intervention_words(item: BeforeAfter) -> str:
    """What the score did from before to after, in a sentence."""
    found = item.movement
    if found is None or item.before is None or item.after is None:
        lacking = [
            words
            for row, words in ((item.before, "no wave ended before it"), (item.after, "no wave began after it yet"))
            if row is None
        ]
        return _and(lacking)
    waves = f"{item.before.wave} → {item.after.wave}"
    if found.change is None or found.before is None:
        return f"{waves}: {found.note or found.verdict}"
    interval = (
        f", {points(found.low, 1)} to {points(found.high, 1)}"
        if found.low is not None and found.high is not None
        else ""
    )
    p = f", p {probability(found.p_value)}" if found.p_value is not None else ""
    return f"{waves}: {_from_to(found)} ({points(found.change, 1)} points{interval}{p}): {found.verdict}"


def caveats(found: Why) -> tuple[str, ...]:
    """What to hold against the page, a sentence each."""
    about_waves = [note for row in (found.before, found.after) if row is not None for note in _of_wave(row)]
    measure = found.question.outcome.lead_measure
    pooled = any(part.code is None for split in found.splits for part in split.parts)
    by_product = any(split.axis == "product" for split in found.splits)
    notes = {
        f"Its lead measure is {measure}; this page is of satisfaction.": measure != "satisfaction",
        "A part shows where the change is, not why; small parts have wide intervals of their own.": found.splits,
        "“Others and not shown” are people in no group, groups too small to show, and groups you may not see.": pooled,
        "With a segment chosen the change is not split by other segments: crossing two could single people "
        "out.": found.question.segment,
        "Who answered for several products counts in each by part.": by_product,
        "A task that goes with a score need not be what moved it; both may follow something else.": found.tasks,
    }
    return (*about_waves, *(note for note, holds in notes.items() if holds))


def _of_wave(row: ScoreRow) -> list[str]:
    notes = []
    if row.provisional:
        notes.append(f"{row.wave} is still open: its figures are provisional.")
    if row.note == "indicative":
        notes.append(f"{row.wave}: fewer than 30 people answered, so its figure is indicative.")
    if row.excluded:
        notes.append(f"{row.wave}: {row.excluded} answers are excluded.")
    if row.value is not None and row.unweighted_value is not None:
        weighted, plain = percent(row.value, 1), percent(row.unweighted_value, 1)
        notes.append(f"{row.wave} is weighted: {weighted}, and {plain} without the weights.")
    return notes


def warnings(found: Why) -> tuple[str, ...]:
    """Where the whole hides its parts: segments that disagree, a split that is
    withheld, and parts that moved although the whole did not."""
    notes = [note for note in (found.disagreement, found.index_withheld, found.split_withheld) if note]
    if found.movement.is_real or found.movement.change is None:
        return tuple(notes)
    for split in found.splits:
        for word in ("better", "worse"):
            named = [part.name for part in _with_verdict(found, split, word)]
            if named and not any(name in found.disagreement for name in named):
                notes.append(f"The whole shows no change, but it is {word} for {_and(named)}.")
    return tuple(notes)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
