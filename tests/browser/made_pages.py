"""What pages of a single thing need beside the library of tests/web/populate.py: one of everything."""

from __future__ import annotations

import datetime as dt

from populate import Library
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import reader_for
from insightrepo.accounts.invitations import invitation
from insightrepo.library.imports.uploads import Upload
from insightrepo.library.studies.insights import write_insight
from insightrepo.models import Answer, Job, Outcome, QuarantinedRow, Respondent, Target, Team, User, Wave
from insightrepo.packs.content import Wanted
from insightrepo.packs.packs import make_pack
from insightrepo.packs.periods import read_period
from insightrepo.scores.validation import create_validation
from insightrepo.scores.waves.issues import freeze
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave
from insightrepo.workspace import Workspace


def pages_of_one(workspace: Workspace, library: Library) -> dict[str, str]:
    """The address of a page of each thing that is made here, by endpoint, for an administrator."""
    study = library.studies["published"]
    with workspace.database.writing() as session:
        user = session.get_one(User, library.users["administrator"])
        reader = reader_for(session, user)
        instrument = ensure_instrument(session, "Of one candidate", 1, 5)
        opened = ensure_wave(session, "2025-Q4", instrument)
        waiting = QuarantinedRow(wave_id=opened.id, kind="answers", identity="1", file="answers.csv", row=2,
                                 field="satisfaction", cause="9 is outside of 1 to 5",
                                 header=["respondent", "PLAN-01.sat"], values=["r2", "9"])  # fmt: skip
        job = Job(kind="upload", state="cancelling", user_id=user.id,
                  arguments={"paths": ["a.md"], "files": [], "options": {}})  # fmt: skip
        target = Target(name="visits", first_day=dt.date(2025, 1, 1), last_day=dt.date(2025, 3, 31), wanted=12)
        session.add_all([job, target, waiting])
        frozen = ensure_wave(session, "2024-Q4", instrument)
        _answers(session, frozen)
        freeze(session, frozen, user)
        validation = create_validation(session, reader, "Which to keep", "2024-Q4", measure="importance")
        team = session.scalars(select(Team.id)).first()
        welcome = invitation(workspace.master_key, session.get_one(User, library.users["member"]))
        session.flush()
        numbers = {"job": job.id, "target": target.id, "row": waiting.id, "validation": validation.id}
    insight = write_insight(workspace, reader, study, "Families find the shared calendar at once", outcomes=["PLAN-01"])
    pack = make_pack(workspace, reader, Wanted(read_period("quarterly", "2025-Q3")))
    sent = Upload("answers.csv", b"respondent,PLAN-01.sat\nr1,5\n", "2025-Q4 answers")
    token = workspace.uploads.put(reader.user_id, sent)
    return {
        "admin.person": f"/admin/people/{library.users['viewer']}",
        "admin.team": f"/admin/teams/{team}",
        "auth.welcome": f"/welcome/{welcome}",
        "importing.job": f"/import/{numbers['job']}",
        "evidence.evidence": f"/evidence/{insight}",
        "insights.edit": f"/evidence/{insight}/edit",
        "insights.new": f"/studies/{study}/insights/new",
        "measuring.columns": f"/waves/2025-Q4/import/answers/{token}",
        "measuring.quarantine": "/waves/2025-Q4/quarantine",
        "measuring.repair": f"/waves/2025-Q4/quarantine/{numbers['row']}",
        "measuring.start": "/waves/2025-Q4/import",
        "packs.pack": f"/packs/{pack}",
        "targets.target": f"/act/targets/{numbers['target']}",
        "validations.validation": f"/validations/{numbers['validation']}",
        "waves.issue": "/waves/2024-Q4/issues/1",
    }


def _answers(session: Session, wave: Wave) -> None:
    """Forty people on one candidate."""
    candidate = Outcome(code="VAL-1", name="Do VAL-1", job="Do VAL-1", aliases=[], status="candidate")
    people = [Respondent(key=f"{number:064d}") for number in range(40)]
    session.add_all([candidate, *people])
    session.flush()
    session.add_all(
        Answer(wave_id=wave.id, identity=str(place), respondent_id=person.id, outcome_id=candidate.id,
               satisfaction=1 + place % 5, importance=5)
        for place, person in enumerate(people)
    )  # fmt: skip
    session.flush()
