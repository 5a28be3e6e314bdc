"""Pages: what the pages of a week's work keep; every subject has a function of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each subject in turn; none reads what another adds."""
    _readers()
    _decisions()
    _research_requests()
    _journey()
    _answers()
    _targets()
    _insights()
    _meanings()
    _comments()


def _readers() -> None:
    op.create_table(
        "followed_product",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        _user("followed_product", "user_id", "CASCADE"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_followed_product_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "product_id", name=op.f("pk_followed_product")),
    )
    op.create_table(
        "visit",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _user("visit", "user_id", "CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "day", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_day"), "visit", ["day"])


def _decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_decision_outcome_id_outcome"), ondelete="CASCADE"
        ),
        _user("decision", "created_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decision_outcome_id"), "decision", ["outcome_id"])


def _research_requests() -> None:
    op.create_table(
        "research_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        _user("research_request", "asked_by_id"),
        _user("research_request", "answered_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_request")),
        sqlite_autoincrement=True,
    )


def _user(table: str, column: str, ondelete: str = "SET NULL") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_user_account")
    return sa.ForeignKeyConstraint([column], ["user_account.id"], name=name, ondelete=ondelete)


def _journey() -> None:
    """The stages of the journey in their order."""
    op.create_table(
        "journey_stage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_stage")),
        sa.UniqueConstraint("name", name=op.f("uq_journey_stage_name")),
        sqlite_autoincrement=True,
    )


def _answers() -> None:
    """What was answered on an outcome in a wave, and by whom, is found at once."""
    op.drop_index(op.f("ix_answer_outcome_id"), "answer")
    op.create_index("ix_answer_outcome_wave", "answer", ["outcome_id", "wave_id", "respondent_id"])


def _insights() -> None:
    """The steps of insights with the scores beside them; those that are there were written when they were stored."""
    op.create_table(
        "insight_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evidence_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_insight_step_evidence_id_evidence"), ondelete="CASCADE"
        ),
        _user("insight_step", "by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insight_step")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_insight_step_evidence_id"), "insight_step", ["evidence_id"])
    cell = {name: f"fk_score_snapshot_{name}_id_{name}" for name in ("outcome", "segment", "product", "wave")}
    op.create_table(
        "score_snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(length=30), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_id"], ["insight_step.id"], name=op.f("fk_score_snapshot_step_id_insight_step"), ondelete="CASCADE"
        ),
        *(
            sa.ForeignKeyConstraint([f"{table}_id"], [f"{table}.id"], name=op.f(name), ondelete="CASCADE")
            for table, name in cell.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_snapshot")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_score_snapshot_step_id"), "score_snapshot", ["step_id"])
    op.execute(
        """
        INSERT INTO insight_step (evidence_id, kind, revision, text, reason, at)
        SELECT id, 'written', revision, text, '', created_at FROM evidence WHERE kind = 'insight' ORDER BY id
        """
    )


def _meanings() -> None:
    """Whether a version of a wording means something else than the one before it."""
    op.add_column(
        "definition_version", sa.Column("new_meaning", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def _comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evidence_id", sa.Integer(), nullable=True),
        sa.Column("term_id", sa.Integer(), nullable=True),
        sa.Column("wrong", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("resolved_by_id", sa.Integer(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.CheckConstraint("(evidence_id IS NULL) <> (term_id IS NULL)", name=op.f("ck_comment_on_one_thing")),
        sa.ForeignKeyConstraint(
            ["evidence_id"], ["evidence.id"], name=op.f("fk_comment_evidence_id_evidence"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_comment_term_id_term"), ondelete="CASCADE"),
        _user("comment", "author_id"),
        _user("comment", "resolved_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_comment_evidence_id"), "comment", ["evidence_id"])
    op.create_index(op.f("ix_comment_term_id"), "comment", ["term_id"])
    op.create_table(
        "inbox_visit",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        _user("inbox_visit", "user_id", "CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_inbox_visit")),
    )


def _targets() -> None:
    """A target that is removed stays with its history; a team's short list of outcomes."""
    op.add_column("target", sa.Column("removed_at", sa.DateTime(), nullable=True))
    op.create_table(
        "focus_outcome",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_focus_outcome_team_id_team"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_focus_outcome_outcome_id_outcome"), ondelete="CASCADE"
        ),
        _user("focus_outcome", "set_by_id"),
        sa.PrimaryKeyConstraint("team_id", "outcome_id", name=op.f("pk_focus_outcome")),
    )
