"""Respondents are known by a keyed hash and by nothing else."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from insightrepo.library.pseudonyms import Pseudonyms, derived_key, pseudonym

MASTER = bytes(range(32))


def test_a_pseudonym_is_hmac_sha256_of_the_id():
    expected = hmac.new(b"secret", b"R-17", hashlib.sha256).hexdigest()
    assert pseudonym(b"secret", "R-17") == expected


def test_the_key_follows_rfc_5869():
    extracted = hmac.new(bytes(32), MASTER, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"respondent\x01", hashlib.sha256).digest()
    assert derived_key(MASTER, b"respondent") == expanded


def test_spaces_around_an_id_and_how_an_umlaut_is_composed_do_not_matter():
    keys = Pseudonyms(MASTER)
    assert keys.key("  Zoë ") == keys.key("Zoe\u0308")


def test_upper_and_lower_case_are_two_people():
    keys = Pseudonyms(MASTER)
    assert keys.key("a1") != keys.key("A1")


def test_another_workspace_knows_the_same_person_by_another_key():
    assert Pseudonyms(MASTER).key("R-17") != Pseudonyms(bytes(32)).key("R-17")


def test_a_text_and_an_id_that_are_spelt_the_same_have_different_hashes():
    keys = Pseudonyms(MASTER)
    assert keys.key("R-17") != keys.keyed_hash("R-17")


def test_an_empty_id_is_nobody():
    with pytest.raises(ValueError, match="empty id"):
        Pseudonyms(MASTER).key("  ")


def test_a_short_master_key_is_refused():
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Pseudonyms(b"short")


def test_a_token_stands_for_a_respondent_within_its_workspace_only():
    keys = Pseudonyms(MASTER)
    token = keys.token(keys.key("R-17"))
    assert token.startswith("key:")
    assert "R-17" not in token
    assert keys.key_of(f" {token} ") == keys.key_of("R-17") == keys.key("R-17")
    changed = token[:10] + ("0" if token[10] != "0" else "1") + token[11:]
    for wrong, whose in ((token, Pseudonyms(bytes(32))), (changed, keys), ("key:", keys), ("key:abc", keys)):
        with pytest.raises(ValueError, match="not one of this workspace"):
            whose.key_of(wrong)
