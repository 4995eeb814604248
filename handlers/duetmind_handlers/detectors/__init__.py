"""Detectors that other libraries bring: they look at each window beside the built-in examinations."""
