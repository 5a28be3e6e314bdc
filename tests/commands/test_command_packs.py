"""`insightrepo packs`: from making to signing, files, schedules, and what goes wrong in one line."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import ANSWERS, assert_one_line


def scored(run, folder: Path) -> None:
    path = folder / "answers.csv"
    path.write_text(ANSWERS)
    for wave in ("2025-Q2", "2025-Q3"):
        assert run("scores", "import", wave, str(path)).exit_code == 0


def test_a_pack_is_made_commented_signed_verified_and_exported(run, tmp_path):
    scored(run, tmp_path)
    made = json.loads(run("packs", "make", "2025-Q3", "--product", "app", "--json").stdout)
    assert (made["id"], made["state"], made["content"]["product"]["code"]) == (1, "draft", "app")
    said = tmp_path / "said.txt"
    said.write_text("Nothing moved.")
    assert run("packs", "comment", "1", str(said)).exit_code == 0
    signed = run("packs", "sign", "1")
    assert signed.exit_code == 0
    assert_one_line(run("packs", "comment", "1", str(said)), "the pack is signed since")
    assert_one_line(run("packs", "sign", "1"), "the pack is signed since")
    shown = json.loads(run("packs", "show", "1", "--json").stdout)
    assert (shown["commentary"], shown["verified"]) == ("Nothing moved.", True)
    assert shown["sha256"] in signed.stdout
    assert "as it was kept" in run("packs", "verify", "1").stdout
    for name in ("pack.docx", "pack.pptx", "pack.json"):
        assert run("packs", "export", "1", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).stat().st_size > 1000
    assert_one_line(run("packs", "export", "1", str(tmp_path / "pack.pdf")), "end the name in .docx", exit_code=2)
    assert [one["id"] for one in json.loads(run("packs", "list", "--json").stdout)["packs"]] == [1]


def test_what_goes_wrong_is_one_line(run):
    assert_one_line(run("packs", "make", "soon"), "period: a quarterly pack is of a quarter")
    assert_one_line(run("packs", "make", "2025-Q3", "--product", "nothing"), "no product is called 'nothing'")
    for words in (("show", "7"), ("sign", "7"), ("verify", "7"), ("export", "7", "x.docx")):
        assert_one_line(run("packs", *words), "there is no pack 7, or it is not shared with you")
    assert_one_line(run("packs", "schedule", "--stop", "3"), "there is no schedule 3")


def test_a_schedule_is_added_listed_and_stopped_and_a_run_is_repeatable(run):
    [one] = json.loads(run("packs", "schedule", "--kind", "monthly", "--day", "5", "--json").stdout)
    assert (one["kind"], one["day"], one["active"]) == ("monthly", 5, True)
    for _ in range(2):
        assert json.loads(run("packs", "run", "--due", "--json").stdout) == []
    assert "stopped" in run("packs", "schedule", "--stop", "1").stdout
