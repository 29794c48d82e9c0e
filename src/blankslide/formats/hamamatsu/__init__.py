"""Hamamatsu: NDPI, the NDPIS index of several, and VMS and VMU."""
