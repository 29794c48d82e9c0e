"""A second account of a slide's bytes, by other means than the formats use; see `docs/threat-model.md`."""
