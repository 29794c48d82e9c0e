"""A person in a browser: JupyterLab, real clicks, the file on disk afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

CELLS = (
    "from blankslide.jupyter import SlideReview\n"
    'review = SlideReview("slide.svs", ledger="ledger.jsonl", key="site.key")\n'
    "review",
    "1 + 1",
)
Leaks = Callable[[str, list[str]], list[str]]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def associated(path: Path) -> set[str]:
    openslide = pytest.importorskip("openslide")
    with openslide.OpenSlide(path) as slide:
        return set(slide.associated_images)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("loopback")
def test_a_person_clicks_through_dry_run_and_anonymize(
    lab: ModuleType, built: Any, leaks: Leaks, home: Path, tmp_path: Path
) -> None:
    if why := lab.missing():
        pytest.skip(f"no browser test here: {why}")
    notebook = built.path.with_name("review.ipynb")
    lab.write_notebook(notebook, *CELLS)
    with lab.server(notebook.parent, home) as address, lab.page(tmp_path / "browser") as page:
        lab.run_all(page, address.format(notebook.name))
        card = page.locator(".blankslide-review")
        look(lab, card)
        dry_run(lab, card, built)
        anonymize(lab, card, built)
        assert "a picture" in leaks(lab.save(page, notebook), built.values()), "the search must see what is there"
        card.get_by_role("button", name="Finish").click()
        lab.seen(card.get_by_text("This card was emptied"))
        lab.unseen(card.locator("img"))
        saved = lab.save(page, notebook)
    assert '"application/vnd.jupyter.widget-state+json"' in saved, "the state of the widgets was saved too"
    assert leaks(saved, built.values()) == []
    assert "clean – checked by" in saved


def look(lab: ModuleType, card: Any) -> None:
    """What is in it: sentence, pictures, masked values, values on request, the filter."""
    lab.seen(card.get_by_text("2 pictures and 23 fields can identify the patient"))
    lab.seen(card.locator(".blankslide-pictures img >> visible=true").nth(2))
    assert card.get_by_text("Thimblewick, Percivus", exact=True).count() == 0
    card.get_by_label("show values").check()
    lab.seen(card.get_by_text("Thimblewick, Percivus", exact=True))
    card.get_by_placeholder("filter", exact=True).fill("barcode")
    lab.seen(card.get_by_text("Barcode", exact=True))
    lab.unseen(card.get_by_text("Accession", exact=True))
    card.get_by_placeholder("filter", exact=True).fill("")
    lab.seen(card.get_by_text("Accession", exact=True))


def dry_run(lab: ModuleType, card: Any, built: Any) -> None:
    before = digest(built.path)
    card.get_by_role("button", name="Dry run").click()
    lab.seen(card.get_by_text("dry run: nothing was changed"))
    assert digest(built.path) == before


def anonymize(lab: ModuleType, card: Any, built: Any) -> None:
    """The button stays shut until the sentence that names the file is ticked."""
    card.get_by_label("dry run").uncheck()
    lab.seen(card.get_by_text("This overwrites slide.svs itself. There is no way back."))
    button = card.get_by_role("button", name="Anonymize")
    lab.shut(button)
    card.get_by_label("Yes, overwrite slide.svs").check()
    button.click()
    lab.seen(card.get_by_text("slide.svs · clean – checked by OpenSlide and tifffile, tissue unchanged"))
    lab.seen(card.get_by_text("label · gone"))
    assert api.verify(built.path).content == "clean"
    assert associated(built.path) == {"thumbnail"}
    data = built.path.read_bytes()
    assert [r.id for r in built.key.removed if len(r.value) > 4 and r.value.encode(r.encoding) in data] == []
    assert list(built.path.parent.glob(".blankslide*")) == []
