"""How the passwords of the product are kept."""

from __future__ import annotations

from argon2 import PasswordHasher, Type


def test_a_password_is_hashed_with_argon2id_at_the_strength_that_its_library_recommends(
    strong_hasher: PasswordHasher,
) -> None:
    """RFC 9106, second recommendation: 3 passes over 64 MiB."""
    assert strong_hasher.type is Type.ID
    assert (strong_hasher.time_cost, strong_hasher.memory_cost) >= (3, 64 * 1024)
    assert strong_hasher.hash("a password").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
