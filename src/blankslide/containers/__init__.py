"""Containers: bytes to structure with spans. They know no vendor, no disk and no policy."""
