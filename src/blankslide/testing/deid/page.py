"""The results of a benchmark as one page: what was missed first, then numbers by tool, format, kind and place."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.testing.deid.audited import DOUBT, MISSED, NAMED, READ, left_of, says
from blankslide.testing.deid.key import HIDDEN, REMOVED

if TYPE_CHECKING:
    from blankslide.testing.deid.key import Item
    from blankslide.testing.deid.score import Audit, Result
    from blankslide.testing.deid.tools import Tool

Results = Mapping[str, Sequence["Result"]]
_MOST = 40


def markdown(tools: Sequence[Tool], results: Results, seeds: Sequence[int], date: str) -> str:
    """Return the page.

    Parameters
    ----------
    tools
        Ours first.
    results
        By the tools' names.
    """
    slides = len(next(iter(results.values())))
    told = ", ".join(f"{tool.name} {tool.version}".strip() for tool in tools)
    lines = [
        "# De-identification benchmark",
        "",
        f"{slides} slides, seeds {', '.join(map(str, seeds))}, made on {date}: {told}.",
        "Each number is right actions of required ones. *Removed* counts texts and pictures that must go, of the",
        "slides that a tool has made; *kept* counts science values and tissue. A slide that a tool refuses has no",
        "result: that is counted under *made*, and harms nobody. *Told* are slides of which the tool itself said that",
        "something is left, or that it has failed.",
        "",
        "## Sum",
        "",
        *_table(["tool", "made", "told", "removed", "kept"], (_sum(tool.name, results[tool.name]) for tool in tools)),
    ]
    for tool in tools:
        lines += ["", f"## What {tool.name} missed", "", *_missed(results[tool.name])]
    lines += ["", "## What our audit says of the results", "", *_audits(tools, results)]
    for title, by in (("format", _format), ("kind", _kind), ("place", _where)):
        lines += ["", f"## By {title}", "", *_by(title, tools, results, by)]
    return "\n".join(lines) + "\n"


def _sum(name: str, results: Sequence[Result]) -> list[str]:
    made = [each for each in results if each.judged]
    told = sum(each.ending == "told" for each in made)
    return [name, f"{len(made)} of {len(results)}", str(told), _share(made, True), _share(made, False)]


def _share(results: Iterable[Result], goes: bool, wanted: Callable[[Result, Item], bool] = lambda r, i: True) -> str:
    found = [
        judged.right
        for result in results
        for judged in result.judged
        if judged.right is not None
        and (judged.item.action in (REMOVED, HIDDEN)) == goes
        and wanted(result, judged.item)
    ]
    return f"{sum(found)} of {len(found)} ({100 * sum(found) / len(found):.2f} %)" if found else "–"


def _missed(results: Sequence[Result]) -> list[str]:
    """List what went wrong, by what it is; of slides that the tool itself called unfinished, that is said."""
    found: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for result in results:
        for judged in result.judged:
            if judged.right is False:
                ending = "told" if result.ending == "told" else "**silently**"
                what = "left" if judged.item.action in (REMOVED, HIDDEN) else "lost"
                found[result.case.format, f"{judged.item.what} ({judged.item.where})", what, ending] += 1
    if not found:
        return ["Nothing."]
    rows = sorted(found.items(), key=lambda each: (each[0][3], -each[1], each[0]))
    lines = _table(["format", "what", "was", "how", "slides"], ([*key, str(n)] for key, n in rows[:_MOST]))
    return lines + ([f"... and {len(rows) - _MOST} more kinds."] if len(rows) > _MOST else [])


def _audits(tools: Sequence[Tool], results: Results) -> list[str]:
    """Say of how much that the score found left the audit knows, which knows nothing of the key."""
    head = ["tool", "slides with something left", "told by the audit", "things left"]
    head += ["named", "read", "in doubt", "missed", "nothing left", "audit: nothing left"]
    lines = [
        "The score looks for what was planted; the audit (`blankslide audit`) knows nothing of that. *Named* are",
        "things that it lists by what they are, *read* those that it has read, or pictures that it has seen, and",
        "that nothing explains; *in doubt* are those of slides of which it only says that there is more than it can",
        "explain. It may find more than was planted: what vendors write themselves.",
        "",
        *_table(head, (_audit_row(tool.name, results[tool.name]) for tool in tools)),
    ]
    missed = Counter(
        (tool.name, result.case.format, f"{item.what} ({item.where})")
        for tool in tools
        for result in results[tool.name]
        for item in unheard(result)
    )
    if missed:
        lines += ["", *_table(["tool", "format", "missed by the audit", "slides"], _counted(missed))]
    return lines


def unheard(result: Result) -> list[Item]:
    """Return the things that are left in a slide, and of which the audit says nothing."""
    return [item for item in left_of(result) if result.audit is not None and says(result.audit, item) == MISSED]


def _audit_row(name: str, results: Sequence[Result]) -> list[str]:
    audited = _audited(results)
    left = [(result, audit) for result, audit in audited if left_of(result)]
    words = Counter(says(audit, item) for result, audit in left for item in left_of(result))
    clean = [audit for result, audit in audited if not left_of(result)]
    told = sum(not audit.is_clean for _, audit in left)
    cells = [len(left), told, words.total(), words[NAMED], words[READ], words[DOUBT], words[MISSED], len(clean)]
    return [name, *map(str, cells), str(sum(audit.is_clean for audit in clean))]


def _audited(results: Iterable[Result]) -> list[tuple[Result, Audit]]:
    return [(result, result.audit) for result in results if result.audit is not None]


def _counted(missed: Counter[tuple[str, str, str]]) -> list[list[str]]:
    return [[*key, str(count)] for key, count in missed.most_common(_MOST)]


def _format(result: Result, item: Item) -> str:
    return result.case.format


def _kind(result: Result, item: Item) -> str:
    return item.kind


def _where(result: Result, item: Item) -> str:
    return item.where


def _by(title: str, tools: Sequence[Tool], results: Results, by: Callable[[Result, Item], str]) -> list[str]:
    names = sorted({by(r, i) for each in results.values() for r in each for i in r.case.items})
    head = [title, *(f"{tool.name}: {word}" for tool in tools for word in ("removed", "kept"))]
    rows = []
    for name in names:
        cells = [name]
        for tool in tools:
            for goes in (True, False):
                cells.append(_share(results[tool.name], goes, lambda r, i, name=name: by(r, i) == name))  # type: ignore[misc]
        rows.append(cells)
    return _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
