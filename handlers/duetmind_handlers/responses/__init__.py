"""Response actions: what an event may set in motion. Each is idempotent by the id of the event that asks."""
