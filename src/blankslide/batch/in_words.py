"""The plan of a whole run in one table, and what became of it in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter

    from blankslide.batch import Overview, Summary

_SURROUNDINGS = 4
_HEADER = ("format", "slides", "to do", "pictures", "fields", "unknown", "to read", "to write")


def overview_lines(overview: Overview, copies: bool) -> list[str]:
    """Return the plan as lines: the headline, a table by format, and why slides cannot be done."""
    parts = [f"{_count(overview.slides, 'slide')}, {_count(len(overview.formats), 'format')}"]
    refused = overview.refused.total()
    if refused:
        parts.append(f"{refused} cannot be done")
    read = f"{bytes_words(overview.size)} to read, " if copies else ""
    parts.append(f"{read}{bytes_words(overview.writes)} to write")
    if refused:
        parts.append(f"goes on with {overview.goes_on_with}")
    lines = [" \u00b7 ".join(parts)]
    if not overview.fits:
        lines.append(f"only {bytes_words(overview.free or 0)} are free where the copies go: not all of them fit")
    return [*lines, *_table(overview, copies)]


def _table(overview: Overview, copies: bool) -> list[str]:
    rows = [[*_HEADER[:-2], *(_HEADER[-2:] if copies else _HEADER[-1:])]]
    for title, line in sorted(overview.formats.items()):
        numbers = [line.slides, line.to_do, line.pictures, line.fields, line.unknown]
        sizes = [bytes_words(line.size)] * copies + [bytes_words(line.writes)]
        rows.append([title or "interrupted", *map(str, numbers), *sizes])
    if len(rows) == 1:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    first = [row[0].ljust(widths[0]) for row in rows]
    rest = ["  ".join(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)) for row in rows]
    return [f" {a}  {b}".rstrip() for a, b in zip(first, rest, strict=True)]


def summary_lines(summary: Summary, others: int, report: str | None) -> list[str]:
    """Return what became of all slides, reasons grouped."""
    counts = {
        "clean": summary.clean,
        "nothing to do": summary.nothing_to_do,
        "NOT clean": summary.not_clean,
        "planned": summary.planned,
        "wait for recover": summary.pending,
        "not begun": summary.not_begun,
    }
    parts = [f"{count} {word}" for word, count in counts.items() if count]
    if summary.refused:
        parts.append(f"{summary.refused.total()} refused: {_reasons(summary.refused)}")
    if summary.names:
        names = "1 name may identify" if summary.names == 1 else f"{summary.names} names may identify"
        parts.append(f"{names}: --name '{{pseudonym}}' gives others")
    if others:
        parts.append(f"{_count(others, 'other file')} left alone")
    if report is not None:
        parts.append(f"report: {report}")
    text = " \u00b7 ".join(parts) or "nothing to do: no slides"
    return [f"stopped: {text}" if summary.stopped else text, *_next(summary)]


def _next(summary: Summary) -> list[str]:
    """Say what beginning again would do, where it would do something."""
    if summary.stopped:
        return ["begin it again to go on: what is clean has nothing to do"]
    if _SURROUNDINGS in summary.codes:
        return ["once permissions, locks and disks are mended, begin it again: it tries again what is not clean yet"]
    return []


def _reasons(reasons: Counter[str], most: int = 6) -> str:
    told = [f"{reason} ({count})" for reason, count in reasons.most_common(most)]
    return "; ".join([*told, "\u2026"] if len(reasons) > most else told)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def bytes_words(number: int) -> str:
    """Say a number of bytes with three digits."""
    size = float(number)
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{number} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
        size /= 1000
    raise AssertionError
