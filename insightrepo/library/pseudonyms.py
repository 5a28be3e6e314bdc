"""Keyed hashes under the workspace's secret: a respondent is known by one, and the source's id is stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
TOKEN = "key:"  # what a respondent's key begins with where a file holds it in place of an id
CHECK = 16  # hex digits


def derived_key(master_key: bytes, info: bytes) -> bytes:
    """A 32-byte key for one purpose, by HKDF-SHA256 (RFC 5869) from the workspace's master key.

    Raises:
        ValueError: the master key is shorter than 32 bytes.
    """
    if len(master_key) < KEY_BYTES:
        raise ValueError(f"a master key has at least {KEY_BYTES} bytes, this one has {len(master_key)}")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master_key)


def pseudonym(secret: bytes, source_id: str) -> str:
    """HMAC-SHA256 of an id under `secret`, 64 hex digits. The id is NFC-normalised and stripped first.

    Raises:
        ValueError: the id is empty: nobody is known by it.
    """
    normalised = unicodedata.normalize("NFC", source_id).strip()
    if not normalised:
        raise ValueError("an empty id cannot be turned into a pseudonym")
    return hmac.new(secret, normalised.encode(), hashlib.sha256).hexdigest()


class Pseudonyms:
    """The workspace's keyed hashes; the master key gives one key for respondents and another for texts."""

    def __init__(self, master_key: bytes) -> None:
        self._respondent = derived_key(master_key, b"respondent")
        self._text = derived_key(master_key, b"text")
        self._token = derived_key(master_key, b"respondent token")

    def key(self, source_id: str) -> str:
        """What `Respondent.key` holds for the source's id. ValueError where it is empty."""
        return pseudonym(self._respondent, source_id)

    def keyed_hash(self, text: str) -> str:
        """A hash of a text that says nothing without the workspace's key. ValueError where the text is empty."""
        return pseudonym(self._text, text)

    def token(self, key: str) -> str:
        """A respondent's key as a file may carry it: "key:", the key, and a check under the workspace's secret."""
        return f"{TOKEN}{key}{pseudonym(self._token, key)[:CHECK]}"

    def key_of(self, source: str) -> str:
        """The key of a source's id, or of a token that this workspace gave out.

        Raises:
            ValueError: the id is empty, or a token is another workspace's or was changed.
        """
        if not source.strip().startswith(TOKEN):
            return self.key(source)
        key, check = source.strip()[len(TOKEN) :][:-CHECK], source.strip()[-CHECK:]
        if not key or not hmac.compare_digest(pseudonym(self._token, key)[:CHECK], check):
            raise ValueError("this key is not one of this workspace, or it was changed: take it over as it was given")
        return key
