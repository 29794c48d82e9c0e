"""A certificate's pages, before they are HTML or PDF: so both say the same words, in the same order.

One slide is one page. Of several slides the first page is the summary, with a table of all; what holds for all slides,
the law and what is not claimed, stands there, and on the only page where there is one slide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from blankslide.presentation import certificate_words as words
from blankslide.records.certificate_slide import counted_by_content


class Facts(NamedTuple):
    """Terms, and what is said of each."""

    title: str
    rows: Sequence[tuple[str, str]]


class Table(NamedTuple):
    """Rows of cells; ``widths`` are shares of the page, ``more`` is said below it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


class Points(NamedTuple):
    """Sentences in a list; ``bad`` if they speak against the slide."""

    title: str
    sentences: Sequence[str]
    bad: bool = False


Block = Facts | Table | Points


class Page(NamedTuple):
    """One page: its title, one word with a colour, a line below it, and its blocks."""

    title: str
    word: str
    good: bool
    below: str
    blocks: Sequence[Block]


def pages(data: Mapping[str, Any]) -> list[Page]:
    """Return all pages of a certificate."""
    slides = data["slides"]
    if len(slides) == 1:
        (only,) = slides
        page = _slide(only, data)
        return [page._replace(blocks=[*page.blocks, *_for_all(data, [only])])]
    return [_summary(data), *(_slide(slide, data) for slide in slides)]


# -- one slide ---------------------------------------------------------------------------


def _slide(slide: Mapping[str, Any], data: Mapping[str, Any]) -> Page:
    word, good = words.CONTENT[slide["content"]], slide["content"] == "clean"
    title = f"Slide {slide['number']}: {slide['name']}"
    if "error" in slide:
        return Page(title, "refused", False, "", [Points("Why", [slide["error"]], bad=True)])
    if slide["content"] == "pending":
        why = "An interrupted run waits for this slide, so it was not judged. Run: blankslide recover"
        return Page(title, word, False, "", [Points("Why", [why], bad=True)])
    left = [Points("Left in it", slide["left"], bad=True)] if slide["left"] else []
    blocks = [*left, _verdict(slide), *_done(slide, data), _levels(slide), _law(slide), _known_by(slide)]
    warned = "" if slide["name_verdict"] == "plain" else f" \u00b7 {words.NAME_MAY}"
    return Page(title, word, good, slide["title"] + warned, blocks)


def _verdict(slide: Mapping[str, Any]) -> Facts:
    beside = slide["beside"]
    return Facts(
        "How it is now",
        [
            ("Content", f"{words.CONTENT[slide['content']]}, judged by the profile {slide['profile']}"),
            ("Judges", ", ".join(slide["judges"]) or "nobody: no independent reader could open it"),
            ("Medium", f"{slide['medium']['verdict']}: {slide['medium']['in_words']}"),
            ("File name", slide["name_verdict"]),
            ("Beside it", f"{words.count_of(beside, 'file')}, left as they are" if beside else "nothing of its name"),
            ("Stays in it", _kept(slide["kept"])),
        ],
    )


def _kept(rows: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(row["id"] for row in rows) or "nothing that was listed as a finding"


def _done(slide: Mapping[str, Any], data: Mapping[str, Any]) -> list[Block]:
    done, ledger = slide["done"], data["ledger"]
    earlier, unsure = (", ".join(map(str, slide[name])) for name in ("earlier", "unsure"))
    if done is None:
        more = [words.OTHERWISE.format(earlier)] if earlier else []
        more += [words.UNSURE.format(unsure)] if unsure else []
        return [Points("What was done", [_no_entry(ledger), *more])]
    facts = [
        ("When and how", f"{done['time']}, {done['mode']}, profile {done['profile']}, Blankslide {done['tool']}"),
        ("Result then", f"{words.CONTENT[done['content']]}, judged by {', '.join(done['judges']) or 'nobody'}"),
        ("Ledger", f"entry {done['sequence']} of {ledger['entries']}; hash {done['hash']}"),
        (
            "Known there as",
            f"{done['slide'] or 'no pseudonym, as there was no key'}, transaction {done['transaction']}",
        ),
    ]
    if slide["same"]:
        others = ", ".join(map(str, slide["same"]))
        facts.append(("Same content", f"also after entry {others}: of the same slide, or of a copy of it"))
    if earlier:
        facts.append(("Before that", words.EARLIER.format(earlier)))
    if unsure:
        facts.append(("Perhaps", words.UNSURE.format(unsure)))
    if not slide["same_name"]:
        facts.append(("Name then", "another one: it was renamed, or is a copy"))
    return [Facts("What was done", facts), *_found(done["findings"])]


def _no_entry(ledger: Mapping[str, Any]) -> str:
    if not ledger["asked"]:
        return words.NO_LEDGER
    return words.CANNOT_READ.format(ledger["problem"]) if ledger["problem"] else words.NO_ENTRY


def _found(findings: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Return findings by class and action: a slide can have hundreds, and each has its row in the data."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in findings:
        groups.setdefault((row["class"], row["action"]), []).append(row)
    rows = [
        (
            f"{action} {words.ACTIONS[action]}",
            words.CLASSES[cls],
            str(sum(row["fields"] for row in group)),
            str(sum(row["count"] for row in group)),
            ", ".join(row["id"] for row in group),
        )
        for (cls, action), group in sorted(groups.items(), key=lambda item: (item[0][1] == "K", item[0]))
    ]
    head = ("Code", "Class", "Found", "Places", "Ids")
    return [Table("Found then, and done (action codes of DICOM PS3.15)", head, rows, (0.12, 0.2, 0.07, 0.07, 0.54))]


def _levels(slide: Mapping[str, Any]) -> Facts:
    rows = []
    for level in words.LEVELS:
        reached = slide["levels"][level]
        word = "reached" if reached else "never claimed" if level == "V" else "not reached"
        rows.append((f"Level {level}", f"{word}: {words.LEVELS[level]}"))
    return Facts("Levels of the guideline (Bisson et al., Digital Health 2023)", rows)


def _law(slide: Mapping[str, Any]) -> Facts:
    rows = [
        (f"Item {item}", f"{slide['hipaa'][item]['gone'].upper()}, {name}: {slide['hipaa'][item]['because']}")
        for item, name in words.ITEMS.items()
    ]
    return Facts(words.HIPAA, rows)


def _known_by(slide: Mapping[str, Any]) -> Facts:
    rows = [
        ("SHA-256", f"{slide['sha256'] or 'not given for a slide that is not clean'} ({words.BYTES})"),
        ("Keyed", slide["keyed"] or "none, as there was no key"),
    ]
    rows += [(file["name"], f"{file['sha256']} ({file['bytes']} bytes, the whole file)") for file in slide["files"]]
    return Facts("By what it is known again", rows)


# -- what holds for all ------------------------------------------------------------------


def _for_all(data: Mapping[str, Any], slides: Sequence[Mapping[str, Any]]) -> list[Block]:
    judged = [slide for slide in slides if "pseudonymised" in slide]
    route = words.GDPR if judged and all(slide["pseudonymised"] for slide in judged) else words.GDPR_NOT
    if len(slides) > 1 and any(slide["pseudonymised"] for slide in judged):
        route = words.GDPR + " This holds for the slides with yes in the table."
    held = words.HELD.format(data["link_table"]) if data["link_table"] else words.NOT_HELD
    return [
        Points("Route in law", [route, held, words.EHDS, words.ADVICE]),
        Points("Not claimed", data["not_claimed"]),
        Facts("This certificate", _about(data)),
    ]


def _about(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    ledger = data["ledger"]
    chain = "no ledger was asked"
    if ledger["problem"]:
        chain = f"it could not be read: {ledger['problem']}"
    elif ledger["asked"]:
        head = f"head {ledger['head']}; {words.CHAIN[ledger['whole']]}" if ledger["entries"] else "empty"
        chain = f"{words.count_of(ledger['entries'], 'entry').replace('entrys', 'entries')}; {head}"
    seal = data["seal"]
    tiles = "every tile was looked into" if data["thorough"] else "some tiles of each level were looked into"
    return [
        ("Made", f"{data['written']} by {data['tool']}, profile {data['profile']}; {tiles}"),
        ("Ledger", chain),
        ("Seal", f"{seal['hmac_sha256']} (key {seal['key']})" if seal else words.UNSEALED),
    ]


def _summary(data: Mapping[str, Any]) -> Page:
    slides = data["slides"]
    counts = {words.CONTENT[key]: number for key, number in counted_by_content(slides).items() if number}
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    good = bool(slides) and list(counts) == ["clean"]
    head = ("No.", "Slide", "Content", "Name", "Medium", "Levels", "Entry", "Art. 4(5)", "3", "13", "18")
    widths = (0.05, 0.27, 0.12, 0.1, 0.1, 0.1, 0.07, 0.07, 0.04, 0.04, 0.04)
    table = Table("All slides (3, 13, 18: items of HIPAA's Safe Harbor)", head, [_row(s) for s in slides], widths)
    blocks = [Facts("Result", [("Slides", f"{len(slides)}: {said}")]), *_for_all(data, slides), table]
    word = "all clean" if good else "NOT all clean"
    return Page(f"{len(slides)} slides", word, good, "Summary; one page for each slide follows", blocks)


def _row(slide: Mapping[str, Any]) -> list[str]:
    start = [str(slide["number"]), slide["name"], words.CONTENT[slide["content"]]]
    if "hipaa" not in slide:
        return [*start, "", "", "", "", "no", "no", "no", "no"]
    return [
        *start,
        slide["name_verdict"],
        slide["medium"]["verdict"],
        " ".join(level for level in words.LEVELS if slide["levels"][level]) or "none",
        str(slide["done"]["sequence"]) if slide["done"] else "none",
        "yes" if slide["pseudonymised"] else "no",
        *(slide["hipaa"][item]["gone"] for item in words.ITEMS),
    ]
