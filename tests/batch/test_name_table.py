"""Tables of names: as spreadsheets write them, and what contradicts itself told before a slide is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import blankslide
from blankslide.batch.name_table import NO_ROW, NameTable, read_table
from blankslide.batch.queue import Task
from blankslide.errors import UsageError

TEXT = 'old{0}new\r\nM\u00fcller 1.svs{0}STUDY-1\r\n"b, c; d.svs"{0}STUDY-2\r\n{0}\r\nsub\\x.ndpi{0}STUDY 3.ndpi\r\n'
SLIDES = ("M\u00fcller 1.svs", "b, c; d.svs", "sub/x.ndpi")


def queue(*places: str, root: str = "/archive") -> list[Task]:
    parts = [place.split("/") for place in places]
    return [Task(i, Path(root, *each), tuple(each[:-1])) for i, each in enumerate(parts, 1)]


def named(table: NameTable, *places: str, in_place: bool = False) -> list[str | None]:
    return [task.refusal or task.name for task in table.named(queue(*places), None, in_place)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_as_spreadsheets_write_it(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(TEXT.format(separator).encode(encoding))
    table = read_table(path)
    assert named(table, *SLIDES) == ["STUDY-1", "STUDY-2", "STUDY 3.ndpi"]
    assert not table.unused
    path.write_bytes(f"sep={separator}\r\n{TEXT.format(separator)}".encode(encoding))
    assert named(read_table(path), *SLIDES) == ["STUDY-1", "STUDY-2", "STUDY 3.ndpi"]


def test_other_headings(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("Nr;Fall; Studie\n1;a.svs;S1\n")
    assert named(read_table(path, "fall,Studie"), "a.svs") == ["S1"]
    for columns in ("fall", "fall,fall", "fall,", "a,b,c"):
        with pytest.raises(UsageError, match="two columns"):
            read_table(path, columns)


def test_a_slide_is_found_by_name_by_path_with_or_without_suffix_in_any_spelling() -> None:
    table = NameTable(
        [(2, "A.svs", "one"), (3, "sub/b", "two"), (4, "/archive/sub/c.svs", "three"), (5, "u\u0308", "x")]
    )
    assert named(table, "a.svs", "sub/B.svs", "sub/c.svs", "\u00fc.svs") == ["one", "two", "three", "x"]
    assert named(table, "b.svs", "d.svs") == [NO_ROW, NO_ROW]
    assert table.unused == set()
    assert "one" not in repr(table)


def test_in_place_a_slide_that_has_its_name_keeps_it() -> None:
    table = NameTable([(2, "a", "S1"), (3, "b", "S2")])
    assert named(table, "S1.svs", "b.svs", in_place=True) == [None, "S2"]
    assert not table.unused


@pytest.mark.parametrize(
    ("rows", "is_chain"),
    [
        ({"a": "b", "b": "c"}, True),
        ({"a": "b", "b": "a"}, True),
        ({"a.svs": "B", "b.svs": "c"}, True),
        ({"1": "0002", "2": "7"}, True),
        ({"x/a": "b", "x/b": "c"}, True),
        ({"x/a": "b", "b": "c"}, True),
        ({"x/a": "b", "y/b": "c"}, False),
        ({"a": "A", "b": "B2"}, False),
        ({"a": "a", "b": "c"}, False),
    ],
)
def test_in_place_no_row_gives_the_name_that_another_knows_a_slide_by(rows: dict[str, str], is_chain: bool) -> None:
    table = NameTable((number, old, new) for number, (old, new) in enumerate(rows.items(), 2))
    if is_chain:
        with pytest.raises(UsageError, match=r"gives a name by which row \d knows a slide"):
            named(table, "x/none.svs", in_place=True)
    else:
        assert named(table, "z/none.svs", in_place=True) == [NO_ROW]
    assert named(table, "z/none.svs") == [NO_ROW], "copies leave their slides as they are"


def test_a_second_run_gives_no_slide_the_name_of_another(put: Callable[..., Path], tmp_path: Path) -> None:
    root = tmp_path / "archive"
    for name in ("a.ndpi", "b.ndpi"):
        put("small.ndpi", root, name)
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    table = {"a": "b", "b": "c"}
    with pytest.raises(UsageError, match="could tell later which of them it is"):
        blankslide.anonymize_many(root, in_place=True, names=table, ledger="none", jobs=0)
    assert {path.name: path.read_bytes() for path in root.iterdir()} == before
    copies = blankslide.anonymize_many(root, out=tmp_path / "out", names=table, ledger="none", jobs=0)
    assert [outcome.target for outcome in copies] == ["b.ndpi", "c.ndpi"]


def test_a_barcode_in_the_slide_finds_its_row(put: Callable[..., Path], tmp_path: Path) -> None:
    slide = put("argos.avs", tmp_path)
    (finding,) = [f for f in blankslide.inspect(slide).findings if f.id == "argos.barcode"]
    assert finding.value is not None
    table = NameTable([(2, finding.value.reveal(), "S1"), (3, "x", "S2")])
    assert [task.name for task in table.named([Task(1, slide)], None, False)] == ["S1"]
    assert named(NameTable([(2, "X", "S1")]), "nothing.svs") == [NO_ROW]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("old,new\na,S1\nb,S1\n", "rows 2 and 3 of the table give the same new name"),
        ("old,new\na,S1\nb,s1.SVS\n", "rows 2 and 3 of the table give the same new name"),
        ("old,new\na,S1\nA,S2\n", "rows 2 and 3 of the table name the same slide"),
        ("old,new\na,\n", "row 2 of the table has no new name"),
        ("old,new\n,S1\n", "row 2 of the table has no old name"),
        ("old,new\na,x/S1\n", "row 2 of the table must be a plain file name"),
        ("old,neu\na,S1\n", "no column 'new'"),
        ("old,new,new\na,S1,S2\n", "several columns 'new'"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        ('old,new\n"a,S1\n', "quotation mark"),
        ("old,new\n\0", "no text"),
    ],
)
def test_what_contradicts_itself_is_told_without_a_cell(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "names.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_table(path)


def test_one_row_for_two_slides_and_files_that_are_no_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="row 2 of the table fits two slides"):
        named(NameTable([(2, "a", "S1")]), "x/a.svs", "y/a.svs")
    with pytest.raises(
        UsageError, match=r"'no\.csv': there is no such table"
    ):  # wrong usage, like a slide that is not there
        read_table(tmp_path / "no.csv")
    (tmp_path / "bad.xlsx").write_bytes(b"PK no workbook")
    with pytest.raises(UsageError, match=r"no workbook|python-calamine"):
        read_table(tmp_path / "bad.xlsx")


@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_sheets_of_workbooks(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("python_calamine", reason="the extra `tables` is not installed")
    path = tmp_path / f"names{suffix}"
    rows = [["", "", ""], ["Old", "New", "remark"], ["M\u00fcller 1", "S-1", ""], [1207, 12, "a number"]]
    (_xlsx if suffix == ".xlsx" else _ods)(path, rows)
    assert named(read_table(path), "M\u00fcller 1.svs", "1207.svs") == ["S-1", "12"]


def test_slides_get_their_names_and_what_is_wrong_is_told_before_the_first_write(
    put: Callable[..., Path], tmp_path: Path
) -> None:
    root = tmp_path / "archive"
    for name in ("a.ndpi", "b.ndpi", "c.ndpi"):
        put("small.ndpi", root, name)
    put("mirax.mrxs", root / "sub")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    table = tmp_path / "names.csv"
    table.write_text("old;new\na;S1\nb;S2\nmirax.mrxs;S3\nz;S9\n", "cp1252")
    outcomes = blankslide.anonymize_many(root, out=tmp_path / "out", names=table, ledger="none", jobs=0)
    assert [(bool(o), o.target) for o in outcomes] == [
        (True, "S1.ndpi"),
        (True, "S2.ndpi"),
        (False, ""),
        (True, "S3.mrxs"),
    ]
    assert outcomes[2].error.startswith(NO_ROW)
    assert (tmp_path / "out" / "sub" / "S3" / "Slidedat.ini").exists()
    table.write_text("old;new\na;S1\nb;s1\n")
    with pytest.raises(UsageError, match="same new name"):
        blankslide.anonymize_many(root, in_place=True, names=table, ledger="none", jobs=0)
    outcomes = blankslide.anonymize_many(root, in_place=True, names={"a": "S1"}, every=True, ledger="none", jobs=0)
    assert not any(outcomes)
    assert {path: path.read_bytes() for path in before} == before


# -- workbooks, in their simplest form ---------------------------------------------------


def _xlsx(path: Path, rows: list[list[object]]) -> None:
    from xml.sax.saxutils import escape
    from zipfile import ZipFile

    def cell(value: object) -> str:
        if isinstance(value, int):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        )
        one = f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/'
        file.writestr("_rels/.rels", f'{one}officeDocument" Target="xl/workbook.xml"/></Relationships>')
        file.writestr("xl/_rels/workbook.xml.rels", f'{one}worksheet" Target="s.xml"/></Relationships>')
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        file.writestr("xl/s.xml", f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>')


def _ods(path: Path, rows: list[list[object]]) -> None:
    from xml.sax.saxutils import escape
    from zipfile import ZipFile

    def cell(value: object) -> str:
        text = escape(str(value))
        kind = f'float" office:value="{text}' if isinstance(value, int) else "string"
        return f'<table:table-cell office:value-type="{kind}"><text:p>{text}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with ZipFile(path, "w") as file:
        file.writestr("mimetype", kind)
        file.writestr(
            "META-INF/manifest.xml",
            f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>',
        )
        file.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="a">{lines}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
