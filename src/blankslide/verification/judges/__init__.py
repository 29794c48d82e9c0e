"""Independent readers, one a file: nobody here wrote them, so they share none of our mistakes."""
