"""The pages of what changed and why, on the planted story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import planted_story
import pytest
from flask.testing import FlaskClient
from populate import PASSWORD

from config import Settings
from insightrepo.accounts.users import add_user
from insightrepo.schema import upgrade
from insightrepo.web import create_app
from insightrepo.workspace import Workspace


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], FlaskClient]]:
    """``signed_in("vera")`` is a client of the viewer; sam sees only families with teenagers."""
    workspace = Workspace(Settings(home=tmp_path_factory.mktemp("why"), embedding_model="hashing"))
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    with workspace.database.writing() as session:
        planted_story.tell(session)
        add_user(session, "vera@example.org", "viewer", PASSWORD)
        add_user(session, "sam@example.org", "viewer", PASSWORD, scopes=("segment:teens",))
    app = create_app(workspace, RATELIMIT_ENABLED=False, WTF_CSRF_ENABLED=False)

    def client_of(name: str) -> FlaskClient:
        client = app.test_client()
        client.post("/sign-in", data={"email": f"{name}@example.org", "password": PASSWORD})
        return client

    yield client_of
    workspace.close()


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    """The words of a page, without tags."""
    response = client.get(path)
    assert response.status_code == status
    return " ".join(re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)).split())


def arrows(client: FlaskClient, path: str) -> list[str]:
    """The words of every arrow on a page."""
    html = client.get(path).get_data(as_text=True)
    found = re.findall(r'class="verdict (?:better|worse)">(.*?)</(?:span|a)>\s', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", words).replace("&nbsp;", " ").split()) for words in found]


def test_a_share_has_one_sign_of_percent(signed_in):
    page = text_of(signed_in("vera"), "/outcomes/STOP/why")
    assert re.search(r"\b50% ", page)
    assert "%%" not in page


def test_the_page_says_score_task_and_words(signed_in):
    page = text_of(signed_in("vera"), "/outcomes/STOP/why")
    assert "fell 18 points between 2025-Q2 and 2025-Q3 (80% → 62%), worse after control" in page
    assert "All of it is among families with school-age children (−18 of −18)." in page
    assert "The task “add a stop on the route” goes with it (task success 84% → 61%)." in page
    assert "plus button" in page
    assert "cause" not in page.lower().replace("because", "")


def test_what_control_means_is_a_link_to_the_glossary(signed_in):
    page = signed_in("vera").get("/outcomes/STOP/why").get_data(as_text=True)
    link = re.search(
        r'worse after <a class="means" href="/glossary#(statistic-control)"[^>]*>control over all tests</a>\.', page
    )
    assert link, "no link"
    assert f'href="#{link[1]}"' in signed_in("vera").get("/glossary").get_data(as_text=True)


def test_only_what_fell_has_an_arrow(signed_in):
    found = arrows(signed_in("vera"), "/outcomes/STOP/why")
    assert all("worse" in words for words in found)
    # the score, the task index, the task, school-age children; the two products; the task in the table of tasks
    assert len(found) == 7
    assert arrows(signed_in("vera"), "/outcomes/COST/why") == []


def test_the_link_keeps_what_was_asked(signed_in):
    html = signed_in("vera").get("/outcomes/stop/why?segment=school").get_data(as_text=True)
    assert 'href="/outcomes/STOP/why?segment=school&amp;to=2025-Q3&amp;from=2025-Q2"' in html


def test_the_explanation_of_a_fall_has_a_true_minus_and_p_with_three_decimals(signed_in):
    client = signed_in("vera")
    [link, *_] = re.findall(r"/scores/\d+/explain", client.get("/changes").text)
    page = text_of(client, link)
    assert re.search(r"change −\d+\.\d \(−\d+\.\d to −\d+\.\d\) points", page)
    assert re.search(r": p ((<|&lt;) 0\.001|0\.\d{3}) ", page)


def test_what_changed_lists_the_outcome_and_the_task_and_counts_the_rest(signed_in):
    client = signed_in("vera")
    page = text_of(client, "/changes")
    assert "task success 84% → 61%" in page
    assert "What changed 2025-Q2 → 2025-Q3" in page
    assert "STOP Find enriching stops, with ease" in page
    assert "T-ADD Add a stop on the route task" in page
    assert "COST" not in page
    assert re.search(r"\d+ with no evidence of change", page)
    assert all("worse" in words for words in arrows(client, "/changes"))


def test_what_changed_can_be_narrowed_and_leads_to_why(signed_in):
    client = signed_in("vera")
    assert "No change is certain." in text_of(client, "/changes?segment=teens")
    html = client.get("/changes?segment=school&measure=satisfaction").get_data(as_text=True)
    assert "/outcomes/STOP/why?to=2025-Q3&amp;segment=school&amp;from=2025-Q2" in html


def test_waves_that_are_not_compared_are_said_and_the_latest_is_shown(signed_in):
    page = text_of(signed_in("vera"), "/changes?from=2025-Q3&to=2025-Q2", 404)
    assert "each wave is compared with the one before it; compared are 2025-Q2 to 2025-Q3" in page


def test_a_reader_sees_no_segment_outside_the_scopes(signed_in):
    page = text_of(signed_in("sam"), "/outcomes/STOP/why")
    assert "school-age" not in page
    assert "others and not shown" in page
    assert "school-age" not in text_of(signed_in("sam"), "/changes")
    text_of(signed_in("sam"), "/outcomes/STOP/why?segment=school", 404)


@pytest.mark.parametrize(
    "path", ["/outcomes/NONE/why", "/outcomes/STOP/why?to=2031-Q1", "/outcomes/STOP/why?segment=x"]
)
def test_what_is_not_there_is_not_found(signed_in, path):
    assert signed_in("vera").get(path).status_code == 404


def test_an_arrow_on_a_chip_leads_to_why(signed_in):
    html = signed_in("vera").get("/outcomes").get_data(as_text=True)
    assert (
        'href="/outcomes/STOP/why?to=2025-Q3&amp;from=2025-Q2" title="Why did it move?" class="verdict worse"' in html
    )
    assert "/outcomes/COST/why" not in html


def test_the_outcome_s_page_shows_what_tries_at_its_tasks_gave_and_every_figure_opens(signed_in):
    page = text_of(signed_in("vera"), "/outcomes/STOP")
    said = r"T-ADD Add a stop on the route Planner .*?61% \S+ n&nbsp;120 provisional ▼ &nbsp;2[34] points worse"
    assert re.search(said, page), page
    assert "not tried" in page  # its time
    html = signed_in("vera").get("/outcomes/STOP").get_data(as_text=True)
    assert html.count('href="/scores/') >= 8
    assert 'class="explain"' in signed_in("vera").get("/changes").get_data(as_text=True)
