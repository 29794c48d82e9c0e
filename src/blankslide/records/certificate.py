"""A certificate: what was found in slides and done to them, in a form that can be checked later.

Its data is one JSON object in canonical form (sorted keys, no spaces, ASCII). It draws on the ledger, for what was
done, and on a judgement of each slide as it is, and says no more than these two know. A HMAC under the site's key is
its seal. The HTML page and the PDF are drawn from the data alone and hold it, so that a check can take it out again,
draw the page once more, and see whether anybody changed a word. ``docs/certificate.md`` shows it by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.presentation import certificate_words as words
from blankslide.records.certificate_slide import Book, Judged, of_slide

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

SUFFIXES = (".html", ".htm", ".pdf", ".json")
DOMAIN = b"blankslide certificate 1\n"
VERSION = 1
_LONGEST = 300


def check_target(path: Path) -> None:
    """Refuse a certificate that cannot be written, before any slide is looked at.

    Raises
    ------
    UsageError
        If the suffix is none of ours, or what a PDF needs is not installed.
    EnvironmentProblem
        If the folder is missing or refuses.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("the certificate's name must end in .html, .pdf or .json")
    if path.suffix.lower() == ".pdf":
        from blankslide.records.certificate_pdf import require

        require()
    folder = path.absolute().parent
    if not folder.is_dir() or path.is_dir():
        raise EnvironmentProblem("the certificate cannot be written there: no such folder, or a folder of that name")
    if not os.access(folder, os.W_OK):
        raise NoPermission("the certificate cannot be written there")


def statement(text: str) -> str:
    """Return the site's own words for where its link table is held, if they may stand in a certificate.

    Raises
    ------
    UsageError
        If they are too long, or no single line of printable ASCII: the page, the PDF and a shell must show the same.
    """
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        raise UsageError(f"--held takes one line of at most {_LONGEST} plain letters (ASCII)")
    return text.strip()


def content(
    slides: Sequence[Judged], ledger: Ledger | None, *, profile: str, held: str = "", thorough: bool = False
) -> dict[str, Any]:
    """Return the certificate's data, not yet sealed.

    Parameters
    ----------
    ledger
        Asked for what was done to each slide; None if there is none.
    profile
        The one that slides were judged by.
    held
        The site's own words for where a link table is held.
    thorough
        Whether every tile was looked into, and whole files have digests.
    """
    from datetime import UTC, datetime

    from blankslide.version import __version__

    about, known = _asked(ledger, slides)
    parts = [of_slide(number, judged, known.of(judged)) for number, judged in enumerate(slides, 1)]
    return {
        "certificate": VERSION,
        "tool": f"Blankslide {__version__}",
        "written": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "profile": profile,
        "thorough": thorough,
        "ledger": about,
        "link_table": held,
        "not_claimed": list(words.NOT_CLAIMED),
        "slides": parts,
    }


def _asked(ledger: Ledger | None, slides: Sequence[Judged]) -> tuple[dict[str, Any], Book]:
    """Ask the ledger for its head, whether its chain holds, and for all entries about some slides."""
    about: dict[str, Any] = {"asked": ledger is not None, "entries": 0, "head": "", "whole": False, "problem": ""}
    book = Book(slides)
    if ledger is None:
        return about, book
    try:
        head = ledger.head()
        about["whole"] = not ledger.check()
        if head is not None:
            about |= {"entries": head.sequence, "head": head.hash}
        for _, record in ledger.entries():
            if record["seq"] <= about["entries"]:  # others may be writing
                book.add(record)
    except EnvironmentProblem as problem:
        return about | {"problem": problem.message, "whole": False}, Book(())
    return about, book


# -- the seal ----------------------------------------------------------------------------


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return the one way to write the data, without its seal: what the seal is of."""
    plain = {key: value for key, value in data.items() if key != "seal"}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def digest(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form: printed on every page, for whoever has no key."""
    from hashlib import sha256

    return sha256(canonical(data)).hexdigest()


def sealed(data: Mapping[str, Any], key: bytes | None) -> dict[str, Any]:
    """Return the data with its seal: an HMAC-SHA256 under the site's key, or None where there is no key."""
    return {**data, "seal": None if key is None else {"key": key_name(key), "hmac_sha256": seal_of(data, key)}}


def seal_of(data: Mapping[str, Any], key: bytes) -> str:
    """Return the seal that some data must have under a key."""
    import hmac

    return hmac.digest(key, DOMAIN + canonical(data), "sha256").hex()


def key_name(key: bytes) -> str:
    """Return a name for a key that tells nothing of it: so a check can say "another key" and not "changed"."""
    import hmac

    return hmac.digest(key, b"blankslide certificate key name", "sha256").hex()[:16]


# -- the file ----------------------------------------------------------------------------


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Write sealed data as JSON, HTML or PDF; a reader sees the old file or the whole new one.

    Raises
    ------
    UsageError, EnvironmentProblem
        If it cannot be written.
    """
    check_target(path)
    draft = path.with_name(f".{os.urandom(6).hex()}.tmp")
    made = drawn(path.suffix.lower(), data)
    try:
        draft.write_bytes(made)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise EnvironmentProblem(f"the certificate cannot be written: {error.strerror}") from None


def drawn(suffix: str, data: Mapping[str, Any]) -> bytes:
    """Return the bytes of a certificate's file: they depend on the data only, and on fpdf2's version for a PDF."""
    if suffix == ".json":
        return text_of(data)
    from blankslide.records.certificate_pages import pages

    if suffix == ".pdf":
        from blankslide.records.certificate_pdf import pdf

        return pdf(data, pages(data), text_of(data), digest(data))
    from blankslide.records.certificate_html import page

    return page(pages(data), text_of(data), digest(data)).encode()


def text_of(data: Mapping[str, Any]) -> bytes:
    """Return the sealed data in canonical form, as the file and the pages hold it."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode() + b"\n"
