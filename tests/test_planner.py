"""The planner: edits that meet are composed, tissue is out of reach, standing bytes are no plan."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from blankslide.errors import InternalError, NotEditable
from blankslide.model import (
    Action,
    Chain,
    Cut,
    Drop,
    Edit,
    Fill,
    Finding,
    Inspection,
    Link,
    Part,
    Patch,
    PhiClass,
    Place,
    Rank,
    SlideFile,
    TextBlock,
    Write,
)
from blankslide.model.sensitive import Sensitive
from blankslide.planner import make_plan
from blankslide.policy.profiles import RESEARCH
from blankslide.source import MemorySource
from blankslide.spans import ByteClass, ByteMap

SIZE = 1000


def found(id: str, *edits: Edit, cls: PhiClass = PhiClass.DIRECT, at: tuple[int, int] = (0, 1)) -> Finding:
    return Finding(id, id, cls, (Place(0, "page 0", *at),), edits, Sensitive("value"))


def inspection(
    *findings: Finding,
    claims: tuple[tuple[int, int, ByteClass, str], ...] = (),
    chains: tuple[Chain, ...] = (),
) -> Inspection:
    bytemap = ByteMap(SIZE)
    for claim in claims:
        bytemap.claim(*claim)
    bytemap.settle()
    return Inspection("toy", "Toy", (SlideFile("a", SIZE),), (), (), findings, (bytemap,), chains=chains)


def applied(data: bytes, patches: tuple[Patch, ...]) -> bytes:
    out = bytearray(data)
    for p in patches:
        out[p.offset : p.offset + p.length] = p.data if p.data is not None else bytes([p.byte]) * p.length
    return bytes(out)


def test_cuts_of_one_block_are_composed_and_padded() -> None:
    data = b"head|a = 1|b = 2|c = 3\0".ljust(SIZE, b"\xee")
    block = TextBlock(0, 0, 23)
    a = found("a", Cut(block, 4, 10))
    c = found("c", Cut(block, 16, 22))
    plan = make_plan(inspection(a, c), RESEARCH, [MemorySource(data)])
    assert applied(data, plan.patches)[:23] == b"head|b = 2" + b"\0" * 13


def test_a_block_that_does_not_compact_pads_where_it_cut() -> None:
    data = b'<a x="1" y="2"/>'.ljust(SIZE)
    block = TextBlock(0, 0, 16, b" ", compact=False)
    plan = make_plan(inspection(found("x", Cut(block, 3, 8))), RESEARCH, [MemorySource(data)])
    assert applied(data, plan.patches)[:16] == b'<a       y="2"/>'


def test_a_replacement_inside_a_cut_block_moves_with_the_text() -> None:
    data = b"|user = me|id = 1234567|x\0".ljust(SIZE, b"\xee")
    block = TextBlock(0, 0, 26)
    user = found("user", Cut(block, 0, 10))
    link = found("id", Cut(block, 10, 23), cls=PhiClass.LINK, at=(16, 23))
    plan = make_plan(inspection(user, link), RESEARCH, [MemorySource(data)])
    assert applied(data, plan.patches)[:26] == b"|id = 0000000|x".ljust(26, b"\0")


def test_cutting_one_piece_for_two_findings_cuts_it_once() -> None:
    data = b"abcdef".ljust(SIZE, b"\xee")
    block = TextBlock(0, 0, 6)
    plan = make_plan(
        inspection(found("a", Cut(block, 1, 3)), found("b", Cut(block, 1, 3))),
        RESEARCH,
        [MemorySource(data)],
    )
    assert applied(data, plan.patches)[:6] == b"adef\0\0"


def test_cuts_go_to_the_text_that_they_hold_whichever_file_it_is_in() -> None:
    files = [b"head|a = 1|b = 2\0".ljust(SIZE, b"\xee"), b"other|a = 1|c = 3\0".ljust(SIZE, b"\xee")]
    one, two = TextBlock(0, 0, 17), TextBlock(1, 0, 18)
    slide = inspection(found("a", Cut(one, 4, 10), Cut(two, 5, 11)), found("c", Cut(TextBlock(1, 0, 18), 11, 17)))
    slide.files, slide.maps = (SlideFile("a", SIZE), SlideFile("b", SIZE)), (*slide.maps, ByteMap(SIZE))
    plan = make_plan(slide, RESEARCH, [MemorySource(data) for data in files])
    assert applied(files[0], tuple(p for p in plan.patches if p.file == 0))[:17] == b"head|b = 2".ljust(17, b"\0")
    assert applied(files[1], tuple(p for p in plan.patches if p.file == 1))[:18] == b"other".ljust(18, b"\0")


class Structure:
    """A `Rewrite` that remembers what it was asked for."""

    def __init__(self, at: int) -> None:
        self.at, self.asked = at, list[list[str]]()

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        self.asked.append([what for what, _ in parts])
        return [Write(0, self.at, b"new")]


def test_a_structure_is_composed_once_with_all_its_parts_and_apart_from_others() -> None:
    first, second, unused = Structure(10), Structure(20), Structure(30)
    kept = found("picture.thumbnail", Part(unused, "t"), cls=PhiClass.IMAGE)
    kept.weak = True
    findings = [found("a", Part(first, "a")), found("b", Part(second, "b")), found("c", Part(first, "c")), kept]
    plan = make_plan(inspection(*findings), RESEARCH, [MemorySource(b"\xee" * SIZE)])
    assert [p.offset for p in plan.patches] == [10, 20]
    assert (first.asked, second.asked, unused.asked) == ([["a", "c"]], [["b"]], [])


CHAIN = Chain(0, 4, "little", (Link(4, "p0", 100), Link(110, "p1", 200), Link(210, "p2", 300), Link(310, "p3", 400)))
PAGES = tuple((100 * (i + 1), 100 * (i + 1) + 14, ByteClass.STRUCTURE, f"p{i}") for i in range(4))


@pytest.mark.parametrize(
    ("gone", "pointers"),
    [
        ({"p1"}, {110: 300}),
        ({"p3"}, {310: 0}),
        ({"p2", "p3"}, {210: 0}),
        ({"p1", "p2"}, {110: 400}),
        ({"p1", "p3"}, {110: 300, 310: 0}),
        ({"p1", "p2", "p3"}, {110: 0}),
    ],
)
def test_any_combination_of_pages_is_unlinked_right(gone: set[str], pointers: dict[int, int]) -> None:
    data = bytearray(b"\xee" * SIZE)
    findings = [found(f"picture.{g}", Drop(g), cls=PhiClass.IMAGE) for g in sorted(gone)]
    plan = make_plan(inspection(*findings, claims=PAGES, chains=(CHAIN,)), RESEARCH, [MemorySource(bytes(data))])
    got = {p.offset: int.from_bytes(p.data, "little") for p in plan.patches if p.data is not None}
    assert got == pointers
    ranks = [p.rank for p in plan.patches]
    assert ranks == sorted(ranks)
    assert [p.rank for p in plan.patches if p.data is None] == [Rank.RELEASED] * len(gone)


def test_the_first_page_cannot_go() -> None:
    with pytest.raises(NotEditable):
        make_plan(
            inspection(found("picture.a", Drop("p0"), cls=PhiClass.IMAGE), claims=PAGES, chains=(CHAIN,)),
            RESEARCH,
            [MemorySource(b"\xee" * SIZE)],
        )


def test_bytes_shared_with_a_surviving_page_stay() -> None:
    claims = (*PAGES, (500, 520, ByteClass.METADATA, "p1"), (500, 520, ByteClass.METADATA, "p2"))
    one = make_plan(
        inspection(found("picture.a", Drop("p1"), cls=PhiClass.IMAGE), claims=claims, chains=(CHAIN,)),
        RESEARCH,
        [MemorySource(b"\xee" * SIZE)],
    )
    assert not any(p.offset == 500 for p in one.patches)
    both = make_plan(
        inspection(
            found("picture.a", Drop("p1"), cls=PhiClass.IMAGE),
            found("picture.b", Drop("p2"), cls=PhiClass.IMAGE),
            claims=claims,
            chains=(CHAIN,),
        ),
        RESEARCH,
        [MemorySource(b"\xee" * SIZE)],
    )
    assert any(p.offset == 500 and p.length == 20 for p in both.patches)


def test_a_text_edit_inside_a_dropped_page_is_left_to_the_zeroing() -> None:
    claims = (*PAGES, (500, 520, ByteClass.METADATA, "p1"))
    data = b"\xee" * SIZE
    plan = make_plan(
        inspection(
            found("picture.a", Drop("p1"), cls=PhiClass.IMAGE),
            found("user", Cut(TextBlock(0, 500, 520), 505, 510)),
            claims=claims,
            chains=(CHAIN,),
        ),
        RESEARCH,
        [MemorySource(data)],
    )
    assert applied(data, plan.patches)[500:520] == bytes(20)


def test_what_stands_already_is_not_planned() -> None:
    data = bytes(SIZE)
    plan = make_plan(
        inspection(found("a", Fill(0, 10, 900)), found("b", Write(0, 5, b"\0"))), RESEARCH, [MemorySource(data)]
    )
    assert plan.patches == ()


@pytest.mark.parametrize("edit", [Fill(0, 95, 101), Write(0, 199, b"xx"), Fill(0, 120, 121)])
def test_a_patch_that_meets_tissue_is_our_own_bug(edit: Edit) -> None:
    with pytest.raises(InternalError, match="tissue"):
        make_plan(
            inspection(found("a", edit), claims=((100, 200, ByteClass.TISSUE, "p0"),)),
            RESEARCH,
            [MemorySource(b"\xee" * SIZE)],
        )


@pytest.mark.parametrize("edits", [(Fill(0, 10, 20), Fill(0, 15, 25, 0xFF)), (Fill(0, 10, 20), Write(0, 19, b"x"))])
def test_overlapping_patches_are_our_own_bug(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(InternalError, match="overlap"):
        make_plan(inspection(found("a", *edits)), RESEARCH, [MemorySource(b"\xee" * SIZE)])


def test_a_plan_holds_no_removed_value() -> None:
    data = b"|user = Wanda Pryor|x = 1\0".ljust(SIZE, b"\xee")
    finding = Finding(
        "user",
        "User",
        PhiClass.DIRECT,
        (Place(0, "page 0", 8, 19),),
        (Cut(TextBlock(0, 0, 26), 0, 19),),
        Sensitive("Wanda Pryor"),
    )
    plan = make_plan(inspection(finding), RESEARCH, [MemorySource(data)])
    assert "Wanda" not in repr(plan)


def test_a_finding_without_edits_is_said_to_be_left() -> None:
    plan = make_plan(inspection(found("slide.unowned")), RESEARCH, [MemorySource(b"\xee" * SIZE)])
    assert plan.left == ("slide.unowned: cannot be removed without understanding it",)


def test_what_goes_for_several_findings_goes_once() -> None:
    claims = ((10, 40, ByteClass.METADATA, "page 0"),)
    fills = [Fill(0, 10, 30), Fill(0, 20, 40), Fill(0, 20, 25), Fill(0, 40, 50)]
    findings = [found(str(i), fill) for i, fill in enumerate(fills)]
    plan = make_plan(inspection(*findings, claims=claims), RESEARCH, [MemorySource(b"x" * SIZE)])
    assert [(p.offset, p.length) for p in plan.patches] == [(10, 30), (40, 10)]
