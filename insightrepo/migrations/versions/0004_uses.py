"""Uses: how many searches a user ran and how many citations they took on a day"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COUNTED = ("searches", "citations")


def upgrade() -> None:
    """Of the days before nothing is known: 0."""
    for name in COUNTED:
        op.add_column("visit", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """The days stay, what was counted on them goes."""
    for name in COUNTED:
        op.drop_column("visit", name)
