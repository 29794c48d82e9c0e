"""DICOM whole-slide images (VL Whole Slide Microscopy)."""
