"""Report and certificate of the slide under review, as files; both hold ids and counts, and no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, UsageError
from blankslide.presentation import wording

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.session import Session

REPORT, CERTIFICATE = "report", "certificate"
SUFFIXES = {
    REPORT: "Report (*.html *.json *.csv *.xlsx)",
    CERTIFICATE: "Certificate (*.html *.pdf *.json)",
}


def write(kind: str, session: Session, path: Path) -> str:
    """Write a paper, and say so in a sentence, or why there is none. Blocks; never raises."""
    try:
        (_report if kind == REPORT else _certificate)(session, path)
    except BlankslideError as error:
        return f"No {kind}: {error.sentence()}"
    return f"The {kind} is written: {wording.shown(path)}"


def _report(session: Session, path: Path) -> None:
    from blankslide.records import report

    report.check(path)
    if session.outcome is None:
        raise UsageError("there was no run that could be told of", "run it first")
    session.outcome.path = session.result or session.path
    report.write(path, [report.section(session.outcome)])


def _certificate(session: Session, path: Path) -> None:
    from blankslide import pipeline
    from blankslide.pipeline.certifying import judged_of
    from blankslide.records import certificate

    certificate.check_target(path)
    if session.result is None:
        raise UsageError("no copy was kept that could be certified", "see what the run says")
    options = session.options
    options.find_key()
    judged = judged_of(pipeline.certify(session.result, options), options.key)
    data = certificate.content([judged], options.ledger, profile=options.resolved().name)
    certificate.write(path, certificate.sealed(data, options.key))
