"""What goes and what stays, what a file name tells, and what stands in place of an id."""
