"""Alert channels: log, webhook, email and Slack; one module per channel, each with a `create(name, options)`."""
