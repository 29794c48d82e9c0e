"""OME-TIFF, and Akoya QPTIFF, which names stains the same way."""
