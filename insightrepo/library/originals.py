"""The store of originals: byte for byte, encrypted from the first import, addressed by the sha256 of the clear bytes.

A file is ``magic, wrapped key, nonce, ciphertext``: AES-256-GCM under a key of its own, which is wrapped (RFC 3394) by
a key derived from the workspace's. Without the workspace key none of them can be read.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from indexes.manifest import written_aside
from insightrepo.library.pseudonyms import derived_key

MAGIC = b"IRORIG1\n"
WRAPPED = 40  # bytes of a wrapped 256-bit key
NONCE = 12


class OriginalMissing(Exception):
    """The store has no such original, or it cannot be decrypted; the message says which and why."""


class Originals:
    """Originals of one workspace, in `folder`; `master_key` is the workspace's 32 bytes."""

    def __init__(self, folder: Path, master_key: bytes) -> None:
        self._folder = folder
        self._key = derived_key(master_key, b"originals")

    def put(self, data: bytes) -> str:
        """Store the bytes and return their sha256; storing the same bytes again changes nothing."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        file_key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        sealed = AESGCM(file_key).encrypt(nonce, data, sha256.encode())
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as file:
            file.write(MAGIC + aes_key_wrap(self._key, file_key) + nonce + sealed)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The clear bytes.

        Raises:
            OriginalMissing: not there, damaged, or sealed under another workspace's key.
        """
        try:
            sealed = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise OriginalMissing(f"original {sha256[:12]} is not in the store") from error
        if not sealed.startswith(MAGIC):
            raise OriginalMissing(f"original {sha256[:12]} is damaged: it does not begin as a stored original does")
        wrapped, nonce, body = _split(sealed[len(MAGIC) :], WRAPPED, NONCE)
        try:
            data = AESGCM(aes_key_unwrap(self._key, wrapped)).decrypt(nonce, body, sha256.encode())
        except (InvalidUnwrap, InvalidTag, ValueError) as error:
            raise OriginalMissing(f"original {sha256[:12]} is damaged or belongs to another workspace key") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise OriginalMissing(f"original {sha256[:12]} does not match its hash")
        return data

    def has(self, sha256: str) -> bool:
        """Whether the store has this original."""
        return self._path(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Delete an original; nothing happens where there is none."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _split(data: bytes, *lengths: int) -> list[bytes]:
    parts = []
    for length in lengths:
        parts.append(data[:length])
        data = data[length:]
    return [*parts, data]
