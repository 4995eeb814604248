"""What runs in a worker process: module-level functions from a picklable request to a picklable report."""
