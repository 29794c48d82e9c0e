"""The report of a spot-check: one page, what was drawn and how, what was said, and what follows; no value, no picture.

Names stand in it where they are plain, else numbers of the sample. A note is what the reviewer typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import wording as words
from blankslide.records.report_html import document

if TYPE_CHECKING:
    from blankslide.review.check import SpotCheck

_HOW = (
    "Each slide has a number, the SHA-256 of the seed, a space, and its path below the folder; the smallest numbers are"
    " the sample. The bound is exact for a finite number of slides (hypergeometric distribution)."
)


def content(check: SpotCheck, entry: int | None = None, with_names: bool = False) -> dict[str, Any]:
    """Return the report as plain data.

    Parameters
    ----------
    entry
        Number of the entry in the ledger, if it was signed.
    """
    from blankslide.version import __version__

    result = check.result()
    return {
        "tool": f"Blankslide {__version__}",
        "result": result.sentence(),
        "of": result.of,
        "size": result.size,
        "seed": result.seed,
        "confidence": result.confidence,
        "looked": result.looked,
        "failed": len(result.failed),
        "bad_at_most": result.bad,
        "reviewers": list(result.reviewers) or [check.reviewer],
        "complete": check.is_complete,
        "differ": len(result.differ),
        "ledger_entry": entry,
        "slides": [
            {
                "number": position + 1,
                "slide": _name(name, position, with_names),
                "verdicts": {
                    who: {"verdict": said.word, "note": said.note, "time": said.time}
                    for who, said in check.verdicts(position).items()
                },
            }
            for position, name in enumerate(check.sample)
        ],
    }


def _name(name: str, position: int, with_names: bool) -> str:
    last = name.rpartition("/")[2]
    return public_name(words.shown(name if with_names else last), name_verdict(last), position + 1, with_names)


def page(data: Mapping[str, Any]) -> str:
    """Return the report as an HTML page, fit for printing."""
    failed = [slide for slide in data["slides"] if any(v["verdict"] == "fail" for v in slide["verdicts"].values())]
    colour = "bad" if failed else "good"
    facts = {
        "Reviewers": ", ".join(data["reviewers"]),
        "Sample": f"{data['size']} of {data['of']} slides, seed {data['seed']}",
        "Looked at": f"{data['looked']}" if data["complete"] else f"{data['looked']}: NOT complete",
        "Not of one mind": str(data["differ"]),
        "Ledger": f"entry {data['ledger_entry']}" if data["ledger_entry"] else "not signed",
    }
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    return document(
        "Spot-check",
        [
            f'<p class="soft">{escape(data["tool"])}</p>',
            f'<section><p class="{colour}">{escape(data["result"])}</p><dl>{listed}</dl></section>',
            f"<section><h2>Slides</h2>{_table(data['slides'])}</section>",
            f'<p class="soft">{escape(_HOW)}</p>',
        ],
    )


def _table(slides: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (slide["number"], slide["slide"], who, _MARKS[said["verdict"]], said["note"], said["time"])
        for slide in slides
        for who, said in (slide["verdicts"] or {"": {"verdict": "", "note": "", "time": ""}}).items()
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in ("no.", "slide", "reviewer", "verdict", "note", "when"))
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_MARKS = {"pass": "✓ pass", "fail": "✗ FAIL", "": "not looked at"}
