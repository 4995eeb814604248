"""Whether columns changed together, which none of them shows by itself: correlation, PCA, MMD, a domain classifier.

Every column is replaced by its normal scores among the rows of its own side, so that no change of one column alone is
seen here; its own test tells that.
"""
