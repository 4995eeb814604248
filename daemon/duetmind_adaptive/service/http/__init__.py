"""The HTTP door: a small aiohttp server in front of the `Api` that the engine implements."""
