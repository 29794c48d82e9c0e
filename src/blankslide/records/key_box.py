"""Data closed with the site's key: a line that names the kind of file, and whatever is sealed under it.

Secret and check are made of the site's key, a salt of the file, and the name of its kind (HKDF with SHA-256, RFC 5869),
so two files never share a secret. The seal is ChaCha20-Poly1305 (RFC 8439), and the first line is sealed with each
piece: nothing can be moved from one file into another.
"""

from __future__ import annotations

import os
import re

from blankslide.errors import EnvironmentProblem

NONCE, SALT, CHECK = 12, 16, 8
LONGEST_HEADER = 128


class OtherKeyError(Exception):
    """The file was made under another key."""


class KeyBox:
    """Closes and opens what belongs to one file.

    Parameters
    ----------
    kind
        First words of the file's first line; they tell files of different kinds apart.
    key
        The site's key.
    salt
        16 random bytes of the file.
    instead
        What a person may do who cannot install the package cryptography.

    Attributes
    ----------
    header
        The first line, its end included.
    """

    def __init__(self, kind: str, key: bytes, salt: bytes, instead: str = "install it") -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
        except ImportError:
            raise EnvironmentProblem("this needs the package cryptography", instead) from None
        secret = derived(key, salt, kind.encode(), 32 + CHECK)
        self.header = f"{kind} {salt.hex()} {secret[32:].hex()}\n".encode()
        self._cipher = ChaCha20Poly1305(secret[:32])

    @classmethod
    def new(cls, kind: str, key: bytes) -> KeyBox:
        """Begin a file."""
        return cls(kind, key, os.urandom(SALT))

    @classmethod
    def of(cls, kind: str, start: bytes, key: bytes) -> KeyBox | None:
        """Read the first line of a file; None if it is of no such kind.

        Raises
        ------
        OtherKeyError
            If it was made under another key.
        """
        found = re.match(rb"%b ([0-9a-f]{32}) [0-9a-f]{16}\n" % re.escape(kind.encode()), start)
        if found is None:
            return None
        box = cls(kind, key, bytes.fromhex(found[1].decode()))
        if box.header != found[0]:
            raise OtherKeyError
        return box

    def closed(self, data: bytes) -> bytes:
        """Return data sealed: a nonce, and what only the key opens."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, data, self.header)

    def opened(self, sealed: bytes) -> bytes | None:
        """Open what was sealed; None if it is not whole, or stands in another file than its own."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) <= NONCE:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], self.header)
        except InvalidTag:
            return None


def derived(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return a secret made of the site's key.

    Raises
    ------
    EnvironmentProblem
        If the package cryptography is not there.
    """
    try:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError:
        raise EnvironmentProblem("this needs the package cryptography", "install it") from None
    return HKDF(SHA256(), length, salt or None, info).derive(key)
