"""What sample builders share: writers, drawn pictures, invented patients, the answer key."""
