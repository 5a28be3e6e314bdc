"""The tables, one noun family a module. Import from here; everything is known to `Base.metadata` then."""

from insightrepo.models.accounts import ROLES, AuditEntry, Scope, Team, User
from insightrepo.models.base import Base, utcnow
from insightrepo.models.library import (
    EVIDENCE_KINDS,
    LEVELS,
    SENSITIVITIES,
    STUDY_STATES,
    TAG_STATES,
    VOTE_SOURCES,
    Document,
    Embedding,
    Evidence,
    EvidenceLink,
    Job,
    Outbox,
    Place,
    Respondent,
    Study,
    Tag,
    Vote,
)
from insightrepo.models.scores import Answer, Instrument, Score, Wave
from insightrepo.models.taxonomy import (
    AXES,
    POLICIES,
    RULE_EFFECTS,
    RULE_KINDS,
    STATUSES,
    Head,
    Outcome,
    Product,
    Rule,
    Segment,
    Task,
    Term,
)

__all__ = [
    "AXES", "EVIDENCE_KINDS", "LEVELS", "POLICIES", "ROLES", "RULE_EFFECTS", "RULE_KINDS", "SENSITIVITIES",
    "STATUSES", "STUDY_STATES", "TAG_STATES", "VOTE_SOURCES",
    "Answer", "AuditEntry", "Base", "Document", "Embedding", "Evidence", "EvidenceLink", "Head", "Instrument", "Job",
    "Outbox", "Outcome", "Place", "Product", "Respondent", "Rule", "Scope", "Score", "Segment", "Study", "Tag", "Task",
    "Team", "Term", "User", "Vote", "Wave", "utcnow",
]
