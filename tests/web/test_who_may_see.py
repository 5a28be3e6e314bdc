"""Every route for every reader: a route that is not in the table below fails the first test."""

from __future__ import annotations

import pytest

UNSCOPED = ("viewer", "contributor", "researcher", "administrator", "owner", "member")
SCOPED = ("scoped-viewer", "scoped-contributor", "scoped-researcher", "scoped-administrator")
EVERYBODY = UNSCOPED + SCOPED
DOWNLOADERS = ("researcher", "administrator", "scoped-researcher", "scoped-administrator")
VOTERS = DOWNLOADERS

# Who sees which study, written out: scopes (WEB only), clearance and state.
SEEN_BY = {
    "published": UNSCOPED,
    "public": UNSCOPED,
    "hostile": UNSCOPED,
    "confidential": ("contributor", "owner", "researcher", "administrator"),
    "personal": ("researcher", "administrator"),
    "draft": ("owner", "member", "administrator"),
    "withdrawn": ("owner", "administrator"),
    "web": EVERYBODY,
}

# Each route: what kind of thing it shows. "open": to strangers too; "list": to all who are signed in, of what they
# see; "edit": to researchers and above, of what they see; "change": what is everybody's, to researchers without
# scopes; "study": of one study; "download" and "vote": of one study, for some roles; "form": changes only one's
# session.
# see; "edit": to researchers and above, of what they see; "study": of one study; "download" and "vote": of one study,
# for some roles; "form": changes only one's session; "wave": changes how is measured, for researchers and above.
# for some roles; "form": changes only one's session; "set": changes what is no study's,
# for researchers and above.
# "mine": what a user notes; tests/web/test_home_page.py walks through who may.
# "admin": for administrators whom no scope limits.
# "comment": on what one sees (tests/web/test_comments.py).
# "import": for contributors and above, of what they sent themselves (tests/web/test_import_pages.py); "facts": of one
# study, for its owner and researchers.
# "pack": a review pack; tests/packs/ walks through who reads, makes, signs and schedules it.
ROUTES = {
    ("static", "GET"): "open",
    ("bootstrap.static", "GET"): "open",
    ("charts.plotly", "GET"): "open",
    ("health.healthz", "GET"): "open",
    ("auth.sign_in", "GET"): "open",
    ("auth.sign_in", "POST"): "open",
    ("auth.sign_out", "POST"): "form",
    ("frame.help_page", "GET"): "list",
    ("frame.style", "GET"): "list",
    ("home.home", "GET"): "list",
    ("home.follow", "POST"): "mine",
    ("decisions.write", "POST"): "mine",
    ("decisions.become", "POST"): "mine",
    ("questions.questions", "GET"): "list",
    ("questions.ask", "POST"): "mine",
    ("questions.answer", "POST"): "mine",
    ("questions.remove", "POST"): "mine",
    ("questions.remove_search", "POST"): "mine",
    ("search.results", "GET"): "list",
    ("search.completions", "GET"): "list",
    ("search.table", "GET"): "list",
    ("search.density", "POST"): "form",
    ("studies.studies", "GET"): "list",
    ("studies.study", "GET"): "study",
    ("studies.document", "GET"): "study",
    ("studies.original", "GET"): "download",
    ("evidence.evidence", "GET"): "study",
    ("hits.around", "GET"): "study",
    ("hits.citation", "GET"): "study",
    ("evidence.tag", "POST"): "vote",
    ("judgements.judgement", "POST"): "judge",
    ("quantities.quantities", "GET"): "list",
    ("quantities.settle_one", "POST"): "settle",
    ("insights.new", "GET"): "write",
    ("insights.write", "POST"): "write",
    ("auth.welcome", "GET"): "open",
    ("auth.welcome", "POST"): "open",
    ("admin.overview", "GET"): "admin",
    ("admin.indexes", "POST"): "admin",
    ("admin.jobs", "GET"): "admin",
    ("admin.settings", "GET"): "admin",
    ("admin.audit", "GET"): "admin",
    ("admin.audit_csv", "GET"): "admin",
    ("admin.adopted", "GET"): "admin",
    ("admin.people", "GET"): "admin",
    ("admin.invite_person", "POST"): "admin",
    ("admin.person", "GET"): "admin",
    ("admin.change", "POST"): "admin",
    ("admin.new_link", "POST"): "admin",
    ("admin.new_team", "POST"): "admin",
    ("admin.team", "GET"): "admin",
    ("admin.team", "POST"): "admin",
    ("inbox.inbox", "GET"): "list",
    ("inbox.write", "POST"): "comment",
    ("inbox.settle", "POST"): "comment",
    ("inbox.remove", "POST"): "comment",
    ("importing.start", "GET"): "import",
    ("importing.send", "POST"): "import",
    ("importing.job", "GET"): "import",
    ("importing.act", "POST"): "import",
    ("importing.progress", "GET"): "import",
    ("importing.refused", "GET"): "import",
    ("study_editing.state", "POST"): "facts",
    ("study_editing.edit", "GET"): "facts",
    ("study_editing.change", "POST"): "facts",
    ("insights.edit", "GET"): "write",
    ("insights.change", "POST"): "write",
    ("insights.step", "POST"): "write",
    ("insights.to_look_at", "GET"): "list",
    ("scores.explain", "GET"): "list",
    ("outcomes.outcomes", "GET"): "list",
    ("outcomes.outcome", "GET"): "list",
    ("taxonomy.products", "GET"): "list",
    ("taxonomy.product", "GET"): "list",
    ("taxonomy.segments", "GET"): "list",
    ("taxonomy.segment", "GET"): "list",
    ("taxonomy.task", "GET"): "list",
    ("outcomes.register", "GET"): "edit",
    ("changes.changes", "GET"): "list",
    ("act.home", "GET"): "list",
    ("act.landscape", "GET"): "list",
    ("act.portfolio", "GET"): "list",
    ("act.journey", "GET"): "list",
    ("act.coverage", "GET"): "list",
    ("act.disagreements", "GET"): "list",
    ("act.sheet", "GET"): "list",
    ("act.embed", "GET"): "list",
    ("downloads.scores", "GET"): "list",
    ("targets.targets", "GET"): "list",
    ("targets.new", "POST"): "set",
    ("targets.report", "POST"): "set",
    ("targets.target", "GET"): "list",
    ("targets.change", "POST"): "set",
    ("targets.remove", "POST"): "set",
    ("targets.focus", "POST"): "set",
    ("changes.why_moved", "GET"): "list",
    ("outcomes.new", "GET"): "edit",
    ("outcomes.create", "POST"): "edit",
    ("outcomes.check", "POST"): "edit",
    ("outcomes.edit", "GET"): "change",
    ("outcomes.change", "POST"): "change",
    ("outcomes.accept", "POST"): "change",
    ("outcomes.status", "GET"): "change",
    ("outcomes.step", "POST"): "change",
    ("outcomes.succession", "GET"): "change",
    ("outcomes.succeed", "POST"): "change",
    ("outcomes.history", "GET"): "list",
    ("outcomes.matrix", "GET"): "list",
    ("outcomes.set_matrix", "POST"): "edit",
    ("validations.validations", "GET"): "list",
    ("validations.create", "POST"): "change",
    ("validations.validation", "GET"): "list",
    ("validations.export", "GET"): "list",
    ("validations.decisions", "POST"): "change",
    ("outcomes.bring_wording_back", "POST"): "change",
    ("measuring.start", "GET"): "measure",
    ("measuring.upload", "POST"): "measure",
    ("measuring.columns", "GET"): "measure",
    ("measuring.columns", "POST"): "measure",
    ("measuring.quarantine", "GET"): "measure",
    ("measuring.download", "GET"): "measure",
    ("measuring.repair", "GET"): "measure",
    ("measuring.repair", "POST"): "measure",
    ("measuring.drop_row", "POST"): "measure",
    ("waves.waves", "GET"): "list",
    ("waves.wave", "GET"): "list",
    ("waves.issue", "GET"): "list",
    ("waves.questionnaire_page", "GET"): "list",
    ("waves.questionnaire_csv", "GET"): "list",
    ("waves.answers_file", "GET"): "list",
    ("waves.new_wave", "GET"): "change",
    ("waves.new_wave", "POST"): "change",
    ("waves.settings", "POST"): "wave",
    ("waves.counts", "POST"): "wave",
    ("waves.exclusions", "POST"): "wave",
    ("waves.remove_exclusion", "POST"): "wave",
    ("waves.freeze_wave", "POST"): "wave",
    ("waves.reissue_wave", "POST"): "wave",
    ("waves.add_annotation", "POST"): "wave",
    ("waves.drop_annotation", "POST"): "wave",
    ("packs.packs", "GET"): "list",
    ("packs.make", "POST"): "pack",
    ("packs.pack", "GET"): "pack",
    ("packs.export", "GET"): "pack",
    ("packs.write_commentary", "POST"): "pack",
    ("packs.sign_off", "POST"): "pack",
    ("packs.add", "POST"): "pack",
    ("packs.stop", "POST"): "pack",
    ("glossary.words", "GET"): "list",
    ("glossary.instrument", "GET"): "list",
    ("glossary.instrument", "POST"): "change",
    ("glossary.kit", "GET"): "list",
    ("glossary.kit_word", "GET"): "list",
    ("glossary.kit_markdown", "GET"): "list",
    ("glossary.kit_results", "GET"): "list",
}
PARTS = {"code": "PLAN-01", "name": "coverage", "kind": "csv"}  # of an address, where it is no number
LISTS = (
    "/",
    "/inbox",
    "/help",
    "/style",
    "/questions",
    "/search",
    "/search?q=calendar",
    "/search?q=calendar&group=study",
    "/search?group=level",
    "/search/table?by=product",
    "/search?state=withdrawn&state=draft",
    "/search/complete?q=study:&at=6",
    "/studies",
    "/outcomes",
    "/products",
    "/products/WEB",
    "/products/APP",
    "/segments",
    "/segments/TODDLER",
    "/outcomes/PLAN-01",
    "/scores/1/explain",
    "/outcomes/PLAN-01/versions",
    "/outcomes/applicability",
    "/validations",
    "/quantities",
    "/insights/look-again",
    "/outcomes/PLAN-01/why",
    "/changes",
    "/waves",
    "/packs",
    "/waves/2025-Q3",
    "/waves/2025-Q3/questionnaire",
    "/glossary",
    "/usability-kit",
    "/act/landscape",
    "/act/portfolio",
    "/act/journey",
    "/act/coverage",
    "/act/disagreements",
    "/act/targets",
    "/act/coverage.csv",
    "/embed/coverage",
    "/scores.csv",
)


def url_of(endpoint: str, library, study: str) -> str:
    """The address of a route for the things of one study."""
    study_id, document_id = library.studies[study], library.documents[study]
    evidence_id = library.evidence[f"{study} 0"]
    return {
        "studies.study": f"/studies/{study_id}",
        "studies.document": f"/studies/{study_id}/documents/{document_id}",
        "studies.original": f"/documents/{document_id}/original",
        "evidence.evidence": f"/evidence/{evidence_id}",
        "hits.around": f"/evidence/{evidence_id}/around",
        "hits.citation": f"/evidence/{evidence_id}/cite",
        "evidence.tag": f"/evidence/{evidence_id}/tags",
        "judgements.judgement": f"/evidence/{evidence_id}/judgement?q=calendar",
    }[endpoint]


def of_kind(kind: str) -> list[str]:
    return sorted({endpoint for (endpoint, _), found in ROUTES.items() if found == kind})


def test_every_route_says_who_may_use_it(app):
    served = {
        (rule.endpoint, method) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert served == set(ROUTES)


@pytest.mark.parametrize("study", SEEN_BY)
@pytest.mark.parametrize("endpoint", of_kind("study"))
def test_a_study_and_what_is_in_it_is_there_for_those_who_may_see_it_and_not_there_for_others(
    visit, library, endpoint, study
):
    answers = {name: visit(name).get(url_of(endpoint, library, study)).status_code for name in EVERYBODY}
    assert answers == {name: 200 if name in SEEN_BY[study] else 404 for name in EVERYBODY}


@pytest.mark.parametrize("study", SEEN_BY)
def test_an_original_is_for_researchers_and_the_owner_of_the_study(visit, library, study):
    def expected(name: str) -> int:
        if name not in SEEN_BY[study]:
            return 404
        owns = name == "owner" and study in ("draft", "withdrawn")
        return 200 if name in DOWNLOADERS or owns else 403

    url = url_of("studies.original", library, study)
    assert {name: visit(name).get(url).status_code for name in EVERYBODY} == {
        name: expected(name) for name in EVERYBODY
    }


@pytest.mark.parametrize("study", SEEN_BY)
def test_a_tag_is_voted_on_by_researchers_on_what_they_see(visit, token, library, study):
    def expected(name: str) -> int:
        if name not in VOTERS:
            return 403
        return 302 if name in SEEN_BY[study] else 404

    def answer(name: str) -> int:
        client = visit(name)
        form = {"csrf_token": token(client), "axis": "outcome", "code": "PLAN-02", "word": "accept"}
        return client.post(url_of("evidence.tag", library, study), data=form).status_code

    assert {name: answer(name) for name in EVERYBODY} == {name: expected(name) for name in EVERYBODY}


@pytest.mark.parametrize("study", SEEN_BY)
def test_a_hit_is_judged_by_everybody_who_sees_it_and_not_there_for_others(visit, token, library, study):
    def answer(name: str) -> int:
        client = visit(name)
        form = {"csrf_token": token(client), "said": "helpful", "rank": "1"}
        return client.post(url_of("judgements.judgement", library, study), data=form).status_code

    answers = {name: answer(name) for name in EVERYBODY}
    assert answers == {name: 302 if name in SEEN_BY[study] else 404 for name in EVERYBODY}


@pytest.mark.parametrize("study", SEEN_BY)
def test_an_insight_is_written_by_contributors_and_above_into_studies_they_may_add_to(visit, token, library, study):
    def expected(name: str) -> tuple[int, int]:
        if name in ("viewer", "scoped-viewer", "member"):
            return 403, 403
        if name not in SEEN_BY[study]:
            return 404, 404
        owns = name == "owner" and study in ("draft", "withdrawn")
        return 200, 302 if name in VOTERS or owns else 403

    def answer(name: str) -> tuple[int, int]:
        client, url = visit(name), f"/studies/{library.studies[study]}/insights"
        form = {"csrf_token": token(client), "text": f"The calendar is read by {name} in {study}"}
        return client.get(f"{url}/new").status_code, client.post(url, data=form).status_code

    assert {name: answer(name) for name in EVERYBODY} == {name: expected(name) for name in EVERYBODY}


@pytest.mark.parametrize("study", SEEN_BY)
def test_the_facts_and_the_state_of_a_study_are_for_its_owner_and_researchers_who_see_it(visit, token, library, study):
    def expected(name: str) -> tuple[int, int, int]:
        if name not in SEEN_BY[study]:
            return 404, 404, 404
        owns = name == "owner" and study in ("draft", "withdrawn")
        return (200, 422, 302) if name in VOTERS or owns else (403, 403, 403)

    def answer(name: str) -> tuple[int, int, int]:
        client, url = visit(name), f"/studies/{library.studies[study]}"
        form = {"csrf_token": token(client), "action": "withdraw", "reason": " "}  # refused for want of a reason
        edit = client.post(f"{url}/edit", data={"csrf_token": form["csrf_token"], "title": " "})
        return (
            client.get(f"{url}/edit").status_code,
            edit.status_code,
            client.post(f"{url}/state", data=form).status_code,
        )

    assert {name: answer(name) for name in EVERYBODY} == {name: expected(name) for name in EVERYBODY}


@pytest.mark.parametrize(("endpoint", "method"), [route for route, kind in ROUTES.items() if kind == "admin"])
def test_administration_is_for_administrators_without_scopes(visit, token, app, endpoint, method):
    with app.test_request_context():
        rule = next(r for r in app.url_map.iter_rules() if r.endpoint == endpoint and method in r.methods)
        _, url = rule.build({name: "9999" for name in rule.arguments})

    def answer(name: str) -> int:
        client = visit(name)
        return client.open(
            url, method=method, data={"csrf_token": token(client)} if method == "POST" else None
        ).status_code

    answers = {name: answer(name) for name in EVERYBODY}
    assert {name for name, code in answers.items() if code == 403} == set(EVERYBODY) - {"administrator"}


@pytest.mark.parametrize("path", ["/import", "/import/999", "/import/999/progress", "/import/999/refused.csv"])
def test_bringing_research_in_is_for_contributors_and_above(visit, path):
    answers = {name: visit(name).get(path).status_code for name in EVERYBODY}
    there = 404 if "999" in path else 200
    assert answers == {name: 403 if name in ("viewer", "scoped-viewer", "member") else there for name in EVERYBODY}


@pytest.mark.parametrize("study", SEEN_BY)
def test_an_insight_is_changed_by_researchers_and_the_owner_of_its_study(visit, token, filled, library, study):
    from insightrepo.models import Evidence

    with filled.database.writing() as session:
        row = Evidence(study_id=library.studies[study], identity=f"claim {study}", kind="insight", content_hash="x",
                       text="The calendar is hard to find")  # fmt: skip
        session.add(row)
        session.flush()
        insight_id = row.id

    def expected(name: str) -> tuple[int, int, int]:
        if name in ("viewer", "scoped-viewer", "member"):
            return 403, 403, 403
        if name not in SEEN_BY[study]:
            return 404, 404, 404
        owns = name == "owner" and study in ("draft", "withdrawn")
        return (200, 422, 302) if name in VOTERS or owns else (403, 403, 403)

    def answer(name: str) -> tuple[int, int, int]:
        client, url = visit(name), f"/evidence/{insight_id}"
        form = {"csrf_token": token(client), "text": "Short"}
        changed = client.post(f"{url}/edit", data=form).status_code
        step = client.post(f"{url}/step", data={**form, "word": "confirm", "reason": "brief"}).status_code
        return client.get(f"{url}/edit").status_code, changed, step

    assert {name: answer(name) for name in EVERYBODY} == {name: expected(name) for name in EVERYBODY}
    with filled.database.writing() as session:
        session.delete(session.get_one(Evidence, insight_id))


@pytest.mark.parametrize("study", SEEN_BY)
def test_a_number_is_settled_by_researchers_on_what_they_see(visit, token, filled, library, study):
    from insightrepo.models import Quantity

    with filled.database.writing() as session:
        row = Quantity(evidence_id=library.evidence[f"{study} 0"], evidence_revision=1, start=0, end=3, value=1.0,
                       unit="percent", question="of what?", state="questioned")  # fmt: skip
        session.add(row)
        session.flush()
        quantity_id = row.id

    def expected(name: str) -> int:
        if name not in VOTERS:
            return 403
        return 302 if name in SEEN_BY[study] else 404

    def answer(name: str) -> int:
        client = visit(name)
        listed = study != "withdrawn" and name in SEEN_BY[study]  # a withdrawn study's numbers wait for nobody
        assert (f"quantity-{quantity_id}" in client.get("/quantities").text) == listed
        form = {"csrf_token": token(client), "word": "nothing"}  # refused, so that the next one finds it as it was
        code = client.post(f"/quantities/{quantity_id}", data=form).status_code
        if name in VOTERS:
            assert code == 302
            form = {"csrf_token": token(client), "word": "confirm", "unit": "percent"}
            code = client.post(f"/quantities/{quantity_id}", data=form).status_code
            with filled.database.writing() as session:
                session.get_one(Quantity, quantity_id).state = "questioned"
        return code

    assert {name: answer(name) for name in EVERYBODY} == {name: expected(name) for name in EVERYBODY}
    with filled.database.writing() as session:
        session.delete(session.get_one(Quantity, quantity_id))


@pytest.mark.parametrize("path", ["import", "quarantine", "quarantine.csv", "quarantine/1", "import/answers/x"])
def test_bringing_files_in_is_for_researchers_without_scopes(visit, path):
    answers = {name: visit(name).get(f"/waves/NO-SUCH/{path}").status_code for name in EVERYBODY}
    assert answers == {name: 404 if name in CHANGERS else 403 for name in EVERYBODY}


def test_the_review_of_the_register_is_for_those_who_may_change_it(visit):
    answers = {name: visit(name).get("/outcomes/review").status_code for name in EVERYBODY}
    assert answers == {name: 200 if name in VOTERS else 403 for name in EVERYBODY}


CHANGERS = ("researcher", "administrator")
WRITTEN = {  # what is sent where; nothing of it is kept
    "outcomes.create": ("/outcomes/new", {"action": "check", "job": "see"}),
    "outcomes.change": ("/outcomes/PLAN-01/edit", {"action": "check", "job": "see"}),
    "outcomes.accept": ("/outcomes/PLAN-01/warnings", {"warning": "none", "reason": "so"}),
    "outcomes.step": ("/outcomes/PLAN-01/status", {"status": "active"}),
    "outcomes.succeed": ("/outcomes/PLAN-01/succession", {"way": "merge"}),
    "outcomes.set_matrix": ("/outcomes/applicability", {}),
    "waves.new_wave": ("/waves/new", {"code": ""}),
    "validations.create": ("/validations", {"name": "", "wave": "none"}),
    "outcomes.bring_wording_back": ("/outcomes/PLAN-01/versions", {"version": "999"}),
}


@pytest.mark.parametrize(
    "url", ["/outcomes/PLAN-01/edit", "/outcomes/PLAN-01/status", "/outcomes/PLAN-01/succession", "/waves/new"]
)
def test_what_is_everybodys_is_changed_by_researchers_without_scopes_only(visit, url):
    answers = {name: visit(name).get(url).status_code for name in EVERYBODY}
    assert answers == {name: 200 if name in CHANGERS else 403 for name in EVERYBODY}


@pytest.mark.parametrize("endpoint", WRITTEN)
def test_nobody_else_sends_a_change_of_what_is_everybodys(visit, token, endpoint):
    url, form = WRITTEN[endpoint]
    may = VOTERS if endpoint in ("outcomes.create", "outcomes.set_matrix", "validations.create") else CHANGERS

    def answer(name: str) -> int:
        client = visit(name)
        return client.post(url, data={"csrf_token": token(client), **form}).status_code

    answers = {name: answer(name) for name in EVERYBODY}
    assert {name for name in EVERYBODY if answers[name] in (200, 302, 422)} == set(may)
    assert {answers[name] for name in EVERYBODY if name not in may} == {403}


def test_a_statement_is_checked_for_researchers(visit, token):
    def answer(name: str) -> int:
        client = visit(name)
        body = {"code": "", "job": "agree on dates", "success_measure": "", "aliases": ""}
        return client.post("/outcomes/check", json=body, headers={"X-CSRFToken": token(client)}).status_code

    answers = {name: answer(name) for name in EVERYBODY}
    assert answers == {name: 200 if name in VOTERS else 403 for name in EVERYBODY}


@pytest.mark.parametrize(("endpoint", "method"), [route for route, kind in ROUTES.items() if kind == "wave"])
def test_how_is_measured_is_changed_by_researchers_only(visit, token, app, endpoint, method):
    with app.test_request_context():
        rule = next(r for r in app.url_map.iter_rules() if r.endpoint == endpoint and method in r.methods)
        _, url = rule.build({name: "1" if name != "code" else "2025-Q3" for name in rule.arguments})

    def answer(name: str) -> int:
        client = visit(name)
        return client.post(url, data={"csrf_token": token(client)}).status_code

    answers = {name: answer(name) for name in EVERYBODY}
    assert {name for name, status in answers.items() if status == 403} == set(EVERYBODY) - set(VOTERS)
    assert {answers[name] for name in VOTERS} <= {404, 409, 422}  # an empty form, or a wave that is frozen


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_review_is_offered_to_those_who_may_open_it_and_warnings_are_shown_to_them(visit, name):
    may = name in VOTERS
    assert ("/outcomes/review" in visit(name).get("/outcomes").text) == may
    assert ("What this statement could be better at" in visit(name).get("/outcomes/PACK-01").text) == may


def test_targets_are_set_and_reported_by_researchers(visit, token, filled):
    from sqlalchemy import select

    from insightrepo.models import Target

    day = {"first_day": "2025-01-01", "last_day": "2025-03-31"}
    form = {"name": "improvements", "wanted": "12", "team": "0", "product": "0", "outcome": "0", **day}

    def answers(name: str, url: str, form: dict) -> int:
        client = visit(name)
        return client.post(url, data={**form, "csrf_token": token(client)}).status_code

    expected = {name: 302 if name in VOTERS else 403 for name in EVERYBODY}
    assert {name: answers(name, "/act/targets", form) for name in EVERYBODY} == expected
    with filled.database.reading() as session:
        target = session.scalars(select(Target.id)).first()
    url = f"/act/targets/{target}"
    assert {name: answers(name, url, {"reached": "19"}) for name in EVERYBODY} == expected
    assert answers("researcher", "/act/targets/99999", {"reached": "19"}) == 404
    assert "19 of 12 targeted (158%), 58% over" in visit("viewer").get("/act/targets").text
    changed = {**form, "wanted": "15"}
    assert {name: answers(name, f"{url}/edit", changed) for name in EVERYBODY} == expected
    focus = {"team": "Nobody", "outcomes": "PLAN-01"}
    assert {name: answers(name, "/act/targets/focus", focus) for name in EVERYBODY} == expected
    history = visit("viewer").get(url).text
    assert ("12 targeted, nothing reported yet" in history, "Remove the target" in history) == (True, False)
    refused = {
        name: answers(name, f"{url}/remove", {"reason": "set twice"}) for name in EVERYBODY if name not in VOTERS
    }
    assert set(refused.values()) == {403}
    assert answers("researcher", f"{url}/remove", {"reason": "set twice"}) == 302
    assert visit("viewer").get(url).status_code == 200
    assert f'id="target-{target}"' not in visit("viewer").get("/act/targets").text


@pytest.mark.parametrize("url", LISTS)
@pytest.mark.parametrize("name", EVERYBODY)
def test_no_list_names_or_quotes_a_study_that_the_reader_may_not_see(visit, library, name, url):
    page = visit(name).get(url)
    assert page.status_code == 200
    for study in SEEN_BY:
        if name not in SEEN_BY[study]:
            assert f"/studies/{library.studies[study]}" not in page.text
            assert f"({study})" not in page.text


@pytest.mark.parametrize(("endpoint", "method"), [route for route, kind in ROUTES.items() if kind != "open"])
def test_a_stranger_is_sent_to_sign_in_from_every_page_that_is_not_open(visit, library, app, endpoint, method):
    with app.test_request_context():
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        _, url = rule.build({name: PARTS.get(name, "1") for name in rule.arguments})
    answer = visit(None).open(url, method=method)
    if method == "GET":
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in")
    else:  # a stranger has no form token either
        assert answer.status_code in (302, 400)


@pytest.mark.parametrize(
    "url",
    [
        "/studies/999999",
        "/studies/1/documents/999999",
        "/evidence/999999",
        "/outcomes/NO-SUCH",
        "/documents/999999/original",
        "/nothing",
        "/studies/99999999999999999999",
    ],
)
def test_what_does_not_exist_answers_as_what_may_not_be_seen(visit, library, url):
    hidden = visit("viewer").get(f"/studies/{library.studies['personal']}")
    missing = visit("viewer").get(url)
    assert (missing.status_code, missing.text) == (404, hidden.text) if "sign-out" not in missing.text else True
    assert missing.status_code == 404


def test_a_document_is_not_served_under_another_study(visit, library):
    url = f"/studies/{library.studies['public']}/documents/{library.documents['personal']}"
    assert visit("administrator").get(url).status_code == 404


def test_a_user_who_was_switched_off_is_out_at_once(visit, filled, library):
    from insightrepo.accounts.users import add_user
    from insightrepo.models import User

    with filled.database.writing() as session:
        library.users["leaver"] = add_user(session, "leaver@example.org", "viewer", "a long enough password").id
    client = visit("leaver")
    assert client.get("/studies").status_code == 200
    with filled.database.writing() as session:
        session.get(User, library.users["leaver"]).active = False
    assert client.get("/studies").status_code == 302


def test_an_outcome_of_a_team_is_there_for_its_members_and_administrators_only(visit, token, filled, library):
    from sqlalchemy import select

    from insightrepo.models import Outcome, Tag, User

    evidence_id = library.evidence["published 0"]
    with filled.database.writing() as session:
        team = session.get(User, library.users["member"]).teams[0]
        if not session.scalar(select(Outcome.id).where(Outcome.code == "TEAM-01")):
            session.add(Outcome(code="TEAM-01", name="Hide from others", job="hide", team_id=team.id))
        session.flush()
        term_id = session.scalar(select(Outcome.id).where(Outcome.code == "TEAM-01"))
        session.merge(Tag(evidence_id=evidence_id, term_id=term_id, state="accepted", origin="person"))
    pages = ("/outcomes", f"/evidence/{evidence_id}", f"/studies/{library.studies['published']}")
    assert "TEAM-01" in visit("administrator").get("/outcomes/review").text
    assert "TEAM-01" not in visit("researcher").get("/outcomes/review").text
    for name in UNSCOPED:
        member = name in ("administrator", *_members(filled, library))
        assert visit(name).get("/outcomes/TEAM-01").status_code == (200 if member else 404)
        for url in pages:
            assert ("TEAM-01" in visit(name).get(url).text) == member, (name, url)
    client = visit("researcher")
    form = {"csrf_token": token(client), "axis": "outcome", "code": "TEAM-01", "word": "accept"}
    answer = client.post(f"/evidence/{evidence_id}/tags", data=form)
    assert answer.status_code == 422
    assert "Hide from others" not in answer.text


def _members(filled, library) -> list[str]:
    from insightrepo.models import User

    with filled.database.reading() as session:
        team = session.get(User, library.users["member"]).teams[0].id
        return [
            name for name, number in library.users.items() if team in {t.id for t in session.get(User, number).teams}
        ]
