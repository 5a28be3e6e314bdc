"""Pages: what the pages of a week's work keep; every subject has a function of its own"""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Each subject in turn; none reads what another adds."""
