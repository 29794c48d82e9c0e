"""Many slides in one run, at length: an archive of eight formats, runs that are killed, and what is true afterwards."""
