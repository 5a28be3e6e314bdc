"""A taxonomy file into the workspace: the terms in one transaction, then the tags that follow from them."""

from __future__ import annotations

from insightrepo.accounts.access import Reader
from insightrepo.batches import batches
from insightrepo.library.retagging import request_retag, retag, retag_is_wanted
from insightrepo.library.tagging import WRITE_BATCH, Progress, remove_votes, settle
from insightrepo.taxonomy.files import load
from insightrepo.taxonomy.importing import Changes, apply
from insightrepo.taxonomy.reading import known
from insightrepo.workspace import Workspace


def import_taxonomy(
    workspace: Workspace, reader: Reader, text: str, name: str, progress: Progress | None = None
) -> Changes:
    """Import a taxonomy file and let the machines vote again where terms or rules changed.

    Raises:
        Forbidden: the reader is not a researcher.
        TaxonomyError: the file is wrong, or changes what is not the reader's to change; nothing was changed.
    """
    reader.require("researcher")
    with workspace.import_lock, workspace.database.writing() as session:
        file = load(text, name, known(session))
        note = f"taxonomy file {name}"
        changes = apply(session, file, reader.user_id, reader.may_change_term, reader.sees_term, note)
        touched = sorted(remove_votes(session, [f"rule:{rule_id}" for rule_id in changes.removed_rules]))
        for some in batches(touched, WRITE_BATCH):
            settle(session, some)
        if changes.changed_term_ids:
            request_retag(session)
        wanted = retag_is_wanted(session)
    if wanted:
        retag(workspace, progress)
    return changes
