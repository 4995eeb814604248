"""How fast and how small it is, beside its peers in the same run: `python -m benchmarks`."""
