"""The texts and vectors that a bench run is made of, in files that the product and the peers read alike.

A corpus folder holds ``docs.jsonl`` (id from 1, text, tokens, kind, size, product, suite, region) and ``vectors.npy``
(float32, row id - 1). The first texts are real ones, each embedded once; from then on a text is a repeat: the
original's words shuffled, its vector with seeded noise.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import docstring_corpus
from cells import SEED, facts

from indexes.analyzer import Analyzer
from indexes.embedder import embed_cached, prepare
from indexes.evaluation import read_corpus
from ingest.duplicates import content_hash
from insightrepo.database import Database
from insightrepo.library.indexing.vectors import DatabaseVectors
from insightrepo.models import Base, Embedding

NOISE = 0.33  # length of what is added to a repeat's vector of length 1: its cosine with the original is about .95
CHUNK = 10_000
THREADS = 2  # of the embedding model, as the product's default is


@dataclass(frozen=True)
class Originals:
    """Real texts with their vectors (float32, a row each) and the questions that belong to them, if any."""

    texts: list[str]
    vectors: np.ndarray
    questions: list[str]


def source_texts(given: str, packages: Sequence[str], cache: Path) -> list[str]:
    """The texts of the folder `given` (its ``*.jsonl``, an object with id and text a line), in an order of their own.

    Without one: the paragraphs of the docstrings of `packages`, kept in `cache`.

    Raises:
        Malformed: a line is wrong; the message names file and line.
        SystemExit: the folder holds no such file.
    """
    if not given:
        return _docstring_paragraphs(packages, cache)
    paths = sorted(Path(given).glob("*.jsonl"))
    if not paths:
        sys.exit(f"BENCH_CORPUS: {given} holds no .jsonl file; write an object with id and text a line")
    texts = dict.fromkeys(" ".join(item.text.split()) for path in paths for item in read_corpus(path))
    kept = [text for text in texts if text]
    random.Random(SEED).shuffle(kept)
    return kept


def _docstring_paragraphs(packages: Sequence[str], cache: Path) -> list[str]:
    path = cache / f"paragraphs-{docstring_corpus.digest(packages)[:8]}.json"
    if not path.exists():
        path.write_text(json.dumps(docstring_corpus.paragraphs(packages)), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def embedded(texts: Sequence[str], model: str, cache: Path) -> np.ndarray:
    """The vectors of texts by the product's embedder, float32; those embedded before are taken from `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    embedder = prepare(model, cache / "models", THREADS)
    if embedder is None:
        sys.exit("the bench needs an embedding model: leave out --model, or give --model hashing")
    database = Database(f"sqlite:///{cache / 'vectors.db'}")
    Base.metadata.create_all(database.engine, tables=[Embedding.__table__])
    items = [(content_hash("", text), text) for text in texts]
    vectors = embed_cached(embedder, DatabaseVectors(database, embedder.key), items, _progress)
    database.close()
    return vectors


def _progress(done: int, total: int) -> None:
    if done == total or done % 4096 == 0:
        print(f"  embedded {done:,} of {total:,}", file=sys.stderr, flush=True)


def write_corpus(folder: Path, originals: Originals, count: int) -> None:
    """Write a corpus of `count` documents; the same originals give the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (count, originals.vectors.shape[1])
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=shape)
    for start in range(0, count, CHUNK):
        vectors[start : start + CHUNK] = _vectors(originals.vectors, start, min(start + CHUNK, count))
    vectors.flush()
    with (folder / "docs.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in _documents(originals.texts, count))


def _vectors(real: np.ndarray, start: int, end: int) -> np.ndarray:
    rows = np.arange(start, end)
    made = real[rows % len(real)].copy()
    repeats = rows >= len(real)
    noise = np.random.default_rng((SEED, start)).standard_normal((int(repeats.sum()), real.shape[1]), dtype=np.float32)
    made[repeats] += NOISE / np.sqrt(real.shape[1]) * noise
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _documents(texts: Sequence[str], count: int) -> Iterator[dict[str, object]]:
    analyzer, chance = Analyzer("en"), random.Random(SEED)
    tokens: list[str] = []
    for number, fact in enumerate(facts(count)):
        original = number % len(texts)
        text = texts[original]
        if number < len(texts):
            tokens.append(" ".join(token.text for token in analyzer.tokens(text)))
        else:
            words = text.split()
            chance.shuffle(words)
            text = " ".join(words)
        yield {"id": number + 1, "text": text, "tokens": tokens[original], **fact}


def read_documents(folder: Path) -> Iterator[dict[str, str]]:
    """The documents of a corpus folder, one after the other."""
    with (folder / "docs.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)
