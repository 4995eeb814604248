"""The daemon's own series: whether the newest window is unlike those before it in size, holes, answers or cost."""
