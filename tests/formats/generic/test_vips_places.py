"""Properties of libvips: everything that stands in one is judged, not only the first name and value."""

from __future__ import annotations

import pytest

from blankslide.formatkit.findings import FindingCollector
from blankslide.formats.generic.dialects import read
from blankslide.model import Fill

NAME = "Kovacs Ann"
FRAME = (
    '<?xml version="1.0"?><image xmlns="http://www.vips.ecs.soton.ac.uk//dzsave" version="8.12.1">'
    "<properties>{}</properties></image>"
)
PLAIN = '<property><name>xres</name><value type="gdouble">1</value></property>'


@pytest.mark.parametrize(
    "inner",
    [
        f'<property><name patient="{NAME}">xres</name><value type="gdouble" mrn="{NAME}">1</value></property>',
        f'<property><name>xres</name><value type="gdouble">1</value><value>{NAME}</value></property>',
        f'<property><name>xres</name><name>{NAME}</name><value type="gdouble">1</value></property>',
        f'<property><name>xres</name><value type="{NAME}">1</value></property>',
        f'<property>{NAME}<name>xres</name><value type="gdouble">1</value></property>',
        f'<property><name>xres</name><value type="gdouble">1<note>{NAME}</note></value></property>',
        f'<property note="{NAME}"><name>xres</name><value type="gdouble">1</value></property>',
        f"<property><value>{NAME}</value></property>",
        f"<property><name>{NAME}</name></property>",
    ],
)
def test_everything_in_a_property_is_judged(inner: str) -> None:
    data = FRAME.format(inner + PLAIN).encode()
    found = FindingCollector()
    read(found, [], data, 0, "page 0")
    out = bytearray(data)
    for finding in found.finish():
        for edit in finding.edits:
            assert isinstance(edit, Fill)
            out[edit.start : edit.end] = bytes([edit.byte]) * (edit.end - edit.start)
    assert NAME.encode() not in out
    assert PLAIN.encode() in out
