"""What skips in CI for a reason nobody named fails the run. With pytest-xdist the process that counts is the first."""

from __future__ import annotations

import os
import re

import pytest

EXPECTED_SKIP = "expected: "  # a reason that begins so is allowed to skip in CI

_unexpected_skips: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test that skips."""
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that skips as a whole."""
    _note(report)


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not re.sub(r"^Skipped: ", "", reason).startswith(EXPECTED_SKIP):
            _unexpected_skips.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The run fails."""
    if _unexpected_skips:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Each is named with its reason."""
    for line in _unexpected_skips:
        terminalreporter.write_line(f"UNEXPECTED SKIP {line}", red=True)
