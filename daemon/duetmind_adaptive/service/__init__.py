"""The daemon process: clock, schedule, HTTP, supervision; `app.py` is its only composition root."""
