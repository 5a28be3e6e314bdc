"""Engines and sessions: SQLite as it wants to be used, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from insightrepo.memory import forget


def make_engine(url: str) -> Engine:
    """An engine for a URL. On SQLite a write transaction begins IMMEDIATE: it waits its turn instead of failing."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)  # no values in logged errors

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun by us, below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")

    event.listen(engine, "commit", forget)  # SQLite tells a connection only of the commits of others
    return engine


def _reading(engine: Engine) -> Engine:
    """For reading PostgreSQL must be asked for one state of all queries; SQLite gives no other."""
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="REPEATABLE READ")


class Database:
    """Opens sessions for reading and for writing on one engine."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._read = sessionmaker(_reading(self.engine), expire_on_commit=False)
        self._write = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading one state of the database, that of its first query; nothing is committed."""
        with self._read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back and raises the original cause. Keep it under 50 ms."""
        with self._write.begin() as session:
            yield session

    def close(self) -> None:
        """Give up all connections; call it after a fork and in tests."""
        self.engine.dispose()
