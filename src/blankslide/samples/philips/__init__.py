"""Philips samples: TIFF and iSyntax."""
