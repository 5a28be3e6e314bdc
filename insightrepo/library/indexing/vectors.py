"""Vectors kept in the database by (content hash, model), so that a rebuild embeds nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from sqlalchemy import select

from insightrepo.database import Database
from insightrepo.models import Embedding

CHUNK = 500  # hashes a statement; SQLite allows 32,766 variables, short statements keep others waiting less


class DatabaseVectors:
    """The cache that `indexes.embedder.embed_cached` fills, for one embedding model."""

    def __init__(self, database: Database, model: str) -> None:
        self._database = database
        self._model = model

    def get(self, hashes: Iterable[str]) -> dict[str, np.ndarray]:
        """The vectors that are here, float32 of shape (dimension,), by content hash."""
        wanted, found = list(dict.fromkeys(hashes)), {}
        with self._database.reading() as session:
            for start in range(0, len(wanted), CHUNK):
                query = select(Embedding.content_hash, Embedding.vector).where(
                    Embedding.model == self._model, Embedding.content_hash.in_(wanted[start : start + CHUNK])
                )
                found.update({key: np.frombuffer(vector, "<f4") for key, vector in session.execute(query)})
        return found

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep these; one that is here already stays as it is."""
        rows = [
            {"content_hash": key, "model": self._model, "vector": np.asarray(vector, "<f4").tobytes()}
            for key, vector in vectors.items()
        ]
        if self._database.engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert  # each is slow to import, and one is needed
        else:
            from sqlalchemy.dialects.sqlite import insert
        with self._database.writing() as session:
            for start in range(0, len(rows), CHUNK):
                statement = insert(Embedding).values(rows[start : start + CHUNK])
                session.execute(statement.on_conflict_do_nothing())
