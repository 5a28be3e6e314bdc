"""What every command shares: the workspace, the user it acts as, JSON, progress, and errors as one line."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config import ConfigurationError
from indexes.manifest import ManifestError
from indexes.parts import IndexBusy, IndexDamaged, IndexMismatch
from ingest.verbatims import MappingError
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.accounts.users import AccountError, acting_reader
from insightrepo.schema import SchemaMismatch, require_current
from insightrepo.taxonomy.files import TaxonomyError
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.workspace import Workspace, WorkspaceMissing

EXPECTED = (
    AccountError,
    ConfigurationError,
    Forbidden,
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    ManifestError,
    MappingError,
    OSError,
    SchemaMismatch,
    TaxonomyError,
    UnicodeDecodeError,
    UnknownTerm,
    WorkspaceMissing,
)

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


class Context:
    """The workspace and the user of one call."""

    def __init__(self, workspace: Workspace, as_user: str | None) -> None:
        self._workspace = workspace
        self._as_user = as_user

    @property
    def bare_workspace(self) -> Workspace:
        """The workspace, whether or not it was made yet."""
        return self._workspace

    @property
    def workspace(self) -> Workspace:
        """The workspace; it must have been made, with this version's schema."""
        _ = self._workspace.master_key
        require_current(self._workspace.database.engine)
        return self._workspace

    def reader(self, session: Session) -> Reader:
        """The reader the command acts as."""
        return acting_reader(session, self._as_user)

    def reader_at_least(self, role: str) -> Reader:
        """The acting reader, who must hold `role`."""
        with self.workspace.database.reading() as session:
            reader = self.reader(session)
        reader.require(role)
        return reader


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hands the `Context` to a command and turns expected errors into one line and exit code 1."""

    @click.pass_obj
    @functools.wraps(function)
    def run(context: Context, *args: Any, **options: Any) -> Any:
        try:
            return function(context, *args, **options)
        except DBAPIError as error:
            raise click.ClickException(f"the database refused: {_first_line(error.orig)}") from error
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error

    return run


def read_text(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        click.ClickException: it is not in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"{path.name} is not text in UTF-8 (byte {error.start}): save it as UTF-8"
        ) from error


def _first_line(error: BaseException | None) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def print_json(value: Any) -> None:
    """Print a value as JSON that people can read too."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """A callback (done, of how many) that draws a bar on a terminal; None elsewhere, so that logs stay clean."""
    if not sys.stderr.isatty():
        yield None
        return

    def draw(done: int, total: int) -> None:
        width = 30 * done // max(total, 1)
        click.echo(f"\r{label}  [{'#' * width}{'-' * (30 - width)}]  {done:,} of {total:,}", nl=False, err=True)

    yield draw
    click.echo(err=True)
