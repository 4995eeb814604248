"""Learning: pipelines, which rows to learn from, and how a challenger is made."""
