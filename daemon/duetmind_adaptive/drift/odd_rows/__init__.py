"""Single rows that look like none of the reference."""
