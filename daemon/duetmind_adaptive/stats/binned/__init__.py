"""Two-sample statistics of samples that are known only as counts in common cells, each with proven bounds.

The exact statistic, that of the values themselves, always lies between `Bounded.low` and `Bounded.high`: the proofs use
nothing but the counts, so they hold whatever the cells are and whoever chose them. One statistic per file; `cells.py`
holds what they share.
"""
