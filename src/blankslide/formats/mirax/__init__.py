"""3DHISTECH MIRAX (MRXS): an index file and a folder of data."""
