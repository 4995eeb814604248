"""Pure statistics: two-sample tests, distances, corrections, intervals and weighted metrics; one per file.

NumPy arrays in, plain numbers out. Nothing here knows of columns, windows, files or the clock; what is random
takes its seed as an argument. Everything runs in worker processes.
"""
