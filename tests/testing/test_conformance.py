"""The conformance suite notices: a sound toy format passes, and each deliberate fault is caught.

The table names the test that must catch a fault, so a suite that loses a test, or a test
that loses its teeth, fails here.
"""

from __future__ import annotations

import inspect as reflection
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide.errors import BlankslideError, DamagedSlide, SlideError
from blankslide.formatkit.protocol import Format, Probe
from blankslide.model import (
    Action,
    Blank,
    Cut,
    Drop,
    Edit,
    Fill,
    Finding,
    Inspection,
    Outcome,
    Part,
    PhiClass,
    Place,
    TextBlock,
    Write,
)
from blankslide.model.changed import changed
from blankslide.spans import ByteClass, ByteMap
from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from types import ModuleType

    from blankslide.samples.kit.answer_key import Planted

TOY = Path(__file__).parents[1] / "toy"


def _load(name: str) -> ModuleType:
    spec = spec_from_file_location(f"toyscope_{name}", TOY / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


FORMAT: Format = _load("format").FORMAT
build_toy: Callable[..., Planted] = _load("sample").build_toy


class Toy(FormatConformance):
    """The suite over the toy; not collected under this name."""

    format = FORMAT
    suffix = ".toy"
    gone = frozenset({"label"})
    blanked = frozenset({"macro"})
    expected = frozenset({"picture.label", "picture.macro", "tiff.xp-author", "toyscope.description.operator"})
    small: ClassVar[dict[str, Any]] = {"size": (256, 256)}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_toy(path, **overrides)


class TestSoundToy(Toy):
    """Without faults everything passes."""


# -- faults of a format file --------------------------------------------------------------


Fault = Callable[[Inspection, Probe], Inspection]


def _change(inspection: Inspection, name: str, **changes: Any) -> Inspection:
    """Replace attributes of one finding."""
    out = []
    for f in inspection.findings:
        given = {n: getattr(f, n) for n in Finding.__slots__}
        out.append(Finding(**{**given, **changes}) if f.id == name else f)
    return changed(inspection, findings=tuple(out))


def _finding(inspection: Inspection, name: str) -> Finding:
    return next(f for f in inspection.findings if f.id == name)


def _also(inspection: Inspection, *edits: Edit) -> Inspection:
    """Let the removal of the operator do something more."""
    name = "toyscope.description.operator"
    return _change(inspection, name, edits=(*_finding(inspection, name).edits, *edits))


def _without(inspection: Inspection, *ids: str) -> Inspection:
    return changed(inspection, findings=tuple(f for f in inspection.findings if f.id not in ids))


def keeps_one_copy(inspection: Inspection, probe: Probe) -> Inspection:
    edits = _finding(inspection, "toyscope.description.operator").edits
    return _change(inspection, "toyscope.description.operator", edits=edits[:1])


def forgets_the_thumbnails_description(inspection: Inspection, probe: Probe) -> Inspection:
    start = probe.tiff.pages[1].tags[270].start
    for f in inspection.findings:
        if f.id.startswith("toyscope."):
            edits = tuple(e for e in f.edits if not (isinstance(e, Cut) and e.block.start == start))
            inspection = _change(inspection, f.id, edits=edits, places=f.places[:1])
    return inspection


def forgets_utf_16(inspection: Inspection, probe: Probe) -> Inspection:
    return _without(inspection, "tiff.xp-author")


def keeps_what_it_does_not_know(inspection: Inspection, probe: Probe) -> Inspection:
    return _without(inspection, *(f.id for f in inspection.findings if f.cls is PhiClass.UNKNOWN))


def moves_a_pointer(inspection: Inspection, probe: Probe) -> Inspection:
    thumbnail, level = probe.tiff.pages[1:3]
    return _also(inspection, Write(0, thumbnail.next_pos, level.next.to_bytes(4, "little")))


def _as_picture(inspection: Inspection, probe: Probe) -> Inspection:
    """Build the map again with tissue called a picture."""
    bytemap = ByteMap(inspection.maps[0].size)
    for start, end, cls, owner in inspection.maps[0].claims():
        bytemap.claim(start, end, ByteClass.ASSOCIATED if cls == ByteClass.TISSUE else ByteClass(cls), owner)
    bytemap.settle()
    return changed(inspection, maps=(bytemap,))


def touches_a_tile(inspection: Inspection, probe: Probe) -> Inspection:
    start = probe.tiff.first.segments()[0][0]
    return _also(_as_picture(inspection, probe), Fill(0, start + 400, start + 402, 0x55))


def shrinks_a_count(inspection: Inspection, probe: Probe) -> Inspection:
    entry = probe.tiff.first.tags[325]
    first = probe.tiff.first.segments()[1][0] - 9
    return _also(inspection, Write(0, entry.start, first.to_bytes(4, "little")))


def leaves_label_strips(inspection: Inspection, probe: Probe) -> Inspection:
    label = probe.tiff.pages[3]
    unlink = Write(0, label.pointer, label.next.to_bytes(4, "little"))
    return changed(_change(inspection, "picture.label", edits=(unlink,)), complete=True)


def unlinks_the_wrong_page(inspection: Inspection, probe: Probe) -> Inspection:
    return _change(inspection, "picture.label", edits=(Drop("page 1"),))


def blanks_with_junk(inspection: Inspection, probe: Probe) -> Inspection:
    (blank,) = (e for e in _finding(inspection, "picture.macro").edits if isinstance(e, Blank))
    return _change(inspection, "picture.macro", edits=tuple(Fill(0, s.start, s.end, 0xAA) for s in blank.slots))


def drops_mpp(inspection: Inspection, probe: Probe) -> Inspection:
    pages = [p.tags[270] for p in probe.tiff.pages if 270 in p.tags]
    blocks = [TextBlock(0, e.start, e.end) for e in pages]
    cuts = tuple(Cut(b, p.start - 5, p.end) for b in blocks for p in inspection.kept if b.start <= p.start < b.end)
    return _also(changed(inspection, mpp=None), *cuts)


def is_never_done(inspection: Inspection, probe: Probe) -> Inspection:
    """Flip a bit of the resolution each time."""
    at = probe.tiff.pages[-1].tags[282].start
    edits = (Write(0, at, bytes((probe.main.read(at, 1)[0] ^ 1,))),)
    place = Place(0, "page 4", at, at + 1)
    new = Finding("toyscope.flip", "Flip", PhiClass.QUASI, (place,), edits)
    return changed(inspection, findings=(*inspection.findings, new))


def hides_bytes_from_the_map(inspection: Inspection, probe: Probe) -> Inspection:
    """Call all that nobody owns structure."""
    bytemap = ByteMap(inspection.maps[0].size)
    for start, end, cls, owner in inspection.maps[0].claims():
        bytemap.claim(start, end, ByteClass(cls), owner)
    for start, end in inspection.maps[0].gaps():
        bytemap.claim(start, end, ByteClass.STRUCTURE, "page 0")
    bytemap.settle()
    return changed(_without(inspection, "slide.unowned"), maps=(bytemap,))


def gives_ids_of_another_vendor(inspection: Inspection, probe: Probe) -> Inspection:
    return _change(inspection, "toyscope.description.operator", id="aperio.description.operator")


def gives_a_role_that_nobody_can_ask_for(inspection: Inspection, probe: Probe) -> Inspection:
    return _change(inspection, "picture.macro", id="picture.bigmacro")


def tells_a_value_in_a_place(inspection: Inspection, probe: Probe) -> Inspection:
    operator = _finding(inspection, "toyscope.description.operator")
    assert operator.value is not None
    places = tuple(p._replace(where=operator.value.reveal()) for p in operator.places[:1])
    return _change(inspection, operator.id, places=places)


def sees_a_level_of_another_size(inspection: Inspection, probe: Probe) -> Inspection:
    first = inspection.levels[0]
    return changed(inspection, levels=(first._replace(width=first.width + 1), *inspection.levels[1:]))


class FirstCome:
    """A structure in which the place of a part decides what becomes of it."""

    def __init__(self, at: int) -> None:
        self.at = at

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        return [Write(0, self.at, parts[0][0][:1].encode())]


def composes_in_the_order_of_findings(inspection: Inspection, probe: Probe) -> Inspection:
    rewrite = FirstCome(probe.tiff.pages[-1].tags[282].start)
    for what in ("operator", "scanned"):
        name = f"toyscope.description.{what}"
        inspection = _change(inspection, name, edits=(*_finding(inspection, name).edits, Part(rewrite, what)))
    return inspection


class Faulty:
    """The toy with a fault in what it reports."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(FORMAT, name)

    def inspect(self, probe: Probe) -> Inspection:
        """Report wrongly, as long as there is somebody to be wrong about."""
        inspection = FORMAT.inspect(probe)
        done = not any(f.id == "toyscope.description.operator" for f in inspection.findings)
        return (
            inspection
            if done and self._fault not in (is_never_done, hides_bytes_from_the_map)
            else self._fault(inspection, probe)
        )


class AcceptsEveryFile(Faulty):
    def detect(self, probe: Probe) -> str | None:
        return None


class GivesNoReason(Faulty):
    def detect(self, probe: Probe) -> str | None:
        return FORMAT.detect(probe) and ""


class RaisesTheWrongType(Faulty):
    def inspect(self, probe: Probe) -> Inspection:
        try:
            return FORMAT.inspect(probe)
        except SlideError as error:
            raise ValueError("broken") from error


class QuotesTheSlide(Faulty):
    def inspect(self, probe: Probe) -> Inspection:
        try:
            return FORMAT.inspect(probe)
        except SlideError as error:
            raise DamagedSlide(f"broken near {probe.tiff.first.text(270)}") from error


class HasNothingToSay(Faulty):
    removes = ""


def sound(inspection: Inspection, probe: Probe) -> Inspection:
    return inspection


class GrowsTheFile(Toy):
    def anonymize(self, path: Path, profile: str = "research") -> Outcome:
        outcome = super().anonymize(path, profile)
        with path.open("ab") as file:
            file.write(b"\0")
        return outcome


class LeavesAFile(Toy):
    def anonymize(self, path: Path, profile: str = "research") -> Outcome:
        path.with_suffix(".bak").write_bytes(path.read_bytes())
        return super().anonymize(path, profile)


class PrintsTheSlide(Toy):
    def anonymize(self, path: Path, profile: str = "research") -> Outcome:
        print(path.read_bytes().decode("latin-1"))
        return super().anonymize(path, profile)


class NamesNoFinding(Toy):
    """Would pass with a format that sees nothing."""

    expected = frozenset()


class WritesInPanic(Toy):
    """Touches the slide before it knows whether it can be edited."""

    def anonymize(self, path: Path, profile: str = "research") -> Outcome:
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)) if data else b"")
        return super().anonymize(path, profile)


@dataclass(frozen=True)
class Case:
    """A fault and the test that must catch it."""

    fault: Any
    caught_by: str

    @property
    def suite(self) -> type[FormatConformance]:
        if isinstance(self.fault, type) and issubclass(self.fault, FormatConformance):
            return self.fault
        made = self.fault(sound) if isinstance(self.fault, type) else Faulty(self.fault)
        return type("Broken", (Toy,), {"format": made})


CASES = [
    Case(keeps_one_copy, "leaves_nothing_planted_in_any_file"),
    Case(forgets_the_thumbnails_description, "every_planted_copy_lies_in_a_finding"),
    Case(forgets_the_thumbnails_description, "ends_clean_in_the_eyes_of_others"),
    Case(forgets_utf_16, "every_planted_copy_lies_in_a_finding"),
    Case(forgets_utf_16, "leaves_nothing_planted_in_any_file"),
    Case(forgets_utf_16, "reports_every_expected_finding"),
    Case(NamesNoFinding, "reports_every_expected_finding"),
    Case(keeps_what_it_does_not_know, "reports_keys_that_nobody_has_heard_of"),
    Case(moves_a_pointer, "ends_clean_in_the_eyes_of_others"),
    Case(composes_in_the_order_of_findings, "order_of_findings_does_not_matter"),
    Case(touches_a_tile, "plan_meets_no_tissue"),
    Case(touches_a_tile, "leaves_tissue_bit_for_bit"),
    Case(shrinks_a_count, "ends_clean_in_the_eyes_of_others"),
    Case(leaves_label_strips, "leaves_nothing_planted_in_any_file"),
    Case(leaves_label_strips, "every_prefix_of_the_plan_parses_and_is_not_clean"),
    Case(unlinks_the_wrong_page, "ends_clean_in_the_eyes_of_others"),
    Case(blanks_with_junk, "ends_clean_in_the_eyes_of_others"),
    Case(drops_mpp, "sees_the_levels_and_the_pixel_size_of_the_key"),
    Case(sees_a_level_of_another_size, "sees_the_levels_and_the_pixel_size_of_the_key"),
    Case(is_never_done, "second_run_finds_and_writes_nothing"),
    Case(is_never_done, "strict_profile_ends_clean_too"),
    Case(hides_bytes_from_the_map, "bytes_that_nobody_owns_are_emptied_or_reported"),
    Case(gives_ids_of_another_vendor, "its_findings_can_be_named_by_a_person"),
    Case(gives_a_role_that_nobody_can_ask_for, "its_findings_can_be_named_by_a_person"),
    Case(tells_a_value_in_a_place, "shows_no_value_by_accident"),
    Case(AcceptsEveryFile, "declines_what_is_no_slide_and_says_why"),
    Case(GivesNoReason, "declines_what_is_no_slide_and_says_why"),
    Case(RaisesTheWrongType, "damage_raises_a_documented_error"),
    Case(QuotesTheSlide, "damage_raises_a_documented_error"),
    Case(HasNothingToSay, "documents_itself"),
    Case(GrowsTheFile, "changes_no_size_and_leaves_no_file"),
    Case(LeavesAFile, "changes_no_size_and_leaves_no_file"),
    Case(LeavesAFile, "does_not_care_what_the_file_is_called"),
    Case(PrintsTheSlide, "says_no_value_to_log_or_streams"),
    Case(WritesInPanic, "a_refused_slide_is_untouched"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.fault.__name__}-{c.caught_by}")
def test_each_fault_is_caught(case: Case, tmp_path: Path) -> None:
    test = getattr(case.suite(), f"test_{case.caught_by}")
    given = {"tmp_path": tmp_path} if "tmp_path" in reflection.signature(test).parameters else {}
    with pytest.raises((AssertionError, BlankslideError)):
        test(**given)


SLOW = ("damage_raises_a_documented_error", "every_prefix_of_the_plan_parses_and_is_not_clean")


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.caught_by in SLOW], ids=lambda c: f"{c.fault.__name__}-{c.caught_by}"
)
def test_a_sample_catches_the_same_faults(case: Case) -> None:
    sampled = type("Sampled", (case.suite,), {"whole": False})
    with pytest.raises((AssertionError, BlankslideError)):
        getattr(sampled(), f"test_{case.caught_by}")()


def test_a_sample_is_small_and_the_same_in_every_run_and_another_in_every_class() -> None:
    one, other = (type(name, (Toy,), {"whole": False}) for name in ("One", "Other"))
    cases = range(100)
    assert len(one()._tried(cases, 12)) == 12
    assert one()._tried(cases, 12) == one()._tried(cases, 12) != other()._tried(cases, 12)
    assert Toy()._tried(cases, 12) == cases
    assert one()._tried(range(5), 12) == range(5)


def test_a_sampled_class_looks_at_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    honest = Toy._plan_of
    monkeypatch.setattr(Toy, "_plan_of", lambda self, *given: looked.append(type(self)) or honest(self, *given))
    sampled = type("Sampled", (Toy,), {"whole": False})
    for suite in (Toy, sampled):
        for slow in SLOW:
            getattr(suite(), f"test_{slow}")()
    assert looked.count(sampled) * 3 < looked.count(Toy)


def test_who_names_no_finding_that_must_be_reported_is_told_so() -> None:
    class Silent(FormatConformance):
        format = FORMAT
        suffix = ".toy"
        build = Toy.build

    for suite in (Silent, NamesNoFinding):
        with pytest.raises(AssertionError, match=r"name in `expected` the ids of findings that inspection must report"):
            suite().test_reports_every_expected_finding()


def test_a_journal_that_loses_writes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault of a disk layer rather than of a format: recovery that forgets the last block."""
    from blankslide.storage.transaction import Transaction

    honest = Transaction.write

    def forgetful(self: Transaction, *args: Any, **more: Any) -> None:
        if self._hot and len(self.journal.blocks) > 1:
            self.journal = self.journal._replace(blocks=self.journal.blocks[:-1])
        honest(self, *args, **more)

    monkeypatch.setattr(Transaction, "write", forgetful)
    with pytest.raises(AssertionError, match=r"killed at call|not as planned"):
        Toy().test_killed_anywhere_it_is_as_before_or_can_be_finished()


def test_every_test_of_the_suite_has_a_fault_that_it_catches() -> None:
    tests = {n.removeprefix("test_") for n in dir(FormatConformance) if n.startswith("test_")}
    named = {case.caught_by for case in CASES} | {"killed_anywhere_it_is_as_before_or_can_be_finished"}
    assert tests - named == {"is_accepted_by_this_format_alone"}, "see the next test"
    assert named <= tests


def test_two_formats_for_one_slide_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rival = AcceptsEveryFile(sound)
    monkeypatch.setattr(Toy, "_formats", lambda self: (FORMAT, rival))
    with pytest.raises(AssertionError, match="accepts the slide too"):
        Toy().test_is_accepted_by_this_format_alone()
