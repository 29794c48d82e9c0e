"""Coded pictures as streams: where their headers, comments and ends are. Pixels are never decoded."""
