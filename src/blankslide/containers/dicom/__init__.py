"""DICOM: headers to the byte, pixel data, deflated files. Knows no slide."""
