"""The durable log of events and what each handler made of them: deliveries, leases, retries, dead letters."""
