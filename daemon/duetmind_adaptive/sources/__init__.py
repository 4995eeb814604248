"""Data in: files that grow, cut into windows that are read once; the reference; labels that come late."""
