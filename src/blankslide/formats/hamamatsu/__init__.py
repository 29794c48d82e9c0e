"""Hamamatsu: NDPI, NDPIS (an index of several NDPI), VMS and VMU."""
