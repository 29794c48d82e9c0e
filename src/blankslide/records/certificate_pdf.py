"""A certificate as PDF: one sheet of A4 a slide, with the certificate's data attached to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blankslide.presentation import certificate_words as words
from blankslide.records.sheets_pdf import Head, maker, require, sheets

if TYPE_CHECKING:
    from blankslide.records.certificate_pages import Page

__all__ = ["ATTACHED", "maker", "pdf", "require"]

ATTACHED = "certificate.json"


def pdf(data: Mapping[str, Any], pages: Sequence[Page], text: bytes, digest: str) -> bytes:
    """Return the file.

    Parameters
    ----------
    text
        The sealed data in canonical form; attached.
    digest
        SHA-256 of what the seal is of; printed on every page.
    """
    head = Head(
        "Certificate of de-identification",
        f"{words.count_of(len(data['slides']), 'slide')}, {maker()}",
        data["tool"],
        data["written"],
        f"Data: SHA-256 {digest}",
        words.HOW,
    )
    return sheets(head, pages, (ATTACHED, text, "the certificate's data"))
