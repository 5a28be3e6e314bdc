"""What was read of the database and still holds: kept on a connection for as long as nothing is committed to it.

The database itself says whether anything was committed, by any process: SQLite by ``PRAGMA data_version`` (and what a
connection committed itself is told by its own events, see `insightrepo.database`), PostgreSQL by its snapshot. So a
permission that changes or a study that is published holds in the next transaction, without anybody announcing it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from insightrepo.locales import in_force

T = TypeVar("T")

KEPT = "memory"  # the key in `Connection.info`: (the state of the database, what was read of it)
MOST = 20_000  # values; beyond, all are forgotten
# No text where this transaction writes: what it sees is nobody else's.
POSTGRES_STATE = "SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text END"


def remembered(session: Session, key: Hashable, load: Callable[[], T]) -> T:
    """What `load` gives, or gave before for the same key as long as nothing was committed since.

    `load` reads by the same session. Its value must be plain, belong to no session, and never be changed. A session
    for writing remembers nothing: it sees its own changes.
    """
    memory = _of_transaction(session)
    if memory is None:
        return load()
    told = in_force(), key  # what is remembered may hold words, and those differ by locale
    if told not in memory:
        if len(memory) >= MOST:
            memory.clear()
        memory[told] = load()
    return memory[told]


def forget(connection: Connection) -> None:
    """Forget what was read by this connection."""
    connection.info.pop(KEPT, None)


def _of_transaction(session: Session) -> dict[Hashable, object] | None:
    """The memory of the session's transaction, which sees one state of the database from its first query on."""
    transaction = session.get_transaction()
    held = session.info.get(KEPT)
    if held is not None and held[0] is transaction:
        return held[1]
    memory = _memory(session.connection())
    if memory is not None:
        session.info[KEPT] = session.get_transaction(), memory
    return memory


def _memory(connection: Connection) -> dict[Hashable, object] | None:
    if connection.get_execution_options().get("writes"):
        return None
    state = _state(connection)
    if state is None:
        return None
    kept = connection.info.get(KEPT)
    if kept is None or kept[0] != state:
        kept = connection.info[KEPT] = (state, {})
    return kept[1]


def _state(connection: Connection) -> object | None:
    """What differs once anything was committed to the database; None where the transaction itself writes."""
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(POSTGRES_STATE).scalar()
    driver = connection.connection.driver_connection
    assert driver is not None
    # By the driver: it takes 10 microseconds, a tenth of what a statement takes otherwise. Within a transaction it
    # begins the reading, so what is read afterwards is of the same state. Own changes count in `total_changes`.
    return (*driver.execute("PRAGMA data_version").fetchone(), driver.total_changes)
