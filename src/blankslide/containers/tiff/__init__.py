"""TIFF, BigTIFF and NDPI: directories and where their values stand."""
