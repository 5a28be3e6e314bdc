"""Who answered a wave: composition by segment beside targets and population, response rates, how often the same people.

Counts of people are suppressed as scores are: fewer than five, and what would give those away by subtraction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.locales import grouped, percent
from insightrepo.models import Answer, Membership, Rating, ResponseCount, Score, Segment, Trial, Wave
from insightrepo.scores.computing.computing import lock_wave
from insightrepo.scores.computing.statistics import proportion_interval, two_proportions
from insightrepo.scores.computing.suppression import Cell, sums, suppressed
from insightrepo.scores.measures import SMALLEST_FIRM, SMALLEST_SHOWN
from insightrepo.scores.waves.concerning import resolve

WHOLE: Cell = (None, None)
CONSECUTIVE = 3  # waves that contact frequency looks at
OFTEN = 2  # of these: answered so many or more
TOO_MANY = 0.5  # share of a wave's people who answered often, from which the advice is to rest or refresh the panel
ALPHA = 0.05


class CountsWrong(ValueError):
    """Counts of invited, answered and aimed at that cannot be."""


@dataclass(frozen=True)
class Rate:
    """A share from 0 to 1 of `n` people with its 95% interval; None where it may not be shown or nothing is known."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Stratum:
    """One segment of a wave (code None: everybody). Shares are of those whose segment on the dimension is
    known; None where a segment of it is hidden.

    `n`: people in the data; None: fewer than five or to be protected. `answered` as the source says, else `n`.
    """

    segment: str | None
    name: str
    dimension: str
    n: int | None
    share: float | None
    population: int | None
    population_share: float | None
    target: int | None
    invited: int | None
    answered: int | None
    rate: Rate | None

    @property
    def reached(self) -> float | None:
        """n over target, in percent: 19 of 12 targeted is 158."""
        return 100 * self.n / self.target if self.n is not None and self.target else None


def set_counts(
    session: Session,
    reader: Reader,
    wave: Wave,
    segment: str | None,
    invited: int | None = None,
    answered: int | None = None,
    target: int | None = None,
) -> ResponseCount:
    """Say how many of a segment (None: of all) were invited, answered and aimed at; None: not known.

    Raises:
        Forbidden: the reader is no researcher, or limited and the counts are everybody's.
        WaveFrozen: it is frozen.
        CountsWrong: a count is negative, or more answered than were invited.
        UnknownTerm: no segment of the reader's is called so.
    """
    reader.require("researcher")
    wave = lock_wave(session, wave.id)
    for name, value in (("invited", invited), ("answered", answered), ("target", target)):
        if value is not None and value < 0:
            raise CountsWrong(f"{name} is {value}: a count is 0 or more")
    if invited is not None and answered is not None and answered > invited:
        raise CountsWrong(
            f"{grouped(answered)} answered of {grouped(invited)} invited: no more can answer than were invited"
        )
    segment_id = resolve(session, reader, {"segment": segment}).segment_id
    if segment_id is None:
        reader.require_change_global()
    chosen = (ResponseCount.wave_id == wave.id, ResponseCount.segment_id.is_not_distinct_from(segment_id))
    found = session.scalar(select(ResponseCount).where(*chosen))
    if found is None:
        found = ResponseCount(wave_id=wave.id, segment_id=segment_id)
        session.add(found)
    found.invited, found.answered, found.target = invited, answered, target
    record(session, reader.user_id, "wave.counts", f"wave:{wave.id}", code=wave.code, segment=segment_id,
           invited=invited, answered=answered, target=target)  # fmt: skip
    session.flush()
    return found


def composition(session: Session, reader: Reader, wave: Wave) -> list[Stratum]:
    """Everybody, then each segment by dimension, of those segments that the reader may see."""
    return compositions(session, reader, [wave])[wave.id]


def compositions(session: Session, reader: Reader, waves: Sequence[Wave]) -> dict[int, list[Stratum]]:
    """`composition` of several waves, by wave id, in a handful of queries."""
    ids = [wave.id for wave in waves]
    segments = _segments(session)
    people = _people(session, ids)
    given: dict[int, dict[int | None, ResponseCount]] = defaultdict(dict)
    for row in session.scalars(select(ResponseCount).where(ResponseCount.wave_id.in_(ids))):
        given[row.wave_id][row.segment_id] = row
    return {number: _strata(reader, segments, people[number], given[number]) for number in ids}


def _segments(session: Session) -> dict[int, Segment]:
    query = select(Segment).where(Segment.status != "retired").order_by(Segment.dimension, Segment.id)
    return {segment.id: segment for segment in session.scalars(query)}


def respondents_of(wave_ids: Sequence[int]) -> Select[tuple[int, int]]:
    """Wave and respondent of everybody who answered in these waves, each once; who tried tasks or rated beside a survey
    was not invited to it and counts only in a wave without answers.
    """
    surveyed = select(Answer.wave_id)
    parts = [select(Answer.wave_id, Answer.respondent_id).where(Answer.wave_id.in_(wave_ids))]
    parts += [select(table.wave_id, table.respondent_id).where(table.wave_id.in_(wave_ids),
                                                               table.wave_id.not_in(surveyed))
              for table in (Trial, Rating)]  # fmt: skip
    found = union(*parts).subquery()
    return select(found.c.wave_id, found.c.respondent_id)


def _people(session: Session, wave_ids: Sequence[int]) -> dict[int, dict[int | None, int]]:
    """How many people each wave has, in all (None) and by segment."""
    there = respondents_of(wave_ids).subquery()
    found: dict[int, dict[int | None, int]] = {number: {} for number in wave_ids}
    for wave_id, count in session.execute(select(there.c.wave_id, func.count()).group_by(there.c.wave_id)):
        found[wave_id][None] = count
    inside = (Membership.wave_id == there.c.wave_id) & (Membership.respondent_id == there.c.respondent_id)
    query = select(there.c.wave_id, Membership.segment_id, func.count()).join(Membership, inside)
    for wave_id, segment_id, count in session.execute(query.group_by(there.c.wave_id, Membership.segment_id)):
        found[wave_id][segment_id] = count
    return found


def _strata(
    reader: Reader, segments: Mapping[int, Segment], people: Mapping[int | None, int],
    given: Mapping[int | None, ResponseCount],
) -> list[Stratum]:  # fmt: skip
    hidden = _hidden_beside(segments, people, given)
    used = {segments[number].dimension for number in (*people, *given) if number in segments}
    strata = [_stratum(None, people.get(None), given.get(None), None in hidden, None, None)]
    for dimension, some in _by_dimension(segments).items():
        if dimension not in used:
            continue
        total = sum(people.get(segment.id, 0) for segment in some)
        is_whole = all(segment.id not in hidden for segment in some)  # else a share would give the hidden count away
        known = all(segment.population for segment in some)
        population = sum(segment.population or 0 for segment in some) if known else None
        for segment in (one for one in some if reader.sees_cell(one.id, None) and reader.sees_term(one)):
            count, is_hidden = people.get(segment.id, 0 if total else None), segment.id in hidden
            shared = total if is_whole else None
            strata.append(_stratum(segment, count, given.get(segment.id), is_hidden, shared, population))
    return strata


def _hidden_beside(
    segments: Mapping[int, Segment], people: Mapping[int | None, int], given: Mapping[int | None, ResponseCount]
) -> set[int | None]:
    """As `_hidden`, of the people in the data and of those that the source says answered."""
    said = {number: row.answered for number, row in given.items() if row.answered is not None}
    return _hidden(segments, people) | _hidden(segments, {**people, **said})


def dimensions_hiding(session: Session, wave: Wave) -> set[str]:
    """The dimensions of which a segment's people, or one of its scores, may not be shown in a wave."""
    segments = _segments(session)
    given = session.scalars(select(ResponseCount).where(ResponseCount.wave_id == wave.id))
    hidden = _hidden_beside(segments, _people(session, [wave.id])[wave.id], {row.segment_id: row for row in given})
    query = select(Segment.dimension).join(Score, Score.segment_id == Segment.id)
    of_scores = session.scalars(query.where(Score.wave_id == wave.id, Score.note == "suppressed").distinct())
    return {segments[number].dimension for number in hidden if number in segments} | set(of_scores)


def _by_dimension(segments: Mapping[int, Segment]) -> dict[str, list[Segment]]:
    found: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments.values():
        found[segment.dimension].append(segment)
    return found


def _hidden(segments: Mapping[int, Segment], people: Mapping[int | None, int]) -> set[int | None]:
    """The segments (None: all) whose count of people may not be shown."""
    sizes: dict[Cell, int] = {
        (number, None): count for number, count in people.items() if number is None or number in segments
    }
    if WHOLE not in sizes:
        return {number for number, count in people.items() if count < SMALLEST_SHOWN}
    dimensions = {number: segment.dimension for number, segment in segments.items()}
    return {segment for segment, _ in suppressed(sizes, sums(sizes, dimensions, {}))}


def _stratum(
    segment: Segment | None, n: int | None, given: ResponseCount | None, hidden: bool, total: int | None,
    population: int | None,
) -> Stratum:  # fmt: skip
    invited, said = (given.invited, given.answered) if given else (None, None)
    n, answered = (None, None) if hidden else (n, n if said is None else said)
    rate = _rate(answered, invited) if answered is not None and invited and answered <= invited else None
    return Stratum(
        segment=segment.code if segment else None, name=segment.name if segment else "Everybody",
        dimension=segment.dimension if segment else "", n=n, share=n / total if n is not None and total else None,
        population=segment.population if segment else None,
        population_share=segment.population / population if segment and segment.population and population else None,
        target=given.target if given else None, invited=invited, answered=answered, rate=rate,
    )  # fmt: skip


def _rate(part: int, n: int) -> Rate:
    low, high = proportion_interval(part, n)
    return Rate(part / n, float(low), float(high), n)


@dataclass(frozen=True)
class Contacts:
    """How many of a wave's people answered two or more of the last three waves (itself and two before)."""

    wave: str
    waves: tuple[str, ...]  # that were looked at, the latest first
    often: Rate | None  # None: fewer than five people, or no wave before
    advice: str


def contacts(session: Session, waves: Sequence[Wave]) -> dict[int, Contacts]:
    """Contact frequency by wave id, for waves in time. Only who answered is known, not who was invited in vain."""
    people: dict[int, set[int]] = defaultdict(set)
    for wave_id, respondent_id in session.execute(respondents_of([wave.id for wave in waves])):
        people[wave_id].add(respondent_id)
    found = {}
    for place, wave in enumerate(waves):
        recent = waves[max(0, place - CONSECUTIVE + 1) : place + 1]
        found[wave.id] = _contacts(wave, recent[::-1], people)
    return found


def _contacts(wave: Wave, recent: Sequence[Wave], people: Mapping[int, set[int]]) -> Contacts:
    codes, here = tuple(one.code for one in recent), people.get(wave.id, set())
    often = sum(sum(person in people.get(one.id, set()) for one in recent) >= OFTEN for person in here)
    if len(recent) < OFTEN or len(here) < SMALLEST_SHOWN or 0 < often < SMALLEST_SHOWN:
        return Contacts(wave.code, codes, None, "")
    rate = _rate(often, len(here))
    advice = "rest these people or refresh the panel" if rate.low > TOO_MANY else ""
    return Contacts(wave.code, codes, rate, advice)


def falling(rates: Sequence[Rate | None]) -> str:
    """What to say of response rates in time: whether the last fell against the one before; empty: nothing to say.

    A fall counts where the N-1 test of two proportions gives p below 0.05 and both had 30 people or more.
    """
    known = [rate for rate in rates if rate is not None]
    if len(known) < 2 or min(known[-1].n, known[-2].n) < SMALLEST_FIRM:
        return ""
    before, now = known[-2:]
    test = two_proportions(now.value * now.n, now.n, before.value * before.n, before.n)
    if test.p_value >= ALPHA or now.value >= before.value:
        return ""
    rates = f"from {percent(100 * before.value)} to {percent(100 * now.value)}"
    return f"fell {rates}: invite less often, or ask fewer questions"
