"""Whether a certificate is still what it was: its seal, its words, its place in the ledger, and its slides.

Four questions, each with an answer of its own: *holds*, *does not hold*, or *cannot be told*. The data is taken out of
the page or PDF again, and the page is drawn anew from it: so a word that somebody changed on the page alone is seen,
too. Nothing in a certificate is believed before it has the shape of one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from blankslide.errors import UsageError
from blankslide.records import certificate, sheet_check
from blankslide.records.certificate_html import CLOSING, OPENING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

Verdict = Literal["holds", "fails", "unknown"]
_KIND = sheet_check.Kind(
    word="certificate",
    not_one="this is no certificate of Blankslide, or it is damaged",
    largest=256 << 20,
    opening=OPENING,
    closing=CLOSING,
    holds_data=lambda stream: stream.startswith(b'{"certificate":'),
    drawn=lambda suffix, data: certificate.drawn(suffix, data),
)


class Answer(NamedTuple):
    """One answer: what was asked, the verdict, and a sentence."""

    about: str
    verdict: Verdict
    sentence: str


class Held(NamedTuple):
    """A certificate that was read: its data, and the answer to whether its words are those of the data."""

    data: Mapping[str, Any]
    words: Answer


class Seen(NamedTuple):
    """How a slide in hand is known: the digests that a certificate has of one, and its whole files' (bytes, digest)."""

    keyed: str
    sha256: str
    files: Sequence[tuple[int, str]] = ()


def read(path: Path) -> Held:
    """Read a certificate of any kind.

    Raises
    ------
    UsageError
        If it is none.
    EnvironmentProblem
        If it cannot be read.
    """
    sheet = sheet_check.read(path, _KIND)
    data = _shaped(sheet.text)
    same, sentence = sheet_check.words(sheet, data, _KIND)
    return Held(data, Answer("words", "unknown" if same is None else "holds" if same else "fails", sentence))


def _shaped(text: bytes) -> Mapping[str, Any]:
    """Return the data, if it has all that a certificate has; what it says is not judged here."""
    try:
        data = json.loads(text)
        if data["certificate"] != certificate.VERSION:
            raise UsageError("this certificate was made by another version of Blankslide", "check it with that one")
        seal, ledger = data["seal"], data["ledger"]
        typed = [*map(str, (data["tool"], data["written"], ledger["head"])), int(ledger["entries"])]
        typed += [] if seal is None else [str(seal["key"]), str(seal["hmac_sha256"])]
        for slide in data["slides"]:
            done = slide.get("done")
            typed += [int(slide["number"]), str(slide["name"]), *map(str, _digests(slide))]
            typed += [] if done is None else [int(done["sequence"]), str(done["hash"])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(_KIND.not_one) from None
    return data  # type: ignore[no-any-return]


def _digests(slide: Mapping[str, Any]) -> list[str]:
    return [slide.get("keyed", ""), slide.get("sha256", ""), *(file["sha256"] for file in slide.get("files", ()))]


# -- the answers -------------------------------------------------------------------------


def seal(data: Mapping[str, Any], key: bytes | None) -> Answer:
    """Say whether the data is as it was sealed."""
    import hmac

    about, given = "seal", data["seal"]
    if given is None:
        return Answer(about, "unknown", "it was never sealed, so nobody can tell whether it was changed")
    if key is None:
        return Answer(about, "unknown", "whether it was changed cannot be told without the site's key (--key FILE)")
    if given["key"] != certificate.key_name(key):
        return Answer(about, "unknown", "it was sealed with another key, so whether it was changed cannot be told")
    if hmac.compare_digest(str(given["hmac_sha256"]), certificate.seal_of(data, key)):
        return Answer(about, "holds", "unchanged since it was sealed with the site's key")
    return Answer(about, "fails", "CHANGED since it was sealed with the site's key")


def ledger(data: Mapping[str, Any], book: Ledger | None) -> list[Answer]:
    """Hold what the certificate says of the ledger against the ledger; one answer for the chain, one for each slide.

    Raises
    ------
    EnvironmentProblem
        If the ledger cannot be read.
    """
    wanted = {slide["done"]["sequence"]: slide["done"] for slide in data["slides"] if slide.get("done")}
    about = data["ledger"]
    if book is None or book.head() is None:
        return [Answer("ledger", "unknown", "there is no ledger here to compare it with (--ledger URL)")]
    if not about["entries"]:
        return [Answer("ledger", "unknown", "it was made without a ledger, so there is nothing to compare")]
    hashes: dict[int, str] = {}
    for _, record in book.entries():
        if record["seq"] in wanted or record["seq"] == about["entries"]:
            hashes[record["seq"]] = record["hash"]
    return [_chain(about, hashes, book), *(_entry(slide, hashes) for slide in data["slides"] if slide.get("done"))]


def _chain(about: Mapping[str, Any], hashes: Mapping[int, str], book: Ledger) -> Answer:
    if hashes.get(about["entries"]) != about["head"]:
        return Answer("ledger", "fails", f"the ledger here has another entry {about['entries']} than when it was made")
    if book.check():
        return Answer("ledger", "fails", "the chain of the ledger is broken: see blankslide ledger check")
    return Answer("ledger", "holds", f"the ledger's chain holds, and has entry {about['entries']} as it was then")


def _entry(slide: Mapping[str, Any], hashes: Mapping[int, str]) -> Answer:
    number, done = slide["number"], slide["done"]
    if hashes.get(done["sequence"]) == done["hash"]:
        return Answer(f"slide {number}", "holds", f"slide {number} matches entry {done['sequence']} of the ledger")
    return Answer(f"slide {number}", "fails", f"slide {number}: entry {done['sequence']} of the ledger is another one")


def slide(data: Mapping[str, Any], shown: str, seen: Seen, key: bytes | None) -> Answer:
    """Say whether a slide in hand is still one of the certificate's.

    Parameters
    ----------
    shown
        The slide's name as it may be printed.
    """
    keyed = data["seal"] is not None and key is not None and data["seal"]["key"] == certificate.key_name(key)
    for part in data["slides"]:
        by_key = keyed and seen.keyed and part.get("keyed") == seen.keyed
        if not by_key and not (seen.sha256 and part.get("sha256") == seen.sha256):
            continue
        whole = [(file["bytes"], file["sha256"]) for file in part.get("files", ())]
        if whole and seen.files and whole != [*seen.files]:
            return Answer(shown, "fails", f"{shown}: the tissue is not that of slide {part['number']} any more")
        more = " in every byte" if whole and seen.files else ", but of the tissue only samples were compared"
        return Answer(shown, "holds", f"{shown} is still slide {part['number']}{more}")
    return Answer(shown, "fails", f"{shown} is no slide of this certificate, or was changed since")


def code_of(answers: Sequence[Answer]) -> int:
    """Return the exit code: 0 if the seal holds and nothing speaks against the certificate, else 1."""
    sealed = any(answer.about == "seal" and answer.verdict == "holds" for answer in answers)
    return 0 if sealed and all(answer.verdict != "fails" for answer in answers) else 1
