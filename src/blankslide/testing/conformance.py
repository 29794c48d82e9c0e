"""What every format must pass: subclass `FormatConformance` and run pytest.

A subclass gives a builder that writes a slide with invented patients and returns the answer
key, and the ids of the findings it expects. Everything else is inherited: detection, every
planted copy found and gone, tissue untouched, readers agreeing, a second run without effect,
odd names, damage, half-applied plans, and a kill at every call that changes the disk::

    class TestMyScanner(FormatConformance):
        format = FORMAT
        expected = frozenset({"picture.label", "myscanner.operator"})

        def build(self, path, **overrides):
            return build_my_slide(path, **overrides)

Each test can fail: Blankslide's own tests run the suite against a toy format with deliberate
faults and demand that each is caught. How to use it elsewhere: docs/conformance.md.
"""

from __future__ import annotations

import io
import logging
import pickle
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, cast

from blankslide import pipeline
from blankslide.errors import BlankslideError, SlideError
from blankslide.formatkit.protocol import SHARED, Probe
from blankslide.formats import all_formats, registered
from blankslide.model import Outcome, PhiClass
from blankslide.model.changed import changed
from blankslide.pipeline.choices import require_known
from blankslide.planner import make_plan
from blankslide.policy.profiles import RESEARCH, load
from blankslide.testing.bench import Original, contents, edit, is_pending, leaks, not_blank, recover
from blankslide.testing.damage import aliens, boundaries, damaged
from blankslide.testing.faults import FaultyVolume
from blankslide.testing.judge import Before, judge, tiles_of
from blankslide.testing.memory import MemorySlide, applied, inspected, planned
from blankslide.testing.simulated import SimVolume
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format
    from blankslide.model import Inspection, Patch, Plan
    from blankslide.samples.kit.answer_key import Planted

__all__ = ["FormatConformance"]

ODD_NAMES = (
    '$(touch x) `y` "é 名{0}',
    "a\nb{0}",
    "--in-place{0}",
    "ס{0}",
    "label macro{0}",
    "n" * 200 + "{0}",
    "no suffix",
)


def _built(suite: type[FormatConformance], small: bool) -> Original:
    """Build each slide once for all tests."""
    return _build(cast("Any", suite), small)


@lru_cache(maxsize=32)
def _build(suite: Any, small: bool) -> Original:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sample{suite.suffix}"
        planted = suite().build(path, **(suite.small if small else {}))
        return Original(contents(Path(folder)), path.name, planted)


def _edited(suite: type[FormatConformance]) -> tuple[dict[str, bytes], Outcome, list[str]]:
    """Anonymize a slide once; return the folder afterwards, the outcome and the judge's complaints."""
    return _edit(cast("Any", suite))


@lru_cache(maxsize=32)
def _edit(suite: Any) -> tuple[dict[str, bytes], Outcome, list[str]]:
    own, original = suite(), _built(suite, False)
    with tempfile.TemporaryDirectory() as folder:
        path = original.place(Path(folder))
        outcome = own.anonymize(path)
        return contents(Path(folder)), outcome, own.complaints(original.files, original.planted, path)


class FormatConformance:
    """See the module.

    Attributes
    ----------
    format
        The format object; need not be part of the package.
    expected
        Ids of findings that inspection must report; there is no default.
    suffix
        File name ending of the built slide.
    gone, blanked
        Roles of pictures that must not be listed any more, and of those that must show one colour.
    same_profile
        Whether the colour profile must stay bit for bit.
    openslide
        Whether OpenSlide can open the built slide, so that it has to judge.
    borders
        At how many boundaries the small slide is damaged, about ten ways each.
    whole
        Whether the slow tests try every case. One class of a format does; the others, which build
        the same format in another way, can try a sample: other cases in each class, the same ones
        in every run.
    small
        Overrides for `build` that make a slide of a few hundred kilobytes at most: some tests
        inspect it a thousand times.
    """

    format: ClassVar[Format]
    expected: ClassVar[frozenset[str]]
    suffix: ClassVar[str] = ".svs"
    gone: ClassVar[frozenset[str]] = frozenset({"label", "macro"})
    blanked: ClassVar[frozenset[str]] = frozenset()
    same_profile: ClassVar[bool] = True
    openslide: ClassVar[bool] = True
    borders: ClassVar[int] = 60
    whole: ClassVar[bool] = True
    small: ClassVar[Mapping[str, Any]] = {}
    _named: ClassVar[tuple[Original | None, list[str]]] = None, []

    # -- what a subclass gives, or may replace -------------------------------------------

    def build(self, path: Path, **overrides: Any) -> Planted:
        """Write a slide to ``path`` (and beside it) and return its answer key."""
        raise NotImplementedError("a conformance test must say how to build its slide")

    def anonymize(self, path: Path, profile: str = "research") -> Outcome:
        """Anonymize in place, as every face does."""
        with registered(self.format):
            return pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        """Hold the slide against its past; the default suits TIFF-based slides.

        Returns
        -------
        list of str
            Sentences; empty if all is as promised.
        """
        kept = {k.key: k.value for k in planted.kept}
        values = tuple(r.value for r in planted.removed if r.value)
        old = Before(before[path.name], values, gone=self.gone, same_profile=self.same_profile, kept=kept)
        return [*judge(old, path, openslide=self.openslide), *not_blank(path, planted, self.blanked)]

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """Return file number, offset and length of all coded tissue, found by another reader."""
        return [(0, at, size) for at, size in tiles_of(before[name])]

    # -- what it is ----------------------------------------------------------------------

    def test_documents_itself(self) -> None:
        own = self.format
        assert own.name, "the format has no name"
        assert own.name.isidentifier(), "the format's name is no word"
        for part in (own.title, own.removes, own.keeps, *own.readers):
            assert part.strip(), "the format leaves something about itself unsaid"
        assert own.readers, "nobody can judge the format"

    def test_is_accepted_by_this_format_alone(self) -> None:
        for original in (_built(type(self), False), _built(type(self), True)):
            for other in self._formats():
                if other.fallback and not self.format.fallback:
                    continue
                reason = other.detect(Probe(original.slide()))
                if other is self.format:
                    assert reason is None, f"its own slide is declined: {reason}"
                else:
                    assert reason, f"{other.title} accepts the slide too"

    def test_declines_what_is_no_slide_and_says_why(self) -> None:
        original = _built(type(self), True)
        for what, data in aliens(original.files[original.name]):
            try:
                reason = self.format.detect(Probe(MemorySlide({"x": data}, "x")))
            except SlideError as refusal:
                reason = str(refusal)
            assert reason, f"{what} is accepted"

    # -- what is in it -------------------------------------------------------------------

    def test_reports_every_expected_finding(self) -> None:
        expected: frozenset[str] = getattr(self, "expected", frozenset())
        assert expected, "name in `expected` the ids of findings that inspection must report"
        missing = expected - {f.id for f in self._inspection().findings}
        assert not missing, f"expected findings are missing: {sorted(missing)}"

    def test_its_findings_can_be_named_by_a_person(self) -> None:
        """What is to be kept is held against what formats say that they give."""
        names = {f.id for f in self._inspection().findings}
        with registered(self.format):
            assert {i for i in names if RESEARCH.keeping(i).ids[0][0] != i} == set(), "an id that typing changes"
            require_known(RESEARCH.keeping(*sorted(names)))
        vendor = self.format.first_word
        assert {i.partition(".")[0] for i in names} <= {vendor, "picture", *SHARED}

    def test_every_planted_copy_lies_in_a_finding(self) -> None:
        """Each planted place, in each encoding, is covered by a finding of the planted id."""
        original = _built(type(self), False)
        places = {(f.id, *p) for f in self._inspection().findings for p in f.places}
        found = {entry[0] for entry in places}
        for planted in original.planted.removed:
            assert planted.id in found, f"{planted.id} is not found"
            if planted.encoding == "picture" or planted.file:
                continue
            spans = [(start, end) for name, _, _, start, end in places if name == planted.id]
            for at, size in planted.places:
                assert any(s <= at and at + size <= e for s, e in spans), f"a copy of {planted.id} is not found"

    def test_reports_keys_that_nobody_has_heard_of(self) -> None:
        ids = {r.id for r in _built(type(self), False).planted.removed}
        unknown = {f.id for f in self._inspection().findings if f.cls is PhiClass.UNKNOWN}
        assert len(ids & unknown) >= 3, "plant three unknown fields; the format must report them as unknown"

    def test_sees_the_levels_and_the_pixel_size_of_the_key(self) -> None:
        inspection = self._inspection()
        kept = {k.key: k.value for k in _built(type(self), False).planted.kept}
        for i, level in enumerate(inspection.levels):
            assert (str(level.width), str(level.height)) == tuple(
                kept.get(f"openslide.level[{i}].{side}", str(value))
                for side, value in (("width", level.width), ("height", level.height))
            ), f"level {i} has another size than was built"
        if any(key.lower().endswith(("mpp", "mpp-x")) for key in kept):
            assert inspection.mpp is not None, "the pixel size is not seen"

    def test_shows_no_value_by_accident(self) -> None:
        original = _built(type(self), False)
        inspection, plan = self._inspection(), self._plan("research")
        edits = [finding.edits for finding in inspection.findings]
        shown = repr((inspection, inspection.findings, edits, plan)) + repr(pickle.dumps(plan))
        assert leaks(original.values, shown) == [], "a value can be printed by accident"

    # -- what would happen ---------------------------------------------------------------

    def test_order_of_findings_does_not_matter(self) -> None:
        """The plan depends on what was found, not on the order in which the format lists it."""
        slide = _built(type(self), False).slide()
        inspection, dice = inspected(slide, self._formats()), Random(1)
        findings = inspection.findings
        orders = [findings[::-1], *(dice.sample(findings, len(findings)) for _ in range(3))]
        for profile in map(load, ("research", "strict")):
            plan = make_plan(inspection, profile, slide.opened, bytes(range(32)))
            for order in orders:
                again = make_plan(changed(inspection, findings=tuple(order)), profile, slide.opened, bytes(range(32)))
                assert again.patches == plan.patches, "in another order, findings are removed in another way"
                assert sorted(again.left) == sorted(plan.left), "in another order, something else is left"
                assert set(again.decisions) == set(plan.decisions), "in another order, other things are decided"

    def test_plan_meets_no_tissue(self) -> None:
        original = _built(type(self), False)
        spans = self.tissue(original.files, original.name)
        assert spans, "no tissue is known, so nothing was tested"
        for profile in ("research", "strict"):
            for patch in self._plan(profile).patches:
                end = patch.offset + patch.length
                hit = any(f == patch.file and at < end and patch.offset < at + n for f, at, n in spans)
                assert not hit, "a patch meets tissue"

    def test_every_prefix_of_the_plan_parses_and_is_not_clean(self) -> None:
        """A reader may come by at any moment, and a half-edited slide must never pass for a clean one."""
        original = _built(type(self), True)
        patches = self._plan("research", small=True).patches
        assert patches, "nothing is planned for a slide full of patients"
        images = dict(original.files)
        looked_at = {1, len(patches), *self._tried(range(1, len(patches)), 8)}
        for number, patch in enumerate(patches, 1):
            images = self._patched(original, images, [patch])
            if number not in looked_at:
                continue
            left = self._plan_of(original.slide(images), "research")
            if number < len(patches):
                assert left.patches or left.left, "a half-edited slide would be called clean"
            else:
                assert not left.patches, "after the last patch there is still something to do"
                assert not left.left, "after the last patch something is left"

    # -- what happened -------------------------------------------------------------------

    def test_ends_clean_in_the_eyes_of_others(self) -> None:
        _, outcome, complaints = _edited(type(self))
        assert complaints == [], f"an independent judge complains: {complaints}"
        assert outcome.content == "clean", f"not clean: {outcome.residue}"
        assert outcome.readers, "no independent reader has agreed"

    def test_changes_no_size_and_leaves_no_file(self) -> None:
        before = _built(type(self), False).files
        after, _, _ = _edited(type(self))
        assert {n: len(d) for n, d in after.items()} == {n: len(d) for n, d in before.items()}

    def test_leaves_nothing_planted_in_any_file(self) -> None:
        original = _built(type(self), False)
        after, _, _ = _edited(type(self))
        for name, data in after.items():
            for value in original.values:
                assert not places_of(value, data), f"a planted value is left in {name}"
        for planted in original.planted.removed:
            if planted.encoding != "picture":
                continue
            data = after[planted.file or original.name]
            for at, size in planted.places:
                was = original.files[planted.file or original.name][at : at + size]
                assert data[at : at + size] != was or not any(was), f"coded data of {planted.id} is left"

    def test_leaves_tissue_bit_for_bit(self) -> None:
        original = _built(type(self), False)
        after, _, _ = _edited(type(self))
        names = [original.name, *sorted(n for n in original.files if n != original.name)]
        for file, at, size in self.tissue(original.files, original.name):
            name = names[file]
            assert after[name][at : at + size] == original.files[name][at : at + size], "coded tissue has changed"

    def test_second_run_finds_and_writes_nothing(self, tmp_path: Path) -> None:
        after, _, _ = _edited(type(self))
        original = _built(type(self), False)
        path = Original(after, original.name, original.planted).place(tmp_path)
        times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
        outcome = self.anonymize(path)
        assert outcome.content == "clean", f"a clean slide is not called clean: {outcome.residue}"
        assert outcome.writes == 0, "the second run writes"
        assert contents(tmp_path) == after, "the second run changes the slide"
        assert {p: p.stat().st_mtime_ns for p in times} == times, "the second run touches the slide"

    def test_strict_profile_ends_clean_too(self, tmp_path: Path) -> None:
        path = _built(type(self), False).place(tmp_path)
        outcome = self.anonymize(path, "strict")
        assert outcome.content == "clean", f"not clean under strict: {outcome.residue}"
        assert self.anonymize(path, "strict").writes == 0, "the second strict run writes"

    def test_does_not_care_what_the_file_is_called(self, tmp_path: Path) -> None:
        original = _built(type(self), True)
        if len(original.files) > 1:
            return  # members are found by the main file's name
        for number in self._tried(range(len(ODD_NAMES)), 2):
            name = ODD_NAMES[number].format(self.suffix)
            path = original.place(tmp_path / str(number), name)
            assert self.anonymize(path).content == "clean", f"refused because of a name (number {number})"
            assert [p.name for p in path.parent.iterdir()] == [name], "another file appeared"

    def test_bytes_that_nobody_owns_are_emptied_or_reported(self, tmp_path: Path) -> None:
        """What an earlier tool left behind the end must not survive a slide that is called clean."""
        original = _built(type(self), True)
        value = "Left-Behind 4711 Nobody"
        path = original.place(tmp_path)
        path.write_bytes(path.read_bytes() + value.encode() + b"\0" * 7)
        try:
            outcome = self.anonymize(path)
        except SlideError:
            return
        left = places_of(value, path.read_bytes())
        told = [sentence for sentence in outcome.residue if not sentence.startswith("census: ")]
        assert not left or told, "bytes that nobody owns are left and the format does not report them"

    # -- what may go wrong ---------------------------------------------------------------

    def test_damage_raises_a_documented_error(self) -> None:
        """Cut, or with one byte changed, at every structure boundary and next to it."""
        original = _built(type(self), True)
        data = original.files[original.name]
        marks = self._tried(boundaries(self._inspection(small=True), self.borders), self.borders // 5)
        for what, broken in damaged(data, marks):
            slide = original.slide({**original.files, original.name: broken})
            try:
                self._plan_of(slide, "research")
            except SlideError as refusal:
                assert leaks(original.values, str(refusal)) == [], "an error message shows a value"
            except Exception as other:
                raise AssertionError(f"{what} raises {type(other).__name__}, which is no SlideError") from other

    def test_a_refused_slide_is_untouched(self, tmp_path: Path) -> None:
        original = _built(type(self), True)
        data = original.files[original.name]
        marks = boundaries(self._inspection(small=True), self.borders)
        for number, at in enumerate(marks[1 :: max(1, len(marks) // 8)]):
            path = original.place(tmp_path / str(number))
            path.write_bytes(data[:at])
            before = contents(path.parent)
            try:
                self.anonymize(path)
            except BlankslideError:
                assert contents(path.parent) == before, "a refused slide was changed"

    def test_killed_anywhere_it_is_as_before_or_can_be_finished(self) -> None:
        original = _built(type(self), True)
        patches = self._plan("research", small=True).patches
        before = dict(original.files)
        after = self._patched(original, before, patches)
        for at in count():
            sim = SimVolume(before)
            volume = FaultyVolume(sim, at)
            finished = edit(sim, self._names(original), patches, volume)
            recover(sim, self._names(original), committed := is_pending(sim))
            found = {n: d for n, d in sim.content().items() if n in before}
            assert found == after or (found == before and not committed), f"killed at call {at}, it is neither"
            assert set(sim.content()) == set(before), "a journal is left"
            if finished:
                assert found == after, "finished, but not as planned"
                return

    def test_says_no_value_to_log_or_streams(self, tmp_path: Path) -> None:
        original = _built(type(self), True)
        heard = io.StringIO()
        handler = logging.StreamHandler(heard)
        logging.getLogger().addHandler(handler)
        try:
            with redirect_stdout(heard), redirect_stderr(heard):
                outcome = self.anonymize(original.place(tmp_path))
        finally:
            logging.getLogger().removeHandler(handler)
        said = heard.getvalue() + repr(outcome) + " ".join((*outcome.residue, *outcome.notes, *outcome.coincidences))
        assert leaks(original.values, said) == [], "a value was said"

    # -- helpers -------------------------------------------------------------------------

    def _tried(self, cases: Sequence[int], few: int) -> Sequence[int]:
        """Return all cases, or only a few of them where the class does not run whole."""
        if self.whole or len(cases) <= few:
            return cases
        return sorted(random.Random(type(self).__qualname__).sample(cases, few))

    def _formats(self) -> tuple[Format, ...]:
        known = all_formats()
        return known if self.format in known else (*known, self.format)

    def _inspection(self, small: bool = False) -> Inspection:
        return inspected(_built(type(self), small).slide(), self._formats())

    def _plan(self, profile: str, small: bool = False) -> Plan:
        return self._plan_of(_built(type(self), small).slide(), profile)

    def _plan_of(self, slide: MemorySlide, profile: str) -> Plan:
        inspection = inspected(slide, self._formats())
        return planned(inspection, slide.opened, profile)

    def _names(self, original: Original) -> list[str]:
        """File names in the order of the inspection's file numbers."""
        if original is not type(self)._named[0]:
            slide = original.slide()
            inspected(slide, self._formats())
            by_source = {id(slide.open(n)): n for n in original.files}
            type(self)._named = original, [by_source[id(s)] for s in slide.opened]
        return type(self)._named[1]

    def _patched(self, original: Original, images: Mapping[str, bytes], patches: Iterable[Patch]) -> dict[str, bytes]:
        names = self._names(original)
        return {**images, **dict(zip(names, applied([images[n] for n in names], patches), strict=True))}
