"""Workflows in the daemon: their runs are rows, their tasks are jobs."""
