"""The second account: what is really in a file, found without any code of the formats, to be held against theirs."""
