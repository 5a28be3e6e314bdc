"""A taxonomy file into the workspace: the terms in one transaction, then the tags that follow from them."""

from __future__ import annotations

from dataclasses import replace

from insightrepo.accounts.access import Reader
from insightrepo.batches import batches
from insightrepo.library.tagging.retagging import request_retag, retag, retag_is_wanted
from insightrepo.library.tagging.tagging import WRITE_BATCH, Progress, remove_votes, settle
from insightrepo.scores.computing.applying import recompute_stale
from insightrepo.taxonomy.files import Known, load
from insightrepo.taxonomy.importing import Changes, apply
from insightrepo.taxonomy.reading import known
from insightrepo.taxonomy.schema import TaxonomyFile
from insightrepo.workspace import Workspace


def import_taxonomy(
    workspace: Workspace, reader: Reader, text: str, name: str, progress: Progress | None = None
) -> Changes:
    """Import a taxonomy file, let the machines vote again where terms or rules changed, and compute those open waves
    again whose scores rest on what changed.

    Raises:
        Forbidden: the reader is not a researcher.
        TaxonomyError: the file is wrong, or changes what is not the reader's to change; nothing was changed.
    """
    reader.require("researcher")
    with workspace.import_lock, workspace.database.writing() as session:
        here = known(session)
        file = load(text, name, here)
        note = f"taxonomy file {name}"
        changes = apply(session, file, reader.user_id, reader.may_change_term, reader.sees_term, note)
        changes = replace(changes, lines=(*changes.lines, *_awaited(file, here)))
        touched = sorted(remove_votes(session, [f"rule:{rule_id}" for rule_id in changes.removed_rules]))
        for some in batches(touched, WRITE_BATCH):
            settle(session, some)
        if changes.changed_term_ids:
            request_retag(session)
        wanted = retag_is_wanted(session)
    if wanted:
        retag(workspace, progress)
    if not (changes.created or changes.changed):
        return changes
    waves, refused = recompute_stale(workspace.database)
    said = f"scores of {', '.join(waves)} were computed again"
    return replace(changes, lines=(*changes.lines, *([said] if waves else []), *refused))


def _awaited(file: TaxonomyFile, here: Known) -> list[str]:
    return [
        f"warning: outcome {entry.code} leads with {entry.lead_measure}, which is no metric yet: until metrics define "
        "adds it the outcome shows no score first"
        for entry in file.outcomes if here.awaits_metric(entry.code, entry.lead_measure)
    ]  # fmt: skip
