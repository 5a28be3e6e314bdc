"""Sizes of files in words."""

from __future__ import annotations

import pytest

from insightrepo.web.formatting import size


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (312, "312 bytes"), (1_000, "1 kB"), (11_600, "12 kB"), (3_400_000, "3.4 MB")],
)
def test_a_size_is_said_as_it_is(value, said):
    assert size(value) == said
