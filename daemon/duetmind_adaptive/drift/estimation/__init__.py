"""How well a model does on rows whose labels are not in: what its scores promise, corrected by what became of that."""
