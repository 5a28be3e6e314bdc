"""What people of FamilyTrip wrote down: who they are, what happened meanwhile, claims, targets and decisions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from insightrepo.scores.acting.targets import TargetWanted


@dataclass(frozen=True)
class DemoPerson:
    """An account; its password is made by chance and nobody is told it: an administrator sets another."""

    email: str
    name: str
    role: str
    team: str


@dataclass(frozen=True)
class DemoAnnotation:
    """What happened on a day: an outside event or an intervention, and what it is about."""

    kind: str
    first_day: dt.date
    text: str
    about: dict[str, str]


@dataclass(frozen=True)
class DemoInsight:
    """A claim in a study; evidence for and against it is named by a stretch of its words."""

    study: str
    text: str
    outcomes: tuple[str, ...]
    supports: tuple[str, ...]
    contradicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoTarget:
    """What a team aims at in a period, and what came of it so far."""

    asked: TargetWanted  # without its team, product and outcome: their ids are known once they are stored
    team: str
    product: str
    outcome: str
    reached: float | None


@dataclass(frozen=True)
class DemoDecision:
    """What was decided for an outcome: open, decided or dropped, with the reason."""

    outcome: str
    state: str
    day: dt.date
    text: str
    reason: str


PEOPLE = (
    DemoPerson("lena.brandt@familytrip.example", "Lena Brandt", "researcher", "Research"),
    DemoPerson("tom.okafor@familytrip.example", "Tom Okafor", "contributor", "Planner"),
    DemoPerson("ines.moreau@familytrip.example", "Inès Moreau", "contributor", "Bookings"),
    DemoPerson("jonas.weiss@familytrip.example", "Jonas Weiss", "viewer", "On the road"),
    DemoPerson("priya.nair@familytrip.example", "Priya Nair", "viewer", "Journal"),
)
RESEARCHER = PEOPLE[0].email  # owns the studies
ANNOTATIONS = (
    DemoAnnotation("event", dt.date(2025, 12, 20), "Christmas holidays begin in most regions", {}),
    DemoAnnotation(
        "event", dt.date(2026, 1, 26), "Linen and cleaning are part of the first price", {"product": "bookings"}
    ),
    DemoAnnotation(
        "intervention", dt.date(2026, 7, 1), "Maps download by themselves the evening before a trip",
        {"outcome": "FT-09", "product": "maps"},
    ),
    DemoAnnotation(
        "intervention", dt.date(2026, 7, 1),
        "The list of suggested stops grows from three to about twenty, sponsored ones first",
        {"outcome": "FT-01", "product": "planner"},
    ),
    DemoAnnotation("event", dt.date(2026, 8, 1), "Summer holidays in all regions for the first time in years", {}),
)  # fmt: skip
INSIGHTS = (
    DemoInsight(
        "Stops usability test",
        "Parents want a longer list of stops: 8 of 10 asked for more than the three suggestions they saw.",
        ("FT-01",),
        ("Eight of ten said that three suggestions are too few",),
        ("Eleven of fourteen families wrote that they scrolled", "A parent chose one of our three stops in 19 seconds"),
    ),
    DemoInsight(
        "Offline diary study",
        "On the road a long list of stops makes choosing harder: 11 of 14 families put off choosing and took the next "
        "service area. Families with teenagers are the exception.",
        ("FT-01",),
        (
            "Eleven of fourteen families wrote that they scrolled",
            "Twenty places, one hungry child",
            "A parent chose one of our three stops in 19 seconds",
            "With a hungry baby I do not choose between twenty things",
        ),
        ("Eight of ten said that three suggestions are too few", "Stops looked at a plan: 6.8 with the long list"),
    ),
    DemoInsight(
        "Stop list experiment",
        "People who see the long list are more interested in stops: they look at 6.8 a plan, with the short "
        "one at 2.2.",
        ("FT-01",),
        ("Stops looked at a plan: 6.8 with the long list",),
        ("It takes me longer to pick a stop than to make it", "looking is not stopping"),
    ),
    DemoInsight(
        "Teenagers group interviews",
        "What is too long for a parent at the wheel is entertainment in the back seat: 9 of 11 teenagers chose a stop "
        "from the long list this summer.",
        ("FT-01",),
        (
            "Nine of eleven chose a stop from the long list",
            "The list is the new back seat game",
            "All three families with teenagers handed the phone",
        ),
    ),
    DemoInsight(
        "Reception desk interviews",
        "New parents cannot show a confirmation with one hand, no signal and a signed-out app: all 9 could tell of "
        "such an arrival, and 7 of 9 print everything since.",
        ("FT-07",),
        (
            "In eight of nine stories the child was on the arm",
            "Seven of nine print since that day",
            "97 tickets, 49 of them by new parents",
        ),
        ("Boarding passes of all five behind each other",),
    ),
    DemoInsight(
        "Support ticket analysis",
        "Families want to move a stay and are offered to cancel it: 104 of 168 tickets ask for another week, 61 of "
        "these 104 ended in a cancellation.",
        ("FT-06",),
        (
            "104 of the 168 wrote",
            'Offer "move by a week" before "cancel"',
            "The form that moves a stay can be reached only from the host",
        ),
        ("Moving the stay by three days took one form",),
    ),
    DemoInsight(
        "Train journeys field visit",
        "Families choose a train by the number of changes, and our search hid the direct connection in 3 of 6 cases.",
        ("FT-19",),
        ("All six would travel longer to avoid a change", "No change. It costs thirty euros more"),
        ("One change only, in a station with a lift",),
    ),
)
TARGETS = (
    DemoTarget(TargetWanted("Regions with counted beds", dt.date(2026, 1, 1), dt.date(2026, 6, 30), 12),
               "Bookings", "bookings", "FT-05", 19),
    DemoTarget(TargetWanted("Improvements to confirmations", dt.date(2026, 7, 1), dt.date(2026, 12, 31), 4),
               "Bookings", "bookings", "FT-07", 1),
    DemoTarget(TargetWanted("Sponsored places in the list of stops", dt.date(2026, 7, 1), dt.date(2026, 12, 31), 40),
               "Planner", "planner", "FT-01", None),
)  # fmt: skip
DECISIONS = (
    DemoDecision(
        "FT-09", "decided", dt.date(2026, 5, 18),
        "Maps of the next day are loaded by themselves on the evening before.",
        "Half of the families drove into stretches without a map; loading it over night needs nothing of them.",
    ),
    DemoDecision(
        "FT-01", "open", dt.date(2026, 10, 12), "Back to a short list at the wheel, the long one for the back seat?",
        "To be decided once the third quarter is read: most families are worse off, those with teenagers better.",
    ),
)  # fmt: skip
