"""What is kept of a run: the ledger, and reports. No removed value is in either."""
