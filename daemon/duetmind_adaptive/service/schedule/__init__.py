"""The schedule: which moments are slots (pure), their rows, and the tasks that run them."""
