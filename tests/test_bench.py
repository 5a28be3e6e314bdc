"""The bench runs from end to end on a few hundred documents, so that it does not rot. No figure is looked at."""

from __future__ import annotations

import math
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch):
    """The module `run` of the bench; its steps run in this process: starting a Python for each takes half a minute."""
    monkeypatch.syspath_prepend(str(BENCH / "peers"))
    monkeypatch.syspath_prepend(str(BENCH))
    import run

    def in_this_process(command: list[str], seconds: float | None = None, environment: Mapping[str, str] | None = None):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", command[1:])
            runpy.run_path(command[1], run_name="__main__")

    monkeypatch.setattr(run, "run_command", in_this_process)
    return run


def call(bench, monkeypatch: pytest.MonkeyPatch, home: Path, *options: str) -> str:
    """Run the bench on 300 documents; the report."""
    small = ("--sizes=300", "--queries=2", "--runs=1", "--times=2", "--model=hashing", "--packages=flask")
    monkeypatch.setattr(sys, "argv", ["run.py", *small, f"--home={home}", f"--out={home / 'bench.md'}", *options])
    bench.main()
    return (home / "bench.md").read_text(encoding="utf-8")


def cells(report: str) -> list[str]:
    """The cells of all tables but for their headers' rules."""
    lines = [line for line in report.splitlines() if line.startswith("| ") and "---" not in line]
    return [cell.strip() for line in lines for cell in line.strip("|").split("|")]


@pytest.fixture
def report(bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The report of a bench with the peers that need no installing and one that is not installed."""
    options = "--engines=whoosh", "--peers=fts5,whoosh,milvus", "--peers-python=/no/such/python"
    return call(bench, monkeypatch, tmp_path, *options)


def test_the_bench_prints_every_table_with_finite_figures(report: str):
    titles = re.findall(r"^##+ (.+)$", report, re.MULTILINE)
    assert [title.split(",")[0] for title in titles] == [
        "300 pieces of evidence", "The issue's table", "Indexes and memory", "Latency with whoosh",
        "Time to visibility", "Side by side", "Side by side",
        titles[-1].split(",")[0],
    ]  # fmt: skip
    assert re.match(r"nDCG@10: \d+ summary lines to \d+ docstrings", titles[-1])
    figures = [float(figure.replace(",", "")) for cell in cells(report) for figure in re.findall(r"\d[\d.,]*\b", cell)]
    assert len(figures) > 100
    assert all(map(math.isfinite, figures))
    assert not re.search(r"\b(nan|inf)\b", report)
    assert "| Milvus Lite | not installed (make bench-peers) |" in report


def test_a_folder_without_texts_is_refused_with_its_name(bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(SystemExit, match=r"BENCH_CORPUS: .* holds no \.jsonl file"):
        call(bench, monkeypatch, tmp_path, f"--corpus={tmp_path}")


def test_shares_of_filters_are_exact(bench):
    import cells

    drawn = cells.facts(1000)
    for name, filters in cells.FILTERS.items():
        fitting = [fact for fact in drawn if all(fact[key] == value for key, value in filters.items())]
        assert len(fitting) == cells.SHARES[name] * 1000


def test_a_repeat_has_its_originals_words_and_nearly_its_vector(bench, tmp_path: Path):
    import bench_corpus
    import numpy as np

    texts = [f"{word} is what the customer said about the thing they could not find" for word in ("one", "two", "six")]
    real = np.linalg.qr(np.random.default_rng(0).standard_normal((64, 3)))[0].T.astype(np.float32)
    bench_corpus.write_corpus(tmp_path, bench_corpus.Originals(texts, real, []), 12)
    documents, vectors = list(bench_corpus.read_documents(tmp_path)), np.load(tmp_path / "vectors.npy")
    assert [document["text"] for document in documents[:3]] == texts
    for row in range(3, 12):
        assert documents[row]["text"] != texts[row % 3]
        assert sorted(documents[row]["text"].split()) == sorted(texts[row % 3].split())
        assert 0.9 < vectors[row] @ real[row % 3] < 0.99
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_steps_are_processes_of_their_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import run

    with pytest.raises(subprocess.CalledProcessError):
        run.run_command([sys.executable, "-c", f"import os, sys; sys.exit(os.getpid() != {os.getpid()})"])
