"""For those who add a format: the conformance suite, a judge of its own, faults and damage; `own` is this project's."""
