"""Pyramidal TIFF of no vendor, as converters write it."""
