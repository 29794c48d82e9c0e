"""A person in a browser: real clicks and keys in JupyterLab, Notebook 7 and Voila, and the files on disk afterwards."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

OWN = 'own = {"ledger": "ledger.jsonl", "key": "site.key"}'
REVIEW = f"""
import time
from blankslide.jupyter import AuditLog, BatchReview, SlideReview, SpotCheck
from blankslide.model import Stage

{OWN}
review = SlideReview("slide.svs", **own)

def slowly(event):
    if event == "progress" and review.session.stage is Stage.PLAN and not review.session.dry_run:
        stop()
        time.sleep(3)

stop = review.session.on(slowly)
review
"""
BATCH = 'batch = BatchReview("archive", jobs=1, **own)\nbatch'
SPOT = 'spot = SpotCheck("clean", "A. Reviewer", seed=3, **own)\nspot'
AUDIT = "audit = AuditLog(**own)\naudit"
PATIENT = "Thimblewick, Percivus"
TITLE, HOSTILE = b"Thimblewick, Percivus prostate apex", b"<img src=x onerror=alert(1)>QUILL"
Leaks = Callable[[str, list[str]], list[str]]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def folder(built: Any) -> Path:
    """Return a folder with a slide, an archive of slides that are to be done, and one of which one is not clean."""
    work: Path = built.path.parent
    built.path.write_bytes(built.path.read_bytes().replace(TITLE, HOSTILE.ljust(len(TITLE), b"!")))
    small: dict[str, Any] = {"size": (512, 384), "factors": (1, 2)}
    for place, count in (("archive", 5), ("clean", 2)):
        (work / place).mkdir()
        for number in range(count):
            build_aperio(work / place / f"slide-{number}.svs", **small)
    api.anonymize(work / "clean" / "slide-0.svs", in_place=True, ledger=work / "ledger.jsonl", key=work / "site.key")
    return work


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("front", ["lab", "notebook", "voila"])
def test_a_person_reviews_runs_checks_and_audits(
    front: str, lab: ModuleType, built: Any, folder: Path, leaks: Leaks, home: Path, tmp_path: Path
) -> None:
    if why := lab.missing():
        pytest.skip(f"no browser test here: {why}")
    notebook = folder / "work.ipynb"
    lab.write_notebook(notebook, REVIEW, BATCH, SPOT, AUDIT)
    with (
        lab.server(folder, home, front=front, keeps_states=front == "lab") as address,
        lab.page(tmp_path / "browser", size=(1280, 1700)) as page,
    ):
        if front == "voila":
            page.goto(address.format(notebook.name))
        else:
            lab.run_all(page, address.format(notebook.name))
        review(lab, page, built)
        batch(lab, page)
        spot_check(lab, page)
        audit(lab, page)
        for name in ("review", "batch", "spotcheck", "audit"):
            assert lab.axe(page, f".blankslide-{name}") == []
        page.locator(".blankslide-audit button").first.evaluate("e => e.before(new Image())")
        assert lab.axe(page, ".blankslide-audit") != [], "the search must see what is there"
        if front != "voila":
            saved_and_opened_again(lab, page, address, notebook, leaks, built)
    for path in (built.path, *(folder / "archive").iterdir()):
        assert api.verify(path).content == "clean"


def review(lab: ModuleType, page: Any, built: Any) -> None:
    """What is in it, closely; a run that is cancelled, and one that is not."""
    card = page.locator(".blankslide-review")
    lab.seen(card.get_by_text("2 pictures and 23 fields can identify the patient"))
    lab.seen(card.locator("figure img").nth(2))
    assert card.get_by_text(PATIENT, exact=True).count() == 0
    card.get_by_label("show values").check()
    lab.seen(card.get_by_text(PATIENT, exact=True))
    card.get_by_label("Filter findings").fill("barcode")
    lab.seen(card.get_by_role("rowheader", name="Barcode", exact=True))
    lab.unseen(card.get_by_role("rowheader", name="Accession", exact=True))
    card.get_by_label("Filter findings").fill("")
    lab.seen(card.get_by_role("rowheader", name="Accession", exact=True))
    every_string(lab, card)
    closely(lab, card)
    before = digest(built.path)
    card.get_by_role("button", name="Dry run").click()
    lab.seen(card.get_by_text("dry run: nothing was changed"))
    card.get_by_label("dry run").uncheck()
    lab.seen(card.get_by_text("This overwrites slide.svs itself. There is no way back."))
    button = card.get_by_role("button", name="Anonymize")
    lab.shut(button)
    card.get_by_label("Yes, overwrite slide.svs").check()
    button.click()
    card.get_by_role("button", name="Cancel").click()
    lab.seen(card.get_by_text("cancelled before anything was written"))
    assert digest(built.path) == before
    card.get_by_label("Yes, overwrite slide.svs").check()
    button.click()
    lab.seen(card.get_by_text("slide.svs · clean – checked by OpenSlide and tifffile, tissue unchanged"))
    lab.seen(card.get_by_text("label · gone"))
    card.get_by_role("button", name="Show before").click()
    lab.seen(card.get_by_text("These pictures are from BEFORE the run"))


def every_string(lab: ModuleType, card: Any) -> None:
    """The list is opened by a key and narrowed down; what stands in a slide is a text, never markup."""
    fold = card.locator("details", has_text="Readable strings")
    fold.locator("summary").press("Enter")
    lab.seen(fold.get_by_text("strings can be read in it"))
    lab.seen(fold.get_by_text(HOSTILE.decode()))
    assert fold.locator("img").count() == 0
    fold.get_by_label("Filter strings").fill("quill")
    lab.unseen(fold.get_by_text("Barcode"))
    fold.locator("summary").press("Enter")


def closely(lab: ModuleType, card: Any) -> None:
    """A picture is enlarged; tissue is moved, zoomed and turned, by keys alone; squares arrive."""
    card.get_by_role("button", name="enlarge, turn and zoom: label").press("Enter")
    stage = card.locator("canvas")
    lab.seen(card.get_by_text("label · "))
    whole(stage)
    label = ink(stage)
    assert label["spread"] > 30, "a label, not a plain area"
    card.get_by_label("Look at", exact=True).select_option("tissue")
    lab.seen(card.get_by_text("tissue · "))
    whole(stage)
    stage.focus()
    seen = [ink(stage)["sum"]]
    for key in ("+", "+", "ArrowRight", "r"):
        stage.press(key)
        whole(stage)
        seen.append(ink(stage)["sum"])
    assert len(set(seen)) == len(seen), "each key shows something else"
    lab.seen(card.get_by_text("turned 90°"))
    stage.press("Escape")
    lab.unseen(card.locator("canvas:visible"))


def whole(stage: Any) -> None:
    """Wait until all squares in sight are there and drawn."""
    stage.evaluate(
        """async canvas => {
            for (let i = 0; i < 600 && canvas.dataset.missing !== "0"; i++) await new Promise(f => setTimeout(f, 50));
            await new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)));
        }"""
    )
    stage.page.wait_for_timeout(250)


def ink(stage: Any) -> dict[str, float]:
    found: dict[str, float] = stage.evaluate(
        """canvas => {
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let sum = 0, square = 0, all = 0, hash = 0;
            for (let i = 0; i < data.length; i += 4) {
                if (!data[i + 3]) continue;
                sum += data[i + 1]; square += data[i + 1] ** 2; all++;
                hash = (hash * 31 + data[i + 1] + i) % 1000000007;
            }
            return {sum: hash, spread: Math.sqrt(square / all - (sum / all) ** 2)};
        }"""
    )
    return found


def batch(lab: ModuleType, page: Any) -> None:
    """A folder is planned, begun, stopped, and gone on with."""
    card = page.locator(".blankslide-batch")
    lab.seen(card.get_by_text("5 slides · 5 to do"))
    for stops in (True, False):
        card.get_by_role("button", name="Plan").click()
        lab.seen(card.get_by_text("There is no way back."))
        lab.shut(card.get_by_role("button", name="Start"))
        card.get_by_label("Yes, I have read this").check()
        card.get_by_role("button", name="Start").click()
        if stops:
            card.get_by_role("button", name="Cancel").click()
            lab.seen(card.get_by_text("stopped: "))
    lab.seen(card.get_by_role("heading", name="5 clean").or_(card.get_by_text("✓ clean")))


def spot_check(lab: ModuleType, page: Any) -> None:
    """By keys: the clean slide passes, the other one fails with a note; the result is signed."""
    card = page.locator(".blankslide-spotcheck")
    lab.seen(card.get_by_text("2 slides · sample of 2 (seed 3)"))
    for number in (1, 2):
        where = card.get_by_role("heading", name=f"[{number}/2]")
        lab.seen(where)
        clean = "NOT" not in where.inner_text()
        lab.seen(card.locator("figure img").first)
        corner = card.locator("img[alt='corner top left of the slide']")
        lab.seen(corner)
        assert corner.evaluate("image => image.clientHeight === image.naturalHeight && image.clientHeight >= 200")
        held = "new KeyboardEvent('keydown', {key: 'p', repeat: true, bubbles: true})"
        card.locator(".keys").evaluate(f"keys => keys.dispatchEvent({held})")
        page.wait_for_timeout(400)
        lab.seen(where)  # a key that is held judges nothing
        assert card.get_by_text(f"{number - 1} of 2 judged").count() == 1
        if not clean:
            lab.seen(card.get_by_text(PATIENT).first)
            card.locator(".keys").press("n")
            page.keyboard.type("a label is there")
            page.wait_for_timeout(400)
        card.locator(".keys").press("p" if clean else "f")
    lab.seen(card.get_by_text("1 of 2 failed of 2 slides (seed 3)"))
    card.get_by_role("button", name="Sign").click()
    lab.seen(card.get_by_text("signed by A. Reviewer · ledger entry"))


def audit(lab: ModuleType, page: Any) -> None:
    card = page.locator(".blankslide-audit")
    card.get_by_role("button", name="Look again").click()
    lab.seen(card.get_by_text("ledger.jsonl · 8 entries"))
    card.get_by_role("button", name="Check chain and mirror").click()
    lab.seen(card.get_by_text("8 entries, whole"))


def saved_and_opened_again(lab: ModuleType, page: Any, address: str, notebook: Path, leaks: Leaks, built: Any) -> None:
    """Saved as it is, it holds no value and no picture; opened again without its kernel, it shows the summary."""
    saved = lab.save(page, notebook)
    assert leaks(saved, [*built.values(), "QUILL", "onerror=alert"]) == []
    assert "clean – checked by" in saved
    again = notebook.with_name("again.ipynb")
    shutil.copy(notebook, again)
    page.goto(address.format(again.name))
    lab.seen(page.get_by_text("this slide · clean – checked by").locator("visible=true"))
    lab.seen(page.get_by_text("1 of 2 failed of 2 slides").locator("visible=true"))
    page.wait_for_timeout(1000)
    assert page.get_by_text("model not found").count() == 0
