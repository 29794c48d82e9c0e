"""Hamamatsu samples: NDPI, NDPIS, VMS, VMU."""
