"""Philips: TIFF and iSyntax, which share their vocabulary."""
