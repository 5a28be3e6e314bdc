"""What the command line says of a score beside its value, and that answers are reported without names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from command_line import ANSWERS

from insightrepo.commands.searching import chip_words
from insightrepo.scores.chips import Chip

Run = Callable[..., Result]
CHIP = Chip(
    measure="satisfaction", value=52.0, unit="percent", better="higher", low=47.4, high=56.6, n=12, segment=None,
    product=None, wave="2025-Q3", provisional=True, verdict="worse", note="indicative", change=-18.0,
    previous_wave="2025-Q2", opportunity=None, fell_back="all segments",
)  # fmt: skip


def test_a_chip_says_that_its_wave_is_open_and_its_cell_a_wider_one() -> None:
    words = "satisfaction 52 percent (47 to 57), n 12, 2025-Q3, provisional, indicative, wider: all segments, worse"
    assert chip_words(CHIP) == words


def test_scores_of_an_open_wave_are_provisional(run: Run, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS + "r90,COST,5,app\n")
    assert run("scores", "import", "2025-Q3", str(tmp_path / "answers.csv")).exit_code == 0
    line = run("scores", "show", "--product", "all", "--outcome", "STOP").stdout
    assert "n 80, provisional, not enough data" in line
    hidden = run("scores", "show", "--product", "all", "--outcome", "COST").stdout
    assert "not enough data, provisional, suppressed" in hidden
    run("scores", "freeze", "2025-Q3")
    assert "provisional" not in run("scores", "show").stdout


def test_refused_answers_are_reported_without_the_names_of_the_workspace_s_list(run: Run, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("Zerlina Quandt\n")
    rows = "r1,Zerlina Quandt,5\nr2,STOP,Zerlina Quandt\nOttokar Brandvold,STOP,Ottokar Brandvold\n"
    (tmp_path / "answers.csv").write_text("respondent,outcome,satisfaction\n" + rows)
    for form in ((), ("--json",)):
        result = run(
            "scores", "import", "2025-Q3", str(tmp_path / "answers.csv"), *form, NAMES_FILE=str(tmp_path / "names.txt")
        )
        assert result.output.count("[name]") >= 3
        assert "Quandt" not in result.output
        assert "Brandvold" not in result.output
