"""The way from a file to a chip on every kind of database."""

from __future__ import annotations

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.models import Base, Outcome, Product, Segment
from insightrepo.scores.acting.choosing import choose
from insightrepo.scores.acting.disagreements import read_disagreements
from insightrepo.scores.acting.landscape import read_landscape
from insightrepo.scores.acting.natures import natures
from insightrepo.scores.acting.portfolio import read_portfolio
from insightrepo.scores.chips import CellWanted, chips, history, show
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import find_wave, freeze, verify_frozen

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")


def survey(name: str, satisfied: int) -> Table:
    """A hundred people, the first `satisfied` of whom are."""
    rows = [(f"{name}{n}", "TRIP-1", "5" if n < satisfied else "2", "5", "parents", "search") for n in range(100)]
    return Table(HEADER, tuple(Row(number, row) for number, row in enumerate(rows, 2)))


def test_import_freeze_verify_and_show(database_url, pseudonyms):
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    with database.writing() as session:
        terms = [Outcome(code="TRIP-1", name="Find a place", job="find"), Segment(code="parents", name="Parents"),
                 Product(code="search", name="Search")]  # fmt: skip
        session.add_all(terms)
    for code, satisfied in (("2025-Q1", 40), ("2025-Q2", 80)):
        import_answers(database, pseudonyms, code, survey(code, satisfied))
        assert import_answers(database, pseudonyms, code, survey(code, satisfied)).already_here == 100
        with database.writing() as session:
            freeze(session, find_wave(session, code), None)
    wanted = CellWanted(*(term.id for term in terms))
    with database.reading() as session:
        assert verify_frozen(session, find_wave(session, "2025-Q1"))
        chip = chips(session, ADA, [wanted, CellWanted(terms[0].id)])[wanted]
        assert (chip.wave, round(chip.value), chip.verdict, chip.previous_wave) == ("2025-Q2", 80, "better", "2025-Q1")
        assert [round(point.value) for point in history(session, ADA, *vars(wanted).values())] == [40, 80]
        assert len(show(session, ADA, "2025-Q1", segment="parents", product="search")) == 3
        choice = choose(session, ADA)
        assert [round(position.opportunity.value) for position in read_landscape(session, ADA, choice).positions] == [
            12
        ]
        assert [cell.product.code for cell in read_portfolio(session, ADA, choice).ranked] == ["search"]
        assert read_disagreements(session, ADA, [terms[0].id]) == {}
        assert natures(session, ADA, terms[0].id)["behaviour"] == ()
    database.close()
