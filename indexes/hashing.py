"""An embedder that needs no model: words and letter trigrams hashed into a few numbers.

It finds shared words and spellings, not meaning. For tests and for machines too small for a model.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import snowballstemmer

DIMENSION = 256
TRIGRAM_WEIGHT = 0.4  # a word has several trigrams; together they should not outweigh its stem
_WORD = re.compile(r"\w+")
_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()


class HashingEmbedder:
    """Keeps `indexes.embedder.Embedder` by feature hashing (Weinberger et al. 2009), with signs and log counts."""

    key = "hashing-256-1"
    dimension = DIMENSION
    max_pieces = 2**31 - 1
    serving = "hashing"

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, float32 of shape (len(texts), 256)."""
        result = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(result, texts, strict=True):
            _fill(row, Counter(_WORD.findall(text.lower())))
        return result

    def embed_query(self, text: str) -> np.ndarray:
        """The vector of a query; float32 of shape (256,)."""
        return self.embed_documents([text])[0]

    def count_pieces(self, text: str) -> int:
        """How many words the text has."""
        return len(_WORD.findall(text))


def _fill(row: np.ndarray, words: Counter[str]) -> None:
    for word, count in words.items():
        places, weights = _features(word)
        np.add.at(row, places, weights * (1 + np.log(count)))
    length = np.linalg.norm(row)
    if length:
        row /= length
    else:  # no word at all, or words that cancel out: any fixed direction will do
        row[0] = 1


@lru_cache(maxsize=100_000)
def _features(word: str) -> tuple[np.ndarray, np.ndarray]:
    """Where a word's stem and trigrams go, and with which signed weight."""
    with _stemmer_lock:  # the stemmer keeps its state in itself
        stem = _stemmer.stemWord(word)
    marked = f"^{word}$"
    names = [f"word {stem}", *(f"part {marked[i : i + 3]}" for i in range(len(marked) - 2))]
    digests = [int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") for name in names]
    signs = np.array([1 if digest & 1 else -1 for digest in digests], dtype=np.float32)
    signs[1:] *= TRIGRAM_WEIGHT
    return np.array([(digest >> 1) % DIMENSION for digest in digests]), signs
